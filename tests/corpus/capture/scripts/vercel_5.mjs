// The Vercel AI SDK 5, with experimental_telemetry: names under `ai.*`.
import { createOpenAI } from "@ai-sdk/openai";
import { embedMany, generateText, stepCountIs, streamText, tool } from "ai";
import { z } from "zod";
import { flush, MODELS, QUESTION, SESSION, USER } from "./tracing.mjs";

const openai = createOpenAI({ baseURL: process.env.OPENAI_BASE_URL });
const telemetry = {
  isEnabled: true,
  functionId: "weather_agent",
  metadata: { userId: USER, sessionId: SESSION },
};
const asked = {
  model: openai.chat(MODELS.chat),
  system: "You are a helpful weather service.",
  prompt: QUESTION,
  maxRetries: 0,
  experimental_telemetry: telemetry,
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
  agent: () => generateText({ ...asked, tools, stopWhen: stepCountIs(3) }),
  responses: () => generateText({ ...asked, model: openai.responses(MODELS.chat) }),
  embeddings: () =>
    embedMany({
      model: openai.textEmbeddingModel(MODELS.embedder),
      values: ["sunny", "rainy"],
      experimental_telemetry: telemetry,
    }),
  error: () => generateText({ ...asked, prompt: "Please fail." }).catch(() => {}),
};
await cases[process.argv[2]]();
await flush();
