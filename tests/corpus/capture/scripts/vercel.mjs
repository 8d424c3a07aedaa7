// The Vercel AI SDK 7 with @ai-sdk/otel: names under `gen_ai.*`.
import { createOpenAI } from "@ai-sdk/openai";
import { OpenTelemetry } from "@ai-sdk/otel";
import { embedMany, generateText, isStepCount, registerTelemetry, streamText, tool } from "ai";
import { z } from "zod";
import { flush, MODELS, QUESTION } from "./tracing.mjs";

registerTelemetry(new OpenTelemetry());
const openai = createOpenAI({ baseURL: process.env.OPENAI_BASE_URL });
const asked = {
  model: openai.chat(MODELS.chat),
  instructions: "You are a helpful weather service.",
  prompt: QUESTION,
  maxRetries: 0,
  telemetry: { functionId: "weather_agent" },
};
const tools = {
  get_weather: tool({
    description: "The weather in a city.",
    inputSchema: z.object({ city: z.string() }),
    execute: async ({ city }) => `Sunny in ${city}, 21 degrees.`,
  }),
};

const cases = {
  chat: async () => {
    await generateText(asked);
    await generateText({ ...asked, model: openai.chat(MODELS.reasoner) });
  },
  streaming: () => streamText(asked).consumeStream(),
  agent: () => generateText({ ...asked, tools, stopWhen: isStepCount(3) }),
  responses: () => generateText({ ...asked, model: openai.responses(MODELS.chat) }),
  embeddings: () =>
    embedMany({ model: openai.embeddingModel(MODELS.embedder), values: ["sunny", "rainy"] }),
  error: () => generateText({ ...asked, prompt: "Please fail." }).catch(() => {}),
};
await cases[process.argv[2]]();
await flush();
