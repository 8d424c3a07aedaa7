"""The settings of what is done to findings, and to attributes by their keys."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from collector import ConfigModel

EntityType = Annotated[str, Field(pattern="^[A-Z][A-Z0-9_]*$")]
"""The name of what is found, as Presidio writes them: `US_SSN`."""
_MASK = ("keep_last", "keep_first", "masking_char")
_Name = Literal["replace", "redact", "mask", "hash", "pseudonym", "encrypt", "drop", "keep"]


def _changed(action: "Action", names: tuple[str, ...]) -> list[str]:
    """The settings that are not as they are by default."""
    fields = type(action).model_fields
    return [name for name in names if getattr(action, name) != fields[name].default]


class Action(ConfigModel):
    """What is put in the place of a finding."""

    action: _Name
    """`replace`: its type, `<PHONE_NUMBER>`. `redact`: nothing. `mask`: a `masking_char` for every
    character but some. `hash`: its type and its whole HMAC-SHA-256. `pseudonym`: its type and a
    short HMAC, `<EMAIL_ADDRESS_3fa9c1d2>`, the same for the same value wherever the key is the
    same. `encrypt`: its type and its encrypted text, `<EMAIL_ADDRESS_enc_v1_…>`, which `winnow
    decrypt` puts back; another each time, so use `pseudonym` for what is counted or sampled by.
    `drop`: the whole attribute goes; where there is none to drop (a span's name, JSON in an
    attribute), as `redact`. `keep`: the finding itself; it is counted only."""
    keep_last: int = Field(default=0, ge=0)
    """For `mask`: how many characters at the end stay. Never more than half of all are shown."""
    keep_first: int = Field(default=0, ge=0)
    """For `mask`: how many characters at the start stay."""
    masking_char: str = Field(default="*", min_length=1, max_length=1, pattern=r"^[^\w\s]$")
    """For `mask`: what stands for a character that does not stay; a sign, not a letter or digit."""

    @model_validator(mode="after")
    def _mask_settings(self) -> "Action":
        extra = _changed(self, _MASK)
        if self.action != "mask" and extra:
            raise ValueError(
                f"{', '.join(extra)} belongs to action mask, not to {self.action}: "
                "remove it, or write action: mask"
            )
        return self


class AttributeRule(Action):
    """What is done to attributes whose key matches."""

    match: str | tuple[str, ...]
    """A glob, or several: `*` is any number of characters, `?` is one, `*.` at the start may be
    nothing, and case does not matter. It is matched against the keys of attributes, and if it
    begins with `*`, also against the keys inside of maps and of JSON: `*.password` is `db.password`
    and `password`."""
    redact: Literal["findings", "always", "never"] = "findings"
    """`findings`: what is found, as everywhere. `always`: the whole value, whatever it holds.
    `never`: nothing; the value passes as it is, and whatever is in it, be it too long to be
    searched."""
    action: _Name = "replace"
    """For `always`: what stands for the value. `replace` is `<REDACTED:attribute>`; for the others
    the value has the type `ATTRIBUTE`. Of what is no text, the JSON form is taken."""
    actions: dict[str, Action] = Field(default_factory=dict)
    """For `findings`: what to do by entity type, above what `actions` of the processor says."""

    @property
    def globs(self) -> tuple[str, ...]:
        """The globs, one or several."""
        return (self.match,) if isinstance(self.match, str) else self.match

    @model_validator(mode="after")
    def _settings_fit(self) -> "AttributeRule":
        if not self.globs or not all(self.globs):
            raise ValueError("match: a glob is missing: write one, such as '*.password'")
        if self.redact != "always" and (extra := _changed(self, ("action", *_MASK))):
            raise ValueError(
                f"{', '.join(extra)} belongs to redact: always: write that, or for what is found "
                "actions: {default: {action: …}}"
            )
        if self.redact != "findings" and self.actions:
            raise ValueError(f"actions belongs to redact: findings, not to {self.redact}")
        if self.redact == "always" and self.action == "keep":
            raise ValueError("action keep redacts nothing: write redact: never")
        return self


CREDENTIAL_ATTRIBUTES = AttributeRule(
    match=(
        # Credentials of any scheme (RFC 9110, sections 11.6.2 and 11.7.2), not those of known form
        # only; OpenTelemetry has headers as http.request.header.<key>, with - or, before, with _.
        *("*.authorization", "*.proxy-authorization", "*.proxy_authorization"),
        # Session ids (RFC 6265): who has one is logged in.
        *("*.cookie", "*.cookies", "*.set-cookie", "*.set_cookie"),
        # Values whose key says so, in the forms that no rule for secrets knows.
        "*.secret",
    ),
    redact="always",
)
"""Stands after the user's own rules. Passwords and API keys are no part of it: `secrets` finds them
by their keys, and names their kind. So are tokens: in agents' traffic they are mostly counted."""
