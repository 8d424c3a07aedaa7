// Langfuse's SDK for JavaScript: its OpenAI wrapper, and observations of a program's own.
import { observeOpenAI } from "@langfuse/openai";
import { LangfuseSpanProcessor } from "@langfuse/otel";
import { propagateAttributes, startActiveObservation } from "@langfuse/tracing";
import { NodeTracerProvider } from "@opentelemetry/sdk-trace-node";
import OpenAI from "openai";
import { QUESTION, SESSION, USER, weather } from "./asked.mjs";
import { openaiCases } from "./openai_calls.mjs";

const provider = new NodeTracerProvider({ spanProcessors: [new LangfuseSpanProcessor()] });
provider.register();

const client = observeOpenAI(new OpenAI({ maxRetries: 0 }));
const asked = { model: "gpt-4o-mini", messages: [{ role: "user", content: QUESTION }] };
const tools = [{ type: "function", function: { name: "get_weather", parameters: { type: "object" } } }];

async function answer() {
  const { message } = (await client.chat.completions.create({ ...asked, tools })).choices[0];
  const call = message.tool_calls[0];
  const content = await startActiveObservation(
    call.function.name,
    async () => weather(JSON.parse(call.function.arguments)),
    { asType: "tool" },
  );
  const said = { role: "tool", tool_call_id: call.id, content };
  await client.chat.completions.create({ ...asked, messages: [...asked.messages, message, said] });
}

const cases = {
  ...openaiCases(client),
  agent: () =>
    propagateAttributes({ userId: USER, sessionId: SESSION }, () =>
      startActiveObservation("weather_agent", answer, { asType: "agent" }),
    ),
};
await cases[process.argv[2]]();
await provider.shutdown();
