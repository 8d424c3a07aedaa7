// LangChain for JavaScript, with OpenInference's instrumentation of it.
import { setSession, setUser } from "@arizeai/openinference-core";
import { LangChainInstrumentation } from "@arizeai/openinference-instrumentation-langchain";
import * as callbacks from "@langchain/core/callbacks/manager";
import { context } from "@opentelemetry/api";
import { cases } from "./langchain_agent.mjs";
import { flush, provider, SESSION, USER } from "./tracing.mjs";

new LangChainInstrumentation({ tracerProvider: provider }).manuallyInstrument(callbacks);

const { agent, ...others } = cases();
const named = setSession(setUser(context.active(), { userId: USER }), { sessionId: SESSION });
await { ...others, agent: () => context.with(named, agent) }[process.argv[2]]();
await flush();
