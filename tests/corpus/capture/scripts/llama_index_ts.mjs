// LlamaIndex.TS with OpenLLMetry's SDK for Node.
import * as llamaIndexOpenAI from "@llamaindex/openai";
import * as traceloop from "@traceloop/node-server-sdk";
import * as llamaIndex from "llamaindex";
import { FAILING, MODELS, QUESTION } from "./asked.mjs";

traceloop.initialize({
  appName: process.env.OTEL_SERVICE_NAME,
  apiKey: "key-of-the-double",
  disableBatch: true,
  traceloopSyncEnabled: false,
  silenceInitializationMessage: true,
  instrumentModules: { llamaIndex, llamaIndexOpenAI },
});

const { OpenAI, OpenAIEmbedding } = llamaIndexOpenAI;
const llm = new OpenAI({ model: MODELS.chat, maxRetries: 0 });
const asked = (content) => ({ messages: [{ role: "user", content }] });

const cases = {
  chat: async () => {
    await llm.chat(asked(QUESTION));
    await new OpenAI({ model: MODELS.reasoner, maxRetries: 0 }).chat(asked(QUESTION));
  },
  streaming: async () => {
    for await (const _ of await llm.chat({ ...asked(QUESTION), stream: true }));
  },
  query: async () => {
    llamaIndex.Settings.llm = llm;
    llamaIndex.Settings.embedModel = new OpenAIEmbedding({ model: MODELS.embedder });
    const documents = ["Paris is sunny.", "London is rainy."].map(
      (text) => new llamaIndex.Document({ text }),
    );
    const index = await llamaIndex.VectorStoreIndex.fromDocuments(documents);
    await index.asQueryEngine().query({ query: QUESTION });
  },
  error: () => llm.chat(asked(FAILING)).catch(() => {}),
};
await cases[process.argv[2]]();
await traceloop.forceFlush();
