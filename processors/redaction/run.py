"""What redacting a batch may take, and what came of it."""

from processors.redaction.budget import Budget
from processors.redaction.findings import Finding


class Run:
    """Passed along while strings are redacted; of one thread."""

    __slots__ = ("again", "budget", "done", "findings", "fleeting", "masked", "waiting")

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        """For all strings together; while one is redacted, what is left for that."""
        self.done: list[tuple[str, str]] = []
        """Entity type and action of each finding."""
        self.masked: list[str] = []
        """The reason for each value that was masked as a whole."""
        self.findings: list[Finding] = []
        """Findings in order, at their places in the string that is being redacted."""
        self.again = False
        """Whether this is another pass over redacted text: only what changes it is noted."""
        self.fleeting = 0
        """Grows with what makes a verdict one for this time only, not to be remembered."""
        self.waiting = False
        """Whether a model has yet to search a part: nothing that comes of the string counts."""

    def note(self, finding: Finding, action: str) -> None:
        """Something was found, and this was done."""
        self.done.append((finding.type, action))
        if not self.again:
            self.findings.append(finding)

    def wait(self) -> None:
        """A part could not be searched yet."""
        self.waiting = True
        self.fleeting += 1

    def mask(self, reason: str) -> str:
        """What stands for a value that could not be searched."""
        self.masked.append(reason)
        self.fleeting += 1
        return f"<REDACTED:{reason}>"
