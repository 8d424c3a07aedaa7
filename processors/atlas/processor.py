"""The `atlas` processor."""

from collector import Batch, Context, Processor, SpanRecord
from processors.atlas.config import AtlasConfig, default_rules
from processors.atlas.rules import Rules


class Atlas(Processor[AtlasConfig]):
    """Writes what a span is in the terms of the AI Interaction Atlas.

    Up to six attributes, `winnow.atlas.ai_tasks`, `.human_tasks`, `.system_tasks`, `.data`,
    `.constraints` and `.touchpoints`, each a list of the atlas' ids. What stands there already
    stays. Behind `genai`, whose vocabulary the default rules speak.
    """

    Config = AtlasConfig
    mutates = False  # sees to it itself: most batches of other services stay as they are

    def __init__(self, config: AtlasConfig, context: Context) -> None:
        super().__init__(config, context)
        self._rules = Rules(config.rules, default_rules() if config.defaults else ())

    def process(self, batch: Batch) -> None:
        """Annotate each span; one that cannot be is passed on as it is, and counted."""
        written = False
        for record in batch.spans:
            try:
                written |= self._annotate(record)
            except Exception as error:
                self.context.counts.failed(error)
        if written:
            batch.changed()

    def _annotate(self, record: SpanRecord) -> bool:
        said = self._rules.on(record)
        if not said:
            return False
        attributes, written = record.attributes, False
        memo = attributes.memo  # what others derived holds on: nothing of it comes from the atlas
        for key, serialized in said:
            if key not in attributes.values:
                attributes.append(serialized)
                written = True
        attributes.memo = memo
        return written
