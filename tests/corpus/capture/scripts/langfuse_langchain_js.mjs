// Langfuse's callback handler for LangChain in JavaScript.
import { CallbackHandler } from "@langfuse/langchain";
import { LangfuseSpanProcessor } from "@langfuse/otel";
import { NodeTracerProvider } from "@opentelemetry/sdk-trace-node";
import { SESSION, USER } from "./asked.mjs";
import { cases } from "./langchain_agent.mjs";

const provider = new NodeTracerProvider({ spanProcessors: [new LangfuseSpanProcessor()] });
provider.register();

const handler = new CallbackHandler({ userId: USER, sessionId: SESSION });
await cases({ callbacks: [handler] })[process.argv[2]]();
await provider.shutdown();
