"""A spaCy model small enough to be trained in a test: it knows some people, places and firms."""

import random
import re

_NAMES = {
    "PERSON": "Jane Miller|Omar Haddad|Priya Nair|Lucas Meyer|Chen Wei|Maria Lopez|Tom Becker",
    "GPE": "Berlin|Toronto|Nairobi|Lisbon|Osaka|Denver|Mumbai|Oslo|Lima|Cairo",
    "ORG": "Acme Corp|Globex Ltd|Initech Inc|Umbrella Group|Stark Industries",
}
_SENTENCES = (
    "PERSON lives in GPE .",
    "My name is PERSON and I work for ORG .",
    "PERSON called from GPE about the invoice .",
    "ORG opened an office in GPE .",
    "Please ask PERSON at ORG .",
    "We met PERSON in GPE last week .",
    "The contract of ORG was signed by PERSON .",
    "The test failed with status 500 .",
    "The user asked for a refund of the order .",
    "You can write to the support team at any time .",
)


def train(directory):
    """Train a model in a few seconds, and save it."""
    import spacy
    from spacy.training import Example
    from spacy.util import fix_random_seed, minibatch

    fix_random_seed(1)
    rng = random.Random(1)
    nlp = spacy.blank("en")
    # Not needed for NER: to be left out when the model is loaded.
    nlp.add_pipe("tagger")
    nlp.add_pipe("ner", config={"model": _SMALL})
    annotated = [_annotated(sentence, rng) for sentence in _SENTENCES * 12]
    examples = [Example.from_dict(nlp.make_doc(text), known) for text, known in annotated]
    nlp.initialize(lambda: examples)
    with nlp.select_pipes(enable="ner"):
        for _ in range(20):
            rng.shuffle(examples)
            for some in minibatch(examples, 16):
                nlp.update(some, drop=0.0)
    nlp.to_disk(directory)


def _annotated(sentence, rng):
    text, entities = "", []
    for part in re.split(r"\b(PERSON|GPE|ORG)\b", sentence):
        value = rng.choice(_NAMES[part].split("|")) if part in _NAMES else part
        if part in _NAMES:
            entities.append((len(text), len(text) + len(value), part))
        text += value
    return text, {"entities": entities, "tags": ["X"] * len(text.split())}


_SMALL = {
    "@architectures": "spacy.TransitionBasedParser.v2",
    "state_type": "ner",
    "extra_state_tokens": False,
    "hidden_width": 32,
    "maxout_pieces": 2,
    "use_upper": True,
    "nO": None,
    "tok2vec": {
        "@architectures": "spacy.HashEmbedCNN.v2",
        "pretrained_vectors": None,
        "width": 32,
        "depth": 2,
        "embed_size": 500,
        "window_size": 1,
        "maxout_pieces": 2,
        "subword_features": True,
    },
}
