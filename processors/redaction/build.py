"""A redactor from its settings."""

from collections.abc import Callable

from processors.redaction import recognizers, secrets
from processors.redaction.actions import replacement
from processors.redaction.analyzer import Analyzer
from processors.redaction.cache import Cache
from processors.redaction.config import RedactionConfig
from processors.redaction.redactor import Redactor, Rule

_NEVER_BY_CHANCE = ("EMAIL_ADDRESS",)
"""Of the entities, what no name of software and no id is mistaken for; nor is it for a secret."""


def make_redactor(config: RedactionConfig, *, technical: bool = False) -> Redactor:
    """The redactor that the settings describe, ready to use: everything is loaded.

    One for `technical` values (see `keys`) finds only what nothing technical looks like.
    """
    entities = [e for e in config.entities if not technical or e in _NEVER_BY_CHANCE]
    detectors = recognizers.detectors(entities, config.phone_regions)
    if config.secrets:
        detectors += secrets.detectors()
    analyzer = Analyzer(
        detectors,
        threshold=config.score_threshold,
        max_bytes=config.max_value_bytes,
        seconds=config.timeout,
    )
    # Technical values are short.
    cache = Cache(0 if technical else config.cache_bytes)
    return Redactor(analyzer, _rules(config), cache)


def _rules(config: RedactionConfig) -> Callable[[str], Rule]:
    key = config.pseudonym_key.get_secret_value().encode()
    secret = set(secrets.secret_types()) if config.secrets else set()
    rules = {}
    for entity in {*config.entities, *secret}:
        action = config.action_for(entity, secret=entity in secret)
        rules[entity] = Rule(action.action, replacement(entity, action, key))
    return rules.__getitem__
