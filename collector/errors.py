"""The errors that Winnow's parts tell each other about.

WinnowError
├── ConfigError          the configuration is wrong; carries every problem found
├── StartError           a component cannot start (port taken, directory not writable)
├── RefusedError         the pipeline cannot own the batch now; the sender should try again
└── DeliveryError        a push to a backend failed
    ├── RetryableError   the same batch may succeed later
    ├── SplitError       the batch as a whole cannot succeed; halves of it may
    └── PermanentError   the batch will never succeed
"""


class WinnowError(Exception):
    """Any error that Winnow raises on purpose."""


class ConfigError(WinnowError):
    """The configuration is wrong. `problems` holds one printable line a mistake."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class StartError(WinnowError):
    """A component cannot start; the message names the place and the remedy."""


class RefusedError(WinnowError):
    """Nothing was taken: the sender keeps the batch and should send it again.

    `reason` is a short name for metrics; `retry_after` is in seconds.
    """

    def __init__(self, reason: str, message: str, retry_after: float = 1.0) -> None:
        super().__init__(message)
        self.reason = reason
        self.retry_after = retry_after


class DeliveryError(WinnowError):
    """A push failed. `reason` is a short name for metrics (`http_400`, `timeout`)."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class RetryableError(DeliveryError):
    """Worth another try, after `delay` seconds where the backend named a delay."""

    def __init__(self, reason: str, message: str, delay: float | None = None) -> None:
        super().__init__(reason, message)
        self.delay = delay


class SplitError(DeliveryError):
    """The batch is too large, or something in it is bad: push halves of it instead."""


class PermanentError(DeliveryError):
    """Trying again cannot help; the spans are counted as failed with this reason."""
