// Calls of the Anthropic SDK, the same for each instrumentation of it.
import { FAILING, MODELS, QUESTION, TOOL, weather } from "./asked.mjs";

const asked = (question, model = MODELS.claude) => ({
  model,
  max_tokens: 512,
  system: "You are a helpful weather service.",
  messages: [{ role: "user", content: question }],
});

export const anthropicCases = (client) => ({
  chat: () => client.messages.create(asked(QUESTION)),
  fresh: () => client.messages.create(asked(QUESTION, MODELS.haiku)),
  streaming: async () => {
    for await (const _ of await client.messages.create({ ...asked(QUESTION), stream: true }));
  },
  tools: async () => {
    const { parameters, ...named } = TOOL;
    const request = { ...asked(QUESTION), tools: [{ ...named, input_schema: parameters }] };
    const { content } = await client.messages.create(request);
    const [call] = content;
    const result = { type: "tool_result", tool_use_id: call.id, content: weather(call.input) };
    request.messages.push({ role: "assistant", content }, { role: "user", content: [result] });
    await client.messages.create(request);
  },
  error: async () => {
    try {
      await client.messages.create(asked(FAILING));
    } catch {} // the limit is reached
  },
});
