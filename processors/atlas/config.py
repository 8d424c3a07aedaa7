"""Settings of `atlas`."""

from functools import cache, partial
from typing import Annotated, Any, Self

from pydantic import (
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    TypeAdapter,
    model_validator,
)
from pydantic_core import CoreSchema, core_schema

from collector import ComponentConfig, ConfigModel
from processors._match import MatchProperties
from processors.atlas.vocabulary import DIMENSIONS, check_id, read_yaml, vocabulary


class _Of:
    """Checks ids of a dimension, and offers them to editors."""

    def __init__(self, dimension: str) -> None:
        self._dimension = dimension

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        check = partial(check_id, self._dimension)
        return core_schema.no_info_after_validator_function(check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return handler(schema) | {"enum": list(vocabulary()[self._dimension])}


AiTask = Annotated[str, _Of("ai_tasks")]
HumanTask = Annotated[str, _Of("human_tasks")]
SystemTask = Annotated[str, _Of("system_tasks")]
Data = Annotated[str, _Of("data")]
Constraint = Annotated[str, _Of("constraints")]
Touchpoint = Annotated[str, _Of("touchpoints")]


class AtlasRule(ConfigModel):
    """What spans of some kind are."""

    match: MatchProperties
    """Which spans."""
    ai_tasks: list[AiTask] = []
    """What the model does, such as `task_generate`."""
    human_tasks: list[HumanTask] = []
    """What people do, such as `human_review`."""
    system_tasks: list[SystemTask] = []
    """What software does, such as `system_api`."""
    data: list[Data] = []
    """What goes in and out, such as `data_conversation`."""
    constraints: list[Constraint] = []
    """What holds for it, such as `const_privacy`."""
    touchpoints: list[Touchpoint] = []
    """Where people meet it, such as `tp_chat`."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not any(self.ids(dimension) for dimension in DIMENSIONS):
            raise ValueError(f"the rule says nothing: give one of {', '.join(DIMENSIONS)}")
        return self

    def ids(self, dimension: str) -> list[str]:
        """What the rule says on a dimension."""
        found: list[str] = getattr(self, dimension)
        return found


class AtlasConfig(ComponentConfig):
    """Settings of `atlas`."""

    rules: list[AtlasRule] = Field(default=[], max_length=500)
    """Rules of your own. All that match a span have their say."""
    defaults: bool = True
    """Rules for GenAI, tool, MCP and Cloudflare spans. They speak on a dimension only where no
    rule of your own does."""


@cache
def default_rules() -> list[AtlasRule]:
    """The rules that ship beside this module."""
    return TypeAdapter(list[AtlasRule]).validate_python(read_yaml("rules.yaml"))
