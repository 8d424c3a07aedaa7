// Genkit, with its OpenAI plugin and its own spans.
import { openAI } from "@genkit-ai/compat-oai/openai";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { BatchSpanProcessor } from "@opentelemetry/sdk-trace-node";
import { genkit, z } from "genkit";
import { enableTelemetry, flushTracing } from "genkit/tracing";
import { FAILING, MODELS, QUESTION, weather } from "./asked.mjs";

await enableTelemetry({ spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())] });
const ai = genkit({ plugins: [openAI({ maxRetries: 0 })], model: openAI.model(MODELS.chat) });
const get_weather = ai.defineTool(
  {
    name: "get_weather",
    description: "The weather in a city.",
    inputSchema: z.object({ city: z.string() }),
    outputSchema: z.string(),
  },
  async (asked) => weather(asked),
);
const weatherFlow = ai.defineFlow("weather_flow", async (prompt) => {
  const { text } = await ai.generate({ prompt, tools: [get_weather] });
  return text;
});

const cases = {
  chat: async () => {
    await ai.generate(QUESTION);
    await ai.generate({ model: openAI.model(MODELS.reasoner), prompt: QUESTION });
  },
  streaming: async () => {
    const { stream, response } = ai.generateStream(QUESTION);
    for await (const _ of stream);
    await response;
  },
  agent: () => weatherFlow(QUESTION),
  embeddings: () => ai.embed({ embedder: openAI.embedder(MODELS.embedder), content: "sunny" }),
  error: () => weatherFlow(FAILING).catch(() => {}),
};
await cases[process.argv[2]]();
await flushTracing();
process.exit(0);
