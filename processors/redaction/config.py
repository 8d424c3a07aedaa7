"""The settings of the redaction processor."""

import difflib
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from collector import ComponentConfig, ConfigModel, Duration, Secret

DEFAULT = "default"
SECRETS = "secrets"
ENTITIES = (
    "EMAIL_ADDRESS",
    "CREDIT_CARD",
    "PHONE_NUMBER",
    "IBAN_CODE",
    "US_SSN",
    "IP_ADDRESS",
    "CRYPTO",
    "MAC_ADDRESS",
)
"""What is looked for by default. The rest of Presidio's types take ids, dates, paths and versions
in traces for personal data: URL, DATE_TIME, UUID, licence, passport and bank account numbers."""
_KEYED = ("hash", "pseudonym")


class Action(ConfigModel):
    """What is put in the place of a finding."""

    action: Literal["replace", "redact", "mask", "hash", "pseudonym", "keep"]
    """`replace`: its type, `<PHONE_NUMBER>`. `redact`: nothing. `mask`: a `masking_char` for every
    character but some. `hash`: its type and its whole HMAC-SHA-256. `pseudonym`: its type and a
    short HMAC, `<EMAIL_ADDRESS_3fa9c1d2>`, the same for the same value wherever the key is the
    same. `keep`: the finding itself; it is counted only."""
    keep_last: int = Field(default=0, ge=0)
    """For `mask`: how many characters at the end stay. Never more than half of all are shown."""
    keep_first: int = Field(default=0, ge=0)
    """For `mask`: how many characters at the start stay."""
    masking_char: str = Field(default="*", min_length=1, max_length=1, pattern=r"^[^\w\s]$")
    """For `mask`: what stands for a character that does not stay; a sign, not a letter or digit."""

    @model_validator(mode="after")
    def _mask_settings(self) -> "Action":
        extra = self.model_fields_set - {"action"}
        if self.action != "mask" and extra:
            raise ValueError(
                f"{', '.join(sorted(extra))} belongs to action mask, not to {self.action}: "
                "remove it, or write action: mask"
            )
        return self


class RedactionConfig(ComponentConfig):
    """Takes personal data and secrets out of spans."""

    entities: tuple[str, ...] = ENTITIES
    """Entity types to find: any that Presidio has a pattern recognizer for, and PHONE_NUMBER."""
    score_threshold: float = Field(default=0.4, ge=0, le=1)
    """Findings with a lower score, after context words were counted, are left alone."""
    secrets: bool = True
    """Whether API keys, tokens, passwords and private keys are found as well."""
    actions: dict[str, Action] = Field(default_factory=dict)
    """What to do, by entity type; `secrets` speaks for all kinds of secrets, `default` for
    whatever is not named. Without any, findings are replaced by their type."""
    pseudonym_key: Secret = Secret("")
    """The key of `pseudonym` and `hash`. Collectors that share it write the same pseudonyms. Make
    one with `openssl rand -hex 32`."""
    phone_regions: tuple[str, ...] = ("US", "GB", "DE", "FR", "IL", "IN", "CA", "BR")
    """Countries (ISO 3166) whose phone numbers are known without a country code, and without a
    word such as `phone` near them."""
    resource_attributes: bool = True
    """Whether the attributes of resources and instrumentation scopes are searched too."""
    max_value_bytes: int = Field(default=4 << 20, ge=1024)
    """A longer string is not searched, but replaced as a whole by `<REDACTED:oversize>`."""
    timeout: Duration = Field(default=0.25, gt=0)
    """CPU time for each 64 KiB of a string; one that takes longer becomes `<REDACTED:timeout>`."""
    batch_timeout: Duration = Field(default=10.0, gt=0)
    """CPU time for a batch; strings that are not searched by then become `<REDACTED:timeout>`."""
    cache_bytes: int = Field(default=16 << 20, ge=0)
    """Memory for what redaction remembers of strings it has seen, so that a history sent again
    with every turn is searched once; 0 is none. It holds keyed hashes, places and replacements,
    never text, and a process that ends or reloads begins with an empty one."""
    workers: int = Field(default=0, ge=0, le=64)
    """Processes that redact, so that the receiving one stays free; 0 redacts where spans are
    received. Each has a core to keep busy, a cache of its own and some 100 MB."""

    @field_validator("entities")
    @classmethod
    def _known_entities(cls, entities: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [entity for entity in entities if entity not in ENTITIES]
        if unknown:
            # Only now: it imports Presidio, which takes seconds.
            from processors.redaction.recognizers import entity_types

            known = entity_types()
            for entity in unknown:
                if entity not in known:
                    raise ValueError(_not_one_of(entity, known, "an entity type"))
        return entities

    @field_validator("phone_regions")
    @classmethod
    def _known_regions(cls, regions: tuple[str, ...]) -> tuple[str, ...]:
        from phonenumbers import SUPPORTED_REGIONS

        for region in regions:
            if region not in SUPPORTED_REGIONS:
                raise ValueError(f"{region!r} is no region: write ISO 3166 codes, such as US")
        return regions

    @model_validator(mode="after")
    def _actions_fit(self) -> "RedactionConfig":
        from processors.redaction.secrets import secret_types

        known = [DEFAULT, SECRETS, *self.entities, *secret_types()]
        for entity, action in self.actions.items():
            if entity not in known:
                raise ValueError(f"actions: {_not_one_of(entity, known, 'in entities')}")
            if action.action in _KEYED and not self.pseudonym_key.get_secret_value():
                raise ValueError(
                    f"actions.{entity}: action {action.action} needs a key: set pseudonym_key, "
                    "for example to ${env:WINNOW_PSEUDONYM_KEY}, or choose action replace"
                )
        return self

    def action_for(self, entity: str, *, secret: bool) -> Action:
        """What to do with a finding of this type."""
        names: list[Any] = [entity, SECRETS, DEFAULT] if secret else [entity, DEFAULT]
        chosen = (self.actions[name] for name in names if name in self.actions)
        return next(chosen, Action(action="replace"))


def _not_one_of(name: str, known: list[str], what: str) -> str:
    close = difflib.get_close_matches(name, known, 1)
    hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(known)}"
    return f"{name!r} is not {what}; {hint}"
