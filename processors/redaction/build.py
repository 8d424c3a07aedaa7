"""A redactor from its settings."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from processors.redaction import custom, lists, secrets
from processors.redaction.action_settings import Action, AttributeRule
from processors.redaction.actions import Keys, replacement, whole_rule
from processors.redaction.analyzer import Analyzer
from processors.redaction.attribute_rules import Treatments
from processors.redaction.cache import Cache
from processors.redaction.config import RedactionConfig
from processors.redaction.detectors import Detector
from processors.redaction.encryption import Cipher
from processors.redaction.parameters import TokenDetector
from processors.redaction.placeholders import veil
from processors.redaction.redactor import Redactor
from processors.redaction.rules import WHOLE, Rule, Treatment

if TYPE_CHECKING:
    from processors.redaction.ner import NerDetector

_SHORTEST = 4
"""Characters of the shortest text in which something is found, but for denied ones."""

_NEVER_BY_CHANCE = ("EMAIL_ADDRESS",)
"""Of the entities, what no name of software and no id is mistaken for; nor is it for a secret."""


def load_names(config: RedactionConfig) -> "NerDetector | None":
    """What finds names, if the settings want it. Raises StartError for a model that cannot be had.

    It comes before any redactor: spaCy is loaded then, and Presidio uses it.
    """
    if config.ner is None:
        return None
    from processors.redaction import ner, ner_models

    return ner.NerDetector(ner_models.load(config.ner), config.modelled, config.ner.timeout)


def make_redactor(
    config: RedactionConfig, names: "NerDetector | None" = None, *, technical: bool = False
) -> Redactor:
    """The redactor that the settings describe, ready to use: everything is loaded.

    It finds names with what `load_names` gives. One for `technical` values (see `keys`) finds only
    what nothing technical looks like.
    """
    from processors.redaction import recognizers

    entities = [e for e in config.entities if not technical or e in _NEVER_BY_CHANCE]
    own = {entity for entry in config.recognizers for entity in custom.entity_types(entry)}
    modelled = set(config.modelled.values())
    known = [e for e in entities if recognizers.is_known(e) or e not in own | modelled]
    detectors = recognizers.detectors(known, config.phone_regions)
    if not technical:
        detectors += [recognizers.as_detector(custom.load(entry)) for entry in config.recognizers]
    detectors += _secret_detectors(config)
    treatments = _treatments(config)
    denied = lists.denying(config.deny)
    detectors = [
        # First: where texts wait to be searched for names together, no other looks in vain.
        *lists.allowing([names] if names else [], config.allow),
        *lists.allowing(detectors, config.allow),
        *denied,
        *treatments.watches,
    ]
    analyzer = Analyzer(
        detectors,
        threshold=config.score_threshold,
        max_bytes=config.max_value_bytes,
        # A model's own limit is beside: while it runs, the time of all goes by.
        seconds=config.timeout + (config.ner.timeout if config.ner else 0),
    )
    keys = _keys(config)
    types = {*treatments.ordinary.rules, WHOLE}
    return Redactor(
        analyzer,
        treatments,
        veil(types, keys.cipher),
        # Technical values are short.
        Cache(0 if technical else config.cache_bytes),
        shortest=1 if denied or config.recognizers else _SHORTEST,
    )


def _secret_detectors(config: RedactionConfig) -> list[Detector]:
    files = config.rule_files
    own = [*secrets.detectors(*files.disabled), TokenDetector()] if config.secrets else []
    return [*files.allowed_in(own), *files.detectors]


def _treatments(config: RedactionConfig) -> Treatments:
    keys = _keys(config)
    chosen = [(rule.globs, _treatment(rule, config, keys)) for rule in config.attributes]
    return Treatments(Treatment(_rules(config, {}, keys)), chosen)


def _treatment(rule: AttributeRule, config: RedactionConfig, keys: Keys) -> Treatment:
    return Treatment(
        _rules(config, rule.actions, keys),
        whole=whole_rule(rule, keys) if rule.redact == "always" else None,
        searched=rule.redact != "never",
    )


def _rules(config: RedactionConfig, actions: Mapping[str, Action], keys: Keys) -> dict[str, Rule]:
    """The rule for each entity type; `actions` stand above those of the configuration."""
    own = secrets.secret_types() if config.secrets else []
    secret = {*own, *config.rule_files.types}
    rules = {}
    for entity in {*config.searched, *config.deny, *secret}:
        action = config.action_for(entity, actions, secret=entity in secret)
        rules[entity] = Rule(action.action, replacement(entity, action, keys))
    return rules


def _keys(config: RedactionConfig) -> Keys:
    key = config.encryption_key.get_secret_value()
    return Keys(config.pseudonym_key.get_secret_value().encode(), Cipher(key) if key else None)
