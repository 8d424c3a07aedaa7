"""A dialect: the table that says what another vocabulary's names mean in the current one."""

import functools
from importlib.resources import files

import yaml
from pydantic import field_validator

from collector import ConfigModel

_BUILT_IN = (
    "langsmith",
    "otel",
    "beeai",
    "openinference",
    "vercel",
    "langfuse",
    "pydantic_ai",
    "logfire",
    "openlit",
    "litellm",
    "claude_code",
    "google_adk",
    "strands",
    "mcp",
    "genkit",
    "mastra",
    "ag2",
    "crewai",
    "openllmetry",
)


class PartShape(ConfigModel):
    """How an SDK writes one kind of message part."""

    part: str
    """The part's type in the current vocabulary."""
    fields: dict[str, str] = {}
    """The SDK's names for the part's fields, with the current ones. Others stay as they are."""
    inline: list[str] = []
    """Fields whose own fields belong to the part."""


class SpanRule(ConfigModel):
    """What the spans of one instrumentation are that have a certain name."""

    scope: str
    """The instrumentation scope's name."""
    name: str
    """The span's name; one `*` in it stands for any text."""
    operation: str = ""
    """The `gen_ai.operation.name` that the span has, whatever its attributes say. If empty, these
    tell."""
    tells: str = ""
    """The attribute that the text at the `*` is for, where the span has it nowhere else."""
    provider: str = ""
    """The `gen_ai.provider.name` that the name tells, where the span has it nowhere else."""

    @field_validator("name")
    @classmethod
    def _one_star(cls, name: str) -> str:
        if name.count("*") > 1:
            raise ValueError("only one * may stand in a name")
        return name


class Dialect(ConfigModel):
    """A table from one vocabulary to the current semantic conventions for GenAI."""

    description: str = ""
    """Whose vocabulary it is, and where it is written down."""
    operations: dict[str, dict[str, str]] = {}
    """For an attribute that tells a span's kind: each of its values (compared without regard to
    case; `*` for any) with the `gen_ai.operation.name` it means. The attribute itself always
    stays. Only `gen_ai.operation.name` may stand here too, for values that are not the
    conventions': these are replaced, on spans that have another attribute of some table."""
    span_name: dict[str, str] = {}
    """For an operation that an attribute of `operations` told: the attribute that the span's name
    is the value of, where the span does not have it."""
    spans: list[SpanRule] = []
    """What spans are whose attributes do not tell, or tell it wrong. The first rule that fits is
    taken."""
    rename: dict[str, str] = {}
    """Attribute names with their current names. Where several tell the same thing, the first in
    the table is taken."""
    rename_by_operation: dict[str, dict[str, str]] = {}
    """The same, for spans of one `gen_ai.operation.name` only: for names too common to mean
    anything elsewhere."""
    copy_by_operation: dict[str, dict[str, str]] = {}
    """For spans of one `gen_ai.operation.name`: attributes with those that their text is for as
    well, where the span has these nowhere else. Unlike those in `rename` they stay, for they mean
    something else too."""
    counts: dict[str, dict[str, list[str]]] = {}
    """For an attribute that holds numbers as JSON: paths into it (`input`, `details.cached`) with
    the attributes that the number is added to. None of them is written where the span has one of
    them already. The JSON itself always stays."""
    fields: dict[str, dict[str, dict[str, str]]] = {}
    """For spans of one `gen_ai.operation.name`: an attribute that holds JSON, and paths into it
    (`model`, `meta.model`; empty for the whole, which may be plain text) with the attributes that
    the text there is for, or for tokens the number, where the span has them nowhere else. The JSON
    always stays."""
    messages: dict[str, str] = {}
    """Prefixes of flattened messages (`<prefix>.<number>.<path>`) with the attribute that holds
    these messages as JSON."""
    message_paths: dict[str, str] = {}
    """Paths within a flattened message, `*` for a number, with where the value goes: `role`,
    `name` and `finish_reason` of the message, or `<part type>.<field>`. A span whose messages
    hold a path not named here keeps them flattened, so that nothing is lost."""
    content: dict[str, dict[str, dict[str, str]]] = {}
    """For spans of one `gen_ai.operation.name`: an attribute that holds messages, the attributes
    that they are made of, and what each holds: `messages` (JSON, or plain text), `text` or
    `reasoning` (plain text), or a JSON list of `parts` of one name. What has no lossless form as
    messages stays as it is."""
    parts: dict[str, PartShape] = {}
    """Message parts as SDKs write them in `content`, by their `type`."""


class Vocabulary(ConfigModel):
    """What the built-in tables hold, read once a process."""

    dialects: tuple[Dialect, ...]
    providers: dict[str, str]


@functools.cache
def built_in() -> Vocabulary:
    """The tables that ship beside this module, in the order in which they are consulted."""
    return Vocabulary(
        dialects=tuple(Dialect.model_validate(read_table(f"{name}.yaml")) for name in _BUILT_IN),
        providers=read_table("providers.yaml"),  # type: ignore[arg-type]
    )


def read_table(name: str) -> object:
    """A YAML table of this package."""
    return yaml.safe_load((files(__package__) / "dialects" / name).read_text("utf-8"))
