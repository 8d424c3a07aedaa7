// The OpenAI Agents SDK for JavaScript, with OpenInference's instrumentation of it.
import { setSession, setUser } from "@arizeai/openinference-core";
import { OpenAIAgentsInstrumentation } from "@arizeai/openinference-instrumentation-openai-agents";
import * as agents from "@openai/agents";
import { context } from "@opentelemetry/api";
import OpenAI from "openai";
import { z } from "zod";
import { FAILING, flush, MODELS, provider, QUESTION, SESSION, USER, weather } from "./tracing.mjs";

new OpenAIAgentsInstrumentation({ tracerProvider: provider }).manuallyInstrument(agents);
agents.setDefaultOpenAIClient(new OpenAI({ maxRetries: 0 }));

const model = MODELS.chat;
const get_weather = agents.tool({
  name: "get_weather",
  description: "The weather in a city.",
  parameters: z.object({ city: z.string() }),
  execute: weather,
});
const weather_agent = new agents.Agent({ name: "weather_agent", model, tools: [get_weather] });
const named = setSession(setUser(context.active(), { userId: USER }), { sessionId: SESSION });

const cases = {
  agent: () => context.with(named, () => agents.run(weather_agent, QUESTION)),
  chat: () => {
    agents.setOpenAIAPI("chat_completions");
    return agents.run(weather_agent, QUESTION);
  },
  handoff: () => {
    const teller = new agents.Agent({ name: "teller", model });
    return agents.run(new agents.Agent({ name: "triage", model, handoffs: [teller] }), QUESTION);
  },
  error: () => agents.run(weather_agent, FAILING).catch(() => {}),
};
await cases[process.argv[2]]();
await agents.getGlobalTraceProvider().forceFlush();
await flush();
