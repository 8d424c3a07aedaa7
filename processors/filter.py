"""Drops spans by service, name, kind, attribute, resource or library."""

from typing import Literal

from collector import Batch, ComponentConfig, Context, Processor, SpanRecord
from processors._match import MatchConfig, chooser


class FilterConfig(ComponentConfig):
    """Which spans stay, in the Collector's configuration without OTTL."""

    error_mode: Literal["ignore", "propagate"] = "ignore"
    """What happens to a span that cannot be judged: `ignore` keeps and counts it, `propagate`
    fails the request, so that the agent hears of it."""
    spans: MatchConfig = MatchConfig()
    """A span stays if `include` matches it (or is not given) and `exclude` does not."""


class Filter(Processor[FilterConfig]):
    """Drops the spans that the configuration does not want, and counts them as `filtered`."""

    Config = FilterConfig
    mutates = False

    def __init__(self, config: FilterConfig, context: Context) -> None:
        super().__init__(config, context)
        self._chosen = chooser(config.spans.include, config.spans.exclude)

    def process(self, batch: Batch) -> None:
        """Drop what is not wanted from the batch."""
        if self._chosen is not None:
            self.context.counts.dropped(batch, batch.retain(self._keep), "filtered")

    def _keep(self, record: SpanRecord) -> bool:
        try:
            return self._chosen is None or self._chosen(record)
        except Exception as error:
            if self.config.error_mode == "propagate":
                raise
            self.context.counts.failed(error)
            return True
