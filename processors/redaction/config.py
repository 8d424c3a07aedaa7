"""The settings of the redaction processor."""

import difflib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

from pydantic import (
    AfterValidator,
    Field,
    PrivateAttr,
    ValidationInfo,
    field_validator,
    model_validator,
)

from collector import ComponentConfig, Duration, MistakesError, Secret
from processors.redaction import custom
from processors.redaction.action_settings import (
    CREDENTIAL_ATTRIBUTES,
    Action,
    AttributeRule,
    EntityType,
)
from processors.redaction.ner_settings import NAMES, Ner

if TYPE_CHECKING:
    from processors.redaction.gitleaks import RuleFiles

_Place: TypeAlias = tuple[str | int, ...]
_Mistake: TypeAlias = tuple[_Place, str]
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
_LISTED = 40
"""So many names an error lists; there are some two hundred kinds of secrets."""
_KEYS = {"hash": "pseudonym_key", "pseudonym": "pseudonym_key", "encrypt": "encryption_key"}


def _checked_key(key: Secret) -> Secret:
    from processors.redaction.encryption import decode_key

    if key.get_secret_value():
        decode_key(key.get_secret_value())
    return key


def _checked_entry(entry: str) -> str:
    from processors.redaction.lists import check_entry

    return check_entry(entry)


def _checked_denied(entry: str) -> str:
    from processors.redaction.lists import check_denied

    return check_denied(entry)


_Entry = Annotated[str, AfterValidator(_checked_entry)]
_Denied = Annotated[_Entry, AfterValidator(_checked_denied)]


def _loads(entry: str) -> str:
    custom.load(entry)
    return entry


RecognizerEntry = Annotated[str, AfterValidator(_loads)] | custom.AdHocRecognizer


class RedactionConfig(ComponentConfig):
    """Takes personal data and secrets out of spans."""

    ner: Ner | None = None
    """A model that finds PERSON, LOCATION and ORGANIZATION, and others in `entities`. Without one
    names are not found."""
    recognizers: tuple[RecognizerEntry, ...] = ()
    """Presidio recognizers of your own, in addition: `package.module:ClassName`, or a mapping as in
    Presidio's YAML (`name`, `supported_entity`, `patterns`, `deny_list`, `context`). All that they
    find is looked for; their entity types can be named in `actions`."""
    entities: tuple[str, ...] = ENTITIES
    """Entity types to find: any that Presidio has a pattern recognizer for, PHONE_NUMBER, and those
    of `ner`. With `ner` PERSON, LOCATION and ORGANIZATION are in the default."""
    score_threshold: float = Field(default=0.4, ge=0, le=1)
    """Findings with a lower score, after context words were counted, are left alone."""
    secrets: bool = True
    """Whether API keys, tokens, passwords and private keys are found as well."""
    secret_rules: tuple[Path, ...] = ()
    """Files with a team's own rules for secrets, in gitleaks' TOML format; paths are relative to
    the working directory. The entity type of a finding is the rule's id: `acme-key` is
    ACME_KEY."""
    actions: dict[str, Action] = Field(default_factory=dict)
    """What to do, by entity type; `secrets` speaks for all kinds of secrets, `default` for
    whatever is not named. Without any, findings are replaced by their type."""
    attributes: tuple[AttributeRule, ...] = (CREDENTIAL_ATTRIBUTES,)
    """What to do by the key of the attribute; the first rule that matches holds. Yours stand before
    those that come with Winnow: `{match: "*.cookie"}` has cookies searched like anything else."""
    allow: tuple[_Entry, ...] = ()
    """Findings to leave alone: those whose whole text is a literal of the list, or matches a
    pattern between slashes, such as `/.*@example\\.com/` (RE2). Case does not matter. What `deny`
    names, or an attribute's rule, goes nonetheless."""
    deny: dict[EntityType, tuple[_Denied, ...]] = Field(default_factory=dict)
    """Texts that are always found, by the entity type to report: literals, as whole words, or
    patterns between slashes (RE2). Case does not matter."""
    encryption_key: Annotated[Secret, AfterValidator(_checked_key)] = Secret("")
    """The key of `encrypt` and `winnow decrypt`: 32 bytes as hexadecimal or base64. Make one with
    `openssl rand -hex 32`, and another after four thousand million findings (NIST SP 800-38D,
    section 8.3)."""
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
    timeout: Duration = Field(default=0.2, gt=0)
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

    _rule_files: "RuleFiles" = PrivateAttr()

    @model_validator(mode="before")
    @classmethod
    def _names_by_default(cls, settings: Any) -> Any:
        if isinstance(settings, dict) and settings.get("ner") and "entities" not in settings:
            return settings | {"entities": (*ENTITIES, *NAMES)}
        return settings

    @field_validator("entities")
    @classmethod
    def _known_entities(cls, entities: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        ner = info.data.get("ner")
        modelled = set(ner.types.values()) if ner else set()
        if "ner" not in info.data:  # a mistake in it is told already
            modelled = {*NAMES, "NRP"}
        own = {e for entry in info.data.get("recognizers", ()) for e in custom.entity_types(entry)}
        unknown = [e for e in entities if e not in ENTITIES and e not in modelled | own]
        if unknown:
            # Only now: it imports Presidio, which takes half a second.
            from processors.redaction.recognizers import entity_types

            known = sorted({*entity_types(), *modelled, *own})
            for entity in unknown:
                if entity in (*NAMES, "NRP"):
                    raise ValueError(
                        f"{entity!r} needs a model: set ner, such as {{model: en_core_web_lg}}"
                    )
                if entity not in known:
                    raise ValueError(_not_one_of(entity, known, "an entity type"))
        return entities

    @field_validator("attributes")
    @classmethod
    def _with_credentials(cls, rules: tuple[AttributeRule, ...]) -> tuple[AttributeRule, ...]:
        return rules if CREDENTIAL_ATTRIBUTES in rules else (*rules, CREDENTIAL_ATTRIBUTES)

    @field_validator("deny")
    @classmethod
    def _deniable(cls, deny: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        from processors.redaction.lists import denying

        denying(deny)
        return deny

    @field_validator("phone_regions")
    @classmethod
    def _known_regions(cls, regions: tuple[str, ...]) -> tuple[str, ...]:
        from phonenumbers import SUPPORTED_REGIONS

        for region in regions:
            if region not in SUPPORTED_REGIONS:
                raise ValueError(f"{region!r} is no region: write ISO 3166 codes, such as US")
        return regions

    @model_validator(mode="after")
    def _fits_together(self) -> "RedactionConfig":
        from processors.redaction.gitleaks import RuleFiles

        self._rule_files = RuleFiles(self.secret_rules)
        mistakes = [*self._ner_mistakes(), *self._action_mistakes()]
        if mistakes:
            raise MistakesError(mistakes)
        return self

    def _ner_mistakes(self) -> Iterator[_Mistake]:
        if self.ner and not self.modelled:
            yield ("ner",), "no entity is left to it: add PERSON to entities, or remove ner"
        elif self.ner and self.ner.engine == "spacy" and self.ner.score < self.score_threshold:
            yield (
                ("ner", "score"),
                "nothing would be found: it is below score_threshold, which is "
                f"{self.score_threshold:g}",
            )

    def _action_mistakes(self) -> Iterator[_Mistake]:
        from processors.redaction.secrets import secret_types

        known = [DEFAULT, SECRETS, *self.searched, *self.deny, *secret_types()]
        known += self._rule_files.types
        for place, action in self._all_actions():
            entity = str(place[-1])
            if entity not in known:
                yield place, _not_one_of(entity, known, "in entities")
            else:
                yield from self._key_mistakes(place, action)
        for position, rule in enumerate(self.attributes):
            yield from self._key_mistakes(("attributes", position), rule)

    @property
    def rule_files(self) -> "RuleFiles":
        """What stood in `secret_rules` when the configuration was read."""
        return self._rule_files

    def _all_actions(self) -> Iterator[tuple[_Place, Action]]:
        """The actions by entity type, each with its place, of which the type is the last part."""
        for entity, action in self.actions.items():
            yield ("actions", entity), action
        for position, rule in enumerate(self.attributes):
            for entity, action in rule.actions.items():
                yield ("attributes", position, "actions", entity), action

    def _key_mistakes(self, place: _Place, action: Action) -> Iterator[_Mistake]:
        key = _KEYS.get(action.action)
        if key and not getattr(self, key).get_secret_value():
            yield (
                place,
                f"action {action.action} needs a key: set {key}, for example to "
                f"${{env:WINNOW_{key.upper()}}}, or choose action replace",
            )

    @property
    def modelled(self) -> dict[str, str]:
        """The entity type of each label of the model that is looked for."""
        types = self.ner.types if self.ner else {}
        return {label: entity for label, entity in types.items() if entity in self.entities}

    @property
    def searched(self) -> tuple[str, ...]:
        """The entity types that are looked for: `entities`, and what `recognizers` find."""
        own = (entity for entry in self.recognizers for entity in custom.entity_types(entry))
        return tuple(dict.fromkeys((*self.entities, *own)))

    def action_for(self, entity: str, above: Mapping[str, Action], *, secret: bool) -> Action:
        """What to do with a finding of this type; `above` stands above `actions`."""
        names: list[Any] = [entity, SECRETS, DEFAULT] if secret else [entity, DEFAULT]
        chosen = (
            actions[name] for actions in (above, self.actions) for name in names if name in actions
        )
        return next(chosen, Action(action="replace"))


def _not_one_of(name: str, known: list[str], what: str) -> str:
    shortened = [entity for entity in ENTITIES if entity in known and name in entity.split("_")]
    close = difflib.get_close_matches(name, known, 1) or shortened
    more = f" and {len(known) - _LISTED} more" if len(known) > _LISTED else ""
    hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(known[:_LISTED])}{more}"
    return f"{name!r} is not {what}; {hint}"
