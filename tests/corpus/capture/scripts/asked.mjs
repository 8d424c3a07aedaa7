// What the scripts in JavaScript ask, and whom.
export const QUESTION = "What is the weather in Paris?";
export const FAILING = "Please fail.";
export const MODELS = {
  chat: "gpt-4o-mini",
  reasoner: "o4-mini",
  embedder: "text-embedding-3-small",
  claude: "claude-sonnet-4-5",
  haiku: "claude-haiku-4-5",
};
export const [USER, SESSION] = ["user-7", "session-42"];
export const TOOL = {
  name: "get_weather",
  description: "The weather in a city.",
  parameters: { type: "object", properties: { city: { type: "string" } } },
};
export const weather = ({ city }) => `Sunny in ${city}, 21 degrees.`;
