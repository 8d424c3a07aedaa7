"""The `genai` processor: whatever vocabulary came in, the current one goes out."""

from pydantic import Field

from collector import Batch, ComponentConfig, Context, Processor, Secret, SpanRecord
from collector.model_calls import MODEL_CALLS, OPERATION, operation
from processors.genai.dialect import Dialect, built_in
from processors.genai.guardrails import GuardrailRule, Guardrails, built_in_rules
from processors.genai.prompts import PromptHash
from processors.genai.translate import Translator
from processors.genai.usage import UsageRepair, UsageRule, built_in_usage


class GenAIConfig(ComponentConfig):
    """Settings of `genai`."""

    keep_original: bool = False
    """Whether names of other vocabularies stay beside the current ones. By default a value that
    the current name tells in full is moved, not copied: a prompt is then redacted, stored and paid
    for once, and no backend adds up a token count that stands there twice. What has no current
    name, or would lose something on the way, stays in either case."""
    dialects: list[Dialect] = []
    """Tables of your own; they are consulted before the built-in ones."""
    providers: dict[str, str] = {}
    """What your instrumentation writes for a provider, with the `gen_ai.provider.name` to use."""
    guardrails: list[GuardrailRule] = []
    """Rules of your own for when a guardrail has fired; they are consulted before the built-in
    ones."""
    built_in_guardrails: bool = Field(default=True)
    """Whether the rules that Winnow brings are consulted at all."""
    usage: list[UsageRule] = []
    """How your instrumentation counts tokens; consulted before the built-in rules."""
    prompt_hash_key: Secret = Secret("")
    """The key of `winnow.prompt.hash`; give every host the same. Without a key the hash is left
    out where it could be undone by guessing: for short instructions, and for such that hold an
    e-mail address or a long number."""


class GenAI(Processor[GenAIConfig]):
    """Translates GenAI spans, and marks those on which a guardrail fired.

    A span without GenAI attributes is not touched. A span that cannot be translated is passed on
    as it was, and counted.
    """

    Config = GenAIConfig

    def __init__(self, config: GenAIConfig, context: Context) -> None:
        super().__init__(config, context)
        known = built_in()
        own = {name.lower(): provider for name, provider in config.providers.items()}
        self._translator = Translator(
            [*config.dialects, *known.dialects],
            known.providers | own,
            keep_original=config.keep_original,
        )
        shipped = built_in_rules() if config.built_in_guardrails else ()
        self._guardrails = Guardrails([*config.guardrails, *shipped])
        self._usage = UsageRepair(config.usage, built_in_usage())
        self._prompts = PromptHash(config.prompt_hash_key.get_secret_value())
        self._foreign = self._translator.names
        self._unusual = self._foreign | self._usage.names | self._guardrails.rare
        self._of_interest = self._unusual.union(
            self._guardrails.names, self._prompts.names, [OPERATION]
        )

    def process(self, batch: Batch) -> None:
        """Treat each span on its own."""
        for record in batch.spans:
            try:
                self._normalise(record)
            except Exception as error:
                self.context.counts.failed(error)

    def _normalise(self, record: SpanRecord) -> None:
        values = record.attributes.values
        if self._of_interest.isdisjoint(values):
            return
        if self._unusual.isdisjoint(values):  # as on most spans in the current vocabulary
            self._guardrails.judge_usual(record)
        else:
            self._repair(record)
        instructions, messages = self._prompts.names
        if (messages in values or instructions in values) and (
            operation(record.attributes) in MODEL_CALLS
        ):
            self._prompts.write(record.attributes)

    def _repair(self, record: SpanRecord) -> None:
        if not self._foreign.isdisjoint(record.attributes.values):
            self._translator.translate(record)
        if not self._usage.names.isdisjoint(record.attributes.values):
            self._usage.repair(record)
        self._guardrails.judge(record)
