// LangChain's agent for JavaScript, the same for each instrumentation of it.
import { ChatOpenAI } from "@langchain/openai";
import { createAgent, tool } from "langchain";
import { z } from "zod";
import { FAILING, MODELS, QUESTION, weather } from "./asked.mjs";

const model = new ChatOpenAI({ model: MODELS.chat, maxRetries: 0 });
const get_weather = tool(weather, {
  name: "get_weather",
  description: "The weather in a city.",
  schema: z.object({ city: z.string() }),
});
const agent = createAgent({ model, tools: [get_weather], name: "weather_agent" });
const ask = (content, config) => agent.invoke({ messages: [{ role: "user", content }] }, config);

// `config` is LangChain's: callbacks, metadata.
export const cases = (config) => ({
  agent: () => ask(QUESTION, config),
  streaming: async () => {
    for await (const _ of await model.stream(QUESTION, config));
  },
  error: () => ask(FAILING, config).catch(() => {}),
});
