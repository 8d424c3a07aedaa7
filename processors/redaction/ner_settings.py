"""The settings of a model that finds names."""

from typing import Literal

from pydantic import Field

from collector import ConfigModel, Duration
from processors.redaction.action_settings import EntityType

NAMES = ("PERSON", "LOCATION", "ORGANIZATION")
"""What is looked for as well, by default, where there is a model for it."""
LABELS = {
    "PERSON": "PERSON",
    "PER": "PERSON",
    "PATIENT": "PERSON",
    "STAFF": "PERSON",
    "HCW": "PERSON",
    "GPE": "LOCATION",
    "LOC": "LOCATION",
    "LOCATION": "LOCATION",
    "FAC": "LOCATION",
    "ORG": "ORGANIZATION",
    "ORGANIZATION": "ORGANIZATION",
    "HOSP": "ORGANIZATION",
    "HOSPITAL": "ORGANIZATION",
    "PATORG": "ORGANIZATION",
    "NORP": "NRP",
    "DATE": "DATE_TIME",
    "TIME": "DATE_TIME",
    "AGE": "AGE",
    "ID": "ID",
    "EMAIL": "EMAIL",
    "PHONE": "PHONE_NUMBER",
}
"""The entity type of a model's label: Presidio's NerModelConfiguration, and two labels (FAC,
ORGANIZATION) from its conf/spacy.yaml."""


class Ner(ConfigModel):
    """A model that finds names, places and organisations."""

    model: str = Field(min_length=1)
    """A spaCy package, such as `en_core_web_lg`, or a directory that holds a model. Nothing is
    downloaded."""
    engine: Literal["spacy", "transformers"] = "spacy"
    """What runs the model. `transformers` takes a directory with a model for token
    classification, and must be installed."""
    labels: dict[str, EntityType] = Field(default_factory=dict)
    """Entity types for labels of the model that Presidio does not know, or knows as another."""
    score: float = Field(default=0.85, gt=0, le=1)
    """The score of what a spaCy model finds: it has none of its own. The default is Presidio's."""
    timeout: Duration = Field(default=4.0, gt=0)
    """CPU time for each 64 KiB of a string, apart from the other detectors' `timeout`."""

    @property
    def types(self) -> dict[str, str]:
        """The entity type of each label."""
        return LABELS | self.labels
