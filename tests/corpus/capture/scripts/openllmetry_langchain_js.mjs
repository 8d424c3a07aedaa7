// OpenLLMetry's SDK for Node with LangChain.
import * as traceloop from "@traceloop/node-server-sdk";
import { SESSION, USER } from "./asked.mjs";

traceloop.initialize({
  appName: process.env.OTEL_SERVICE_NAME,
  apiKey: "key-of-the-double",
  disableBatch: true,
  traceloopSyncEnabled: false,
  silenceInitializationMessage: true,
  instrumentModules: { langchain: true },
});
const { cases } = await import("./langchain_agent.mjs");

const associated = { user_id: USER, session_id: SESSION };
await traceloop.withAssociationProperties(associated, cases()[process.argv[2]]);
await traceloop.forceFlush();
