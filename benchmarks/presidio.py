"""Stock Presidio, as it is meant to be: its analyzer with a blank model and lower-cased lemmas."""

import functools

import spacy
import tldextract
from presidio_analyzer import AnalyzerEngine, RecognizerRegistry, predefined_recognizers
from presidio_analyzer.nlp_engine import SpacyNlpEngine
from spacy.language import Language

from processors.redaction.config import ENTITIES

RECOGNIZERS = [
    predefined_recognizers.EmailRecognizer,
    predefined_recognizers.CreditCardRecognizer,
    predefined_recognizers.PhoneRecognizer,
    predefined_recognizers.IbanRecognizer,
    predefined_recognizers.UsSsnRecognizer,
    predefined_recognizers.IpRecognizer,
    predefined_recognizers.CryptoRecognizer,
    predefined_recognizers.MacAddressRecognizer,
]


@Language.component("lower_case_lemmas")
def _lower_case_lemmas(document):
    for token in document:
        token.lemma_ = token.lower_
    return document


class BlankEngine(SpacyNlpEngine):
    """spaCy without a model; without lemmas, Presidio's context words never count."""

    def load(self):
        blank = spacy.blank("en")
        blank.add_pipe("lower_case_lemmas")
        self.nlp = {"en": blank}


@functools.cache
def engine():
    """The analyzer with the recognizers of Winnow's default entities."""
    registry = RecognizerRegistry(recognizers=[cls() for cls in RECOGNIZERS])
    made = AnalyzerEngine(registry=registry, nlp_engine=BlankEngine(), supported_languages=["en"])
    # Else the first e-mail address fetches the list of public suffixes.
    tldextract.extract = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)
    return made


def analyze(text, threshold=0.4):
    """What stock finds: (type, start, end), sorted."""
    results = engine().analyze(
        text, language="en", entities=list(ENTITIES), score_threshold=threshold
    )
    return sorted((result.entity_type, result.start, result.end) for result in results)
