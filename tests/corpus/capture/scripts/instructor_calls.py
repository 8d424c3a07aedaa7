"""Instructor, with OpenInference's instrumentations of it and of the OpenAI SDK below it."""

import contextlib

import instructor
import openai
from openinference.instrumentation.instructor import InstructorInstrumentor
from openinference.instrumentation.openai import OpenAIInstrumentor
from pydantic import BaseModel
from tracing import FAILING, MODEL, QUESTION, run, tracer_provider

provider = tracer_provider()
InstructorInstrumentor().instrument(tracer_provider=provider)


class Weather(BaseModel):
    """What is asked for."""

    city: str


def chat() -> None:
    """A structured answer, from instructor's own spans alone."""
    _ask(QUESTION)


def both() -> None:
    """The same with the OpenAI SDK's spans below."""
    OpenAIInstrumentor().instrument(tracer_provider=provider)
    _ask(QUESTION)


def error() -> None:
    """The provider says that the limit is reached."""
    with contextlib.suppress(Exception):
        _ask(FAILING)


def _ask(question: str) -> None:
    client = instructor.from_openai(openai.OpenAI(max_retries=0))
    client.chat.completions.create(
        model=MODEL,
        messages=[{"role": "user", "content": question}],
        response_model=Weather,
        max_retries=1,
    )


run({"chat": chat, "both": both, "error": error}, provider.shutdown)
