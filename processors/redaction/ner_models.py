"""Models that find names: a spaCy pipeline, or a transformers model. Nothing is downloaded."""

import importlib.metadata
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from collector import StartError
from processors.redaction.ner_settings import Ner

# What pipelines hold besides NER, by the names in spaCy's own. The rest stays: NER may need it.
_NOT_NEEDED = (
    *("tagger", "parser", "senter", "morphologizer", "attribute_ruler", "lemmatizer"),
    *("trainable_lemmatizer", "textcat", "textcat_multilabel", "entity_linker"),
)
_MOST_TOKENS = 1_000_000
"""Tokens after which spaCy's tables are made anew: each new word leaves some 50 bytes in them."""


class Entity(NamedTuple):
    """Something a model found."""

    start: int
    end: int
    label: str
    """The model's own label, such as `GPE`."""
    score: float


class Model(Protocol):
    """Finds entities. Safe to call from several threads."""

    @property
    def labels(self) -> frozenset[str]:
        """The labels it gives."""
        ...

    def entities(self, texts: Sequence[str]) -> list[list[Entity]]:
        """What it finds in each text; all are searched together. Raises whatever goes wrong."""
        ...


def check(settings: Ner) -> None:
    """Raises StartError where the model is not there. Loads nothing."""
    if Path(settings.model).is_dir():
        return
    if settings.engine == "transformers":
        raise StartError(
            f"redaction.ner.model: {settings.model} is no directory: fetch the model once, with "
            "`hf download NAME --local-dir DIR`, and name DIR"
        )
    try:
        importlib.metadata.distribution(settings.model)
    except (importlib.metadata.PackageNotFoundError, ValueError):
        raise StartError(
            f"redaction.ner.model: {settings.model} is not installed: run "
            f"`python -m spacy download {settings.model}`, or name a model's directory"
        ) from None


def load(settings: Ner) -> Model:
    """The model that the settings name. Raises StartError where it cannot be loaded."""
    check(settings)
    kind = SpacyModel if settings.engine == "spacy" else TransformersModel
    try:
        model: Model = kind(settings)
    except StartError:
        raise
    except Exception as error:  # whatever a model's own code raises
        raise StartError(
            f"redaction.ner.model: {settings.model} cannot be loaded: {error}"
        ) from error
    if not model.labels & settings.types.keys():
        found = ", ".join(sorted(model.labels)) or "none"
        raise StartError(
            f"redaction.ner.labels: no label of {settings.model} ({found}) stands for an entity "
            "type: add some, such as {PERS: PERSON}, or name a model that has NER"
        )
    return model


class SpacyModel:
    """A spaCy pipeline, without what NER does not need."""

    def __init__(self, settings: Ner) -> None:
        """Raises what loading the model raises."""
        import spacy

        self._nlp: Any = spacy.load(settings.model, exclude=_NOT_NEEDED)
        for name, component in self._nlp.pipeline:
            # Vectors for other components than the one left.
            if getattr(component, "listening_components", None) == []:
                self._nlp.disable_pipe(name)
        self._score = settings.score
        self._tokens = 0
        self._lock = threading.Lock()

    @property
    def labels(self) -> frozenset[str]:
        """See `Model`."""
        metas = [self._nlp.get_pipe_meta(name) for name in self._nlp.pipe_names]
        giving = [
            name
            for name, meta in zip(self._nlp.pipe_names, metas, strict=True)
            if "doc.ents" in meta.assigns
        ]
        return frozenset(label for name in giving for label in self._nlp.pipe_labels.get(name, ()))

    def entities(self, texts: Sequence[str]) -> list[list[Entity]]:
        """See `Model`."""
        with self._lock:  # pipelines are not thread-safe
            if self._tokens > _MOST_TOKENS:
                self._forget()
            # Outside of a zone a word that was never seen before stays in memory, text and all.
            with self._nlp.memory_zone():
                docs = self._nlp.pipe(texts, batch_size=max(1, len(texts)))
                return [self._entities(doc) for doc in docs]

    def _entities(self, doc: Any) -> list[Entity]:
        self._tokens += len(doc)
        return [Entity(e.start_char, e.end_char, e.label_, self._score) for e in doc.ents]

    def _forget(self) -> None:
        """Make the vocabulary's tables anew: what a zone deletes from them keeps its place."""
        vocab, kept = self._nlp.vocab, ("vectors", "lookups")
        getters = dict(vocab.lex_attr_getters)
        vocab.from_bytes(vocab.to_bytes(exclude=kept), exclude=kept)
        vocab.lex_attr_getters.update(getters)  # loading wraps one of them in itself
        self._tokens = 0


class TransformersModel:
    """A token classification model, run as Presidio's TransformersNlpEngine runs it.

    That engine itself passes over a text that the model fails on, and may download.
    """

    def __init__(self, settings: Ner) -> None:
        """Raises StartError without transformers, or what loading the model raises."""
        try:
            from transformers import pipeline
        except ImportError as error:
            raise StartError(
                "redaction.ner.engine: transformers is not installed: run `pip install "
                "transformers torch`, or choose engine: spacy"
            ) from error
        from processors.redaction.presidio import nlp_engine

        presidio = nlp_engine.NerModelConfiguration()
        self._pipeline: Any = pipeline(
            task="token-classification",
            model=settings.model,
            aggregation_strategy=presidio.aggregation_strategy,
            stride=presidio.stride,
            device=0 if nlp_engine.device_detector.get_device() == "cuda" else -1,
        )
        self._lock = threading.Lock()

    @property
    def labels(self) -> frozenset[str]:
        """See `Model`."""
        labels = self._pipeline.model.config.id2label.values()
        return frozenset(label.split("-", 1)[-1] for label in labels if label != "O")

    def entities(self, texts: Sequence[str]) -> list[list[Entity]]:
        """See `Model`."""
        with self._lock:
            found = self._pipeline(list(texts))
        if len(found) != len(texts):
            raise ValueError("the model did not answer for every text")
        return [
            [Entity(e["start"], e["end"], e["entity_group"], float(e["score"])) for e in entities]
            for entities in found
        ]
