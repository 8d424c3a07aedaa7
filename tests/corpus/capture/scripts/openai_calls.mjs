// Calls of the OpenAI SDK, the same for each instrumentation of it.
import { FAILING, MODELS, QUESTION, TOOL, weather } from "./asked.mjs";

const asked = (question) => [
  { role: "system", content: "You are a helpful weather service." },
  { role: "user", content: question },
];

async function drain(stream) {
  for await (const _ of stream);
}

export const openaiCases = (client) => ({
  chat: async () => {
    for (const model of [MODELS.chat, MODELS.reasoner])
      await client.chat.completions.create({ model, messages: asked(QUESTION) });
  },
  streaming: async () =>
    drain(
      await client.chat.completions.create({
        model: MODELS.chat,
        messages: asked(QUESTION),
        stream: true,
        stream_options: { include_usage: true },
      }),
    ),
  tools: async () => {
    const messages = asked(QUESTION);
    const tools = [{ type: "function", function: TOOL }];
    const request = { model: MODELS.chat, messages, tools };
    const { message } = (await client.chat.completions.create(request)).choices[0];
    const call = message.tool_calls[0];
    const content = weather(JSON.parse(call.function.arguments));
    messages.push(message, { role: "tool", tool_call_id: call.id, content });
    await client.chat.completions.create(request);
  },
  responses: async () => {
    await client.responses.create({ model: MODELS.chat, input: QUESTION });
    await drain(
      await client.responses.create({ model: MODELS.reasoner, input: QUESTION, stream: true }),
    );
  },
  embeddings: () => client.embeddings.create({ model: MODELS.embedder, input: ["sunny", "rainy"] }),
  error: async () => {
    try {
      await client.chat.completions.create({ model: MODELS.chat, messages: asked(FAILING) });
    } catch {} // the limit is reached
  },
});
