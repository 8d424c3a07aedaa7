"""Logfire on the OpenAI and the Anthropic SDK, exporting to where the environment says."""

import logfire
from tracing import run

logfire.configure(send_to_logfire=False, console=False, inspect_arguments=False)
logfire.instrument_openai()
logfire.instrument_anthropic()

import anthropic_calls  # noqa: E402 - after the instrumentation
import openai_calls  # noqa: E402

CASES = {
    **openai_calls.CASES,
    **{f"anthropic-{name}": case for name, case in anthropic_calls.CASES.items()},
}
run(CASES, logfire.shutdown)
