// Mastra, with its own OpenTelemetry exporter.
import { createOpenAI } from "@ai-sdk/openai";
import { Agent } from "@mastra/core/agent";
import { Mastra } from "@mastra/core/mastra";
import { createTool } from "@mastra/core/tools";
import { Observability } from "@mastra/observability";
import { OtelExporter } from "@mastra/otel-exporter";
import { z } from "zod";
import { FAILING, MODELS, QUESTION, SESSION, USER, weather } from "./asked.mjs";

const openai = createOpenAI({ baseURL: process.env.OPENAI_BASE_URL });
const get_weather = createTool({
  id: "get_weather",
  description: "The weather in a city.",
  inputSchema: z.object({ city: z.string() }),
  execute: async (asked) => weather(asked.context ?? asked),
});
const agent = (model, tools) =>
  new Agent({
    id: "weather_agent",
    name: "weather_agent",
    instructions: "You are a helpful weather service.",
    model,
    tools,
    maxRetries: 0,
  });
const endpoint = `${process.env.OTEL_EXPORTER_OTLP_ENDPOINT}/v1/traces`;
const exporter = new OtelExporter({ provider: { custom: { endpoint, protocol: "http/protobuf" } } });
const mastra = new Mastra({
  agents: {
    weather_agent: agent(openai.chat(MODELS.chat), { get_weather }),
    reasoner: agent(openai.chat(MODELS.reasoner)),
  },
  observability: new Observability({
    configs: { otel: { serviceName: process.env.OTEL_SERVICE_NAME, exporters: [exporter] } },
  }),
  logger: false,
});
const tracingOptions = { metadata: { userId: USER, sessionId: SESSION } };

const cases = {
  agent: () => mastra.getAgent("weather_agent").generate(QUESTION, { tracingOptions }),
  chat: () => mastra.getAgent("reasoner").generate(QUESTION),
  streaming: async () => (await mastra.getAgent("reasoner").stream(QUESTION)).consumeStream(),
  error: () => mastra.getAgent("weather_agent").generate(FAILING).catch(() => {}),
};
await cases[process.argv[2]]();
await mastra.shutdown();
process.exit(0);
