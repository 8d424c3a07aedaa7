"""The `genai` processor: whatever vocabulary came in, the current one goes out."""

from pydantic import Field

from collector import Batch, ComponentConfig, Context, Processor, SpanRecord
from collector.model_calls import OPERATION
from processors.genai.dialect import Dialect, built_in
from processors.genai.guardrails import GuardrailRule, Guardrails, built_in_rules
from processors.genai.translate import Translator


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
        self._foreign = self._translator.names
        self._of_interest = self._foreign | self._guardrails.names | {OPERATION}

    def process(self, batch: Batch) -> None:
        """Translate each span on its own."""
        for record in batch.spans:
            try:
                self._normalise(record)
            except Exception as error:
                self.context.counts.failed(error)

    def _normalise(self, record: SpanRecord) -> None:
        values = record.attributes.values
        if self._of_interest.isdisjoint(values):
            return
        if not self._foreign.isdisjoint(values):
            self._translator.translate(record)
        self._guardrails.judge(record)
