// What the scripts in JavaScript share; where spans go to is in the environment.
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchSpanProcessor, NodeTracerProvider } from "@opentelemetry/sdk-trace-node";

export const QUESTION = "What is the weather in Paris?";
export const MODELS = {
  chat: "gpt-4o-mini",
  reasoner: "o4-mini",
  embedder: "text-embedding-3-small",
};
export const [USER, SESSION] = ["user-7", "session-42"];

const provider = new NodeTracerProvider({
  resource: resourceFromAttributes({ "service.name": process.env.OTEL_SERVICE_NAME }),
  spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
});
provider.register();

export const flush = () => provider.shutdown();
