// @opentelemetry/instrumentation-openai, of OpenTelemetry's own contributors.
import { createRequire } from "node:module";
import { OpenAIInstrumentation } from "@opentelemetry/instrumentation-openai";
import { registerInstrumentations } from "@opentelemetry/instrumentation";
import { openaiCases } from "./openai_calls.mjs";
import { flush } from "./tracing.mjs";

registerInstrumentations({ instrumentations: [new OpenAIInstrumentation()] });
const OpenAI = createRequire(import.meta.url)("openai"); // what is required is instrumented

await openaiCases(new OpenAI({ maxRetries: 0 }))[process.argv[2]]();
await flush();
