// OpenLLMetry's SDK for Node with the OpenAI and Anthropic SDKs, and its decorators' functions.
import * as anthropicModule from "@anthropic-ai/sdk";
import * as traceloop from "@traceloop/node-server-sdk";
import OpenAI from "openai";
import { anthropicCases } from "./anthropic_calls.mjs";
import { QUESTION, MODELS, SESSION, USER, weather, TOOL } from "./asked.mjs";
import { openaiCases } from "./openai_calls.mjs";

traceloop.initialize({
  appName: process.env.OTEL_SERVICE_NAME,
  apiKey: "key-of-the-double",
  disableBatch: true,
  traceloopSyncEnabled: false,
  silenceInitializationMessage: true,
  instrumentModules: { openAI: OpenAI, anthropic: anthropicModule },
});

const client = new OpenAI({ maxRetries: 0 });
const anthropic = anthropicCases(new anthropicModule.Anthropic({ maxRetries: 0 }));

async function answer() {
  const messages = [{ role: "user", content: QUESTION }];
  const request = { model: MODELS.chat, messages, tools: [{ type: "function", function: TOOL }] };
  const { message } = (await client.chat.completions.create(request)).choices[0];
  const call = message.tool_calls[0];
  const content = await traceloop.withTool({ name: "get_weather" }, async () =>
    weather(JSON.parse(call.function.arguments)),
  );
  messages.push(message, { role: "tool", tool_call_id: call.id, content });
  await client.chat.completions.create(request);
}

const cases = {
  ...openaiCases(client),
  ...Object.fromEntries(Object.entries(anthropic).map(([name, run]) => [`anthropic-${name}`, run])),
  agent: () =>
    traceloop.withAssociationProperties({ user_id: USER, session_id: SESSION }, () =>
      traceloop.withWorkflow({ name: "weather_service" }, () =>
        traceloop.withAgent({ name: "weather_agent" }, answer),
      ),
    ),
};
await cases[process.argv[2]]();
await traceloop.forceFlush();
