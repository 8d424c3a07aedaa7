"""What `user_costs` tells about itself."""

from collector import Context

_LABELS = ("pipeline", "component")


class UserCostsMetrics:
    """The metrics of one processor."""

    def __init__(self, context: Context) -> None:
        metrics, own = context.counts.metrics, (context.counts.pipeline, context.component_id)
        calls = metrics.counter(
            "winnow_user_costs_calls",
            "Model calls: counted; repeated (sent again, or told by two spans); expired (from "
            "before the retention); lost (no room to wait for the table).",
            (*_LABELS, "result"),
        )
        self.counted = calls.labels(*own, "counted")
        self.repeated = calls.labels(*own, "repeated")
        self.expired = calls.labels(*own, "expired")
        self.lost = calls.labels(*own, "lost")
        self.rows = metrics.counter(
            "winnow_user_costs_rows", "Rows of the table that were made or added to.", _LABELS
        ).labels(*own)
        overflow = metrics.counter(
            "winnow_user_costs_overflow",
            "Model calls counted as `other`, by what there was no room for.",
            (*_LABELS, "of"),
        )
        self.overflow = {
            name: overflow.labels(*own, name) for name in ("user", "model", "feature", "length")
        }
        self.backlog = metrics.gauge(
            "winnow_user_costs_backlog", "Amounts that are not in the table yet.", _LABELS
        ).labels(*own)
        self._failures = metrics.counter(
            "winnow_user_costs_failures",
            "Tries to write to the table that failed and are made again.",
            (*_LABELS, "error"),
        )
        self._own = own

    def failed(self, error: Exception) -> None:
        """A try to write to the table failed."""
        self._failures.labels(*self._own, type(error).__name__).inc()
