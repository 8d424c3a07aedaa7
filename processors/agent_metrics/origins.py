"""Where a span comes from: its agent, environment and stage."""

from typing import TypeAlias

from collector import Attributes, ResourceRecord, SpanRecord

_AGENT = "gen_ai.agent.name"
_ENVIRONMENT = ("deployment.environment.name", "deployment.environment")

Origin: TypeAlias = tuple[str, str, str]
"""Environment, agent and stage; empty where nobody told. The agent is the one that the span names,
or else the service it runs in. A plain tuple: there is one a span."""


class Origins:
    """Answers for the spans of one batch; each resource is read once."""

    def __init__(self, stage_attribute: str) -> None:
        """`stage_attribute` of a span, or else of its resource, tells the stage."""
        self._stage_attribute = stage_attribute
        self._resources: dict[int, Origin] = {}

    def of(self, record: SpanRecord) -> Origin:
        """The origin of a span."""
        origin = self._resources.get(id(record.resource)) or self._read(record.resource)
        attributes = record.attributes
        values = attributes.values
        if _AGENT in values or self._stage_attribute in values:
            agent, stage = attributes.text(_AGENT), attributes.text(self._stage_attribute)
            return origin[0], agent or origin[1], stage or origin[2]
        return origin

    def agent(self, record: SpanRecord) -> str:
        """The agent alone."""
        agent = record.attributes.values.get(_AGENT)
        if agent and agent.__class__ is str:
            return agent
        return (self._resources.get(id(record.resource)) or self._read(record.resource))[1]

    def _read(self, resource: ResourceRecord) -> Origin:
        text = resource.attributes.text
        environment = _first(resource.attributes, _ENVIRONMENT)
        origin = environment, text("service.name"), text(self._stage_attribute)
        self._resources[id(resource)] = origin
        return origin


def _first(attributes: Attributes, keys: tuple[str, ...]) -> str:
    return next(filter(None, map(attributes.text, keys)), "")
