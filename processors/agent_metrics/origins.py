"""Where a span comes from: its agent, environment and stage."""

from typing import NamedTuple

from collector import ResourceRecord, SpanRecord

_AGENT = "gen_ai.agent.name"
_ENVIRONMENT = ("deployment.environment.name", "deployment.environment")


class Origin(NamedTuple):
    """What the labels say about where a span comes from; empty where nobody told."""

    environment: str
    agent: str
    """The agent that the span names, or else the service it runs in."""
    stage: str


class Origins:
    """Answers for the spans of one batch; each resource is read once."""

    def __init__(self, stage_attribute: str) -> None:
        """`stage_attribute` of a span, or else of its resource, tells the stage."""
        self._stage_attribute = stage_attribute
        self._resources: dict[int, Origin] = {}

    def of(self, record: SpanRecord) -> Origin:
        """The origin of a span."""
        origin = self._resources.get(id(record.resource)) or self._read(record.resource)
        values = record.attributes.values
        if _AGENT in values or self._stage_attribute in values:
            text = record.attributes.text
            agent, stage = text(_AGENT), text(self._stage_attribute)
            return Origin(origin.environment, agent or origin.agent, stage or origin.stage)
        return origin

    def _read(self, resource: ResourceRecord) -> Origin:
        text = resource.attributes.text
        environment = next(filter(None, map(text, _ENVIRONMENT)), "")
        origin = Origin(environment, text("service.name"), text(self._stage_attribute))
        self._resources[id(resource)] = origin
        return origin
