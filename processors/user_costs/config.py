"""Settings of `user_costs`."""

from importlib.util import find_spec
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from collector import ComponentConfig, Duration, Secret

_SCHEMES = ("postgresql://", "postgres://")


class UserCostsConfig(ComponentConfig):
    """Who spends how much, an hour a row."""

    path: Path | None = None
    """The SQLite file of the table. By default `user_costs.db` in `service.storage.directory`; with
    `directory: null` the table is then in memory, and ends with the process."""
    url: Secret = Secret("")
    """`postgresql://user:password@host/database` puts the table there instead. Needs psycopg, which
    `pip install 'winnow-collector[postgres]'` brings."""
    user: list[str] = ["user.id", "enduser.id"]
    """Attributes that tell the user; the first that a model call has, or else the nearest span
    above it in the batch, or else its resource."""
    organization: list[str] = ["organization.id", "tenant.id"]
    """Attributes that tell the organisation, looked for in the same way."""
    feature: list[str] = ["gen_ai.agent.name", "service.name"]
    """Attributes that tell the feature, looked for in the same way."""
    retention: Duration = Field(default=90 * 24 * 3600.0, ge=3600)
    """How long an hour is kept. Calls that began before that are not counted."""
    max_users_per_hour: int = Field(default=100_000, ge=1)
    """How many rows, one for each user of an organisation, an hour may have; who comes after is
    counted as the user `other` of the organisation `other`."""
    max_names: int = Field(default=100, ge=1)
    """How many models, and how many features, a row may tell apart; the rest is `other`."""
    remembered_calls: int = Field(default=100_000, ge=0)
    """How many ids are remembered, so that a call that is sent again is not counted again. Each
    call takes one, and each span with calls below it; 8 bytes on disk and some 100 in memory."""
    flush_interval: Duration = Field(default=1.0, ge=0.01)
    """How long amounts gather before they are added to the table."""
    max_backlog: int = Field(default=1_000_000, ge=1)
    """How many amounts, of some 100 bytes, may wait for a table that cannot be written to."""
    on_full: Literal["drop", "refuse"] = "drop"
    """What happens when no more may wait: `drop` lets the batch pass uncounted, and says so in the
    metrics; `refuse` has the agent send it again later."""

    @field_validator("url")
    @classmethod
    def _is_postgres(cls, url: Secret) -> Secret:
        text = url.get_secret_value()
        if text and not text.startswith(_SCHEMES):
            raise ValueError(
                "is no address of a PostgreSQL: write postgresql://user:password@host/database"
            )
        if text and find_spec("psycopg") is None:
            raise ValueError(
                "needs psycopg, which is not installed: pip install 'winnow-collector[postgres]'"
            )
        return url

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if self.path is not None and self.url.get_secret_value():
            raise ValueError("path and url name two places for one table: remove one of them")
        return self
