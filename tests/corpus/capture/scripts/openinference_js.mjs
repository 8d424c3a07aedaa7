// OpenInference for JavaScript: its instrumentations of the OpenAI and Anthropic SDKs.
import Anthropic from "@anthropic-ai/sdk";
import { setSession, setUser } from "@arizeai/openinference-core";
import { AnthropicInstrumentation } from "@arizeai/openinference-instrumentation-anthropic";
import { OpenAIInstrumentation } from "@arizeai/openinference-instrumentation-openai";
import { context } from "@opentelemetry/api";
import OpenAI from "openai";
import { anthropicCases } from "./anthropic_calls.mjs";
import { openaiCases } from "./openai_calls.mjs";
import { flush, provider, SESSION, USER } from "./tracing.mjs";

new OpenAIInstrumentation({ tracerProvider: provider }).manuallyInstrument(OpenAI);
new AnthropicInstrumentation({ tracerProvider: provider }).manuallyInstrument(Anthropic);

const openai = openaiCases(new OpenAI({ maxRetries: 0 }));
const anthropic = anthropicCases(new Anthropic({ maxRetries: 0 }));
const named = setSession(setUser(context.active(), { userId: USER }), { sessionId: SESSION });
const cases = {
  ...openai,
  ...Object.fromEntries(Object.entries(anthropic).map(([name, run]) => [`anthropic-${name}`, run])),
  user: () => context.with(named, openai.chat),
};
await cases[process.argv[2]]();
await flush();
