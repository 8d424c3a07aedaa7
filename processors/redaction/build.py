"""A redactor from its settings."""

from collections.abc import Callable

from processors.redaction import recognizers, secrets
from processors.redaction.actions import replacement
from processors.redaction.analyzer import Analyzer
from processors.redaction.config import RedactionConfig
from processors.redaction.redactor import Redactor, Rule


def make_redactor(config: RedactionConfig) -> Redactor:
    """The redactor that the settings describe, ready to use: everything is loaded."""
    detectors = recognizers.detectors(config.entities, config.phone_regions)
    if config.secrets:
        detectors += secrets.detectors()
    analyzer = Analyzer(
        detectors,
        threshold=config.score_threshold,
        max_bytes=config.max_value_bytes,
        seconds=config.timeout,
    )
    return Redactor(analyzer, _rules(config))


def _rules(config: RedactionConfig) -> Callable[[str], Rule]:
    key = config.pseudonym_key.get_secret_value().encode()
    secret = set(secrets.secret_types()) if config.secrets else set()
    rules = {}
    for entity in {*config.entities, *secret}:
        action = config.action_for(entity, secret=entity in secret)
        rules[entity] = Rule(action.action, replacement(entity, action, key))
    return rules.__getitem__
