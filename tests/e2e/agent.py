"""An agent instrumented with the OpenTelemetry SDK, run as a program of its own.

    python agent.py grpc|http ENDPOINT TRACES

Every trace is a run of one user: two model calls and a tool, with personal data in what they
say. Every tenth run fails. The exit code is 0 once everything was acknowledged. Where ENDPOINT
begins with https://, the SDK's own variables say which certificates to use.
"""

import json
import sys

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import SpanKind, Status, StatusCode, Tracer

PLANTED = {
    "EMAIL_ADDRESS": ["jane.doe@example.com", "Bob_Smith+agent@mail.example.org"],
    "CREDIT_CARD": ["4111 1111 1111 1111", "5500-0000-0000-0004", "378282246310005"],
    "PHONE_NUMBER": ["+1 415 555 0132", "(212) 555-0187", "+49 30 901820"],
    "IBAN_CODE": ["DE89370400440532013000", "GB29 NWBK 6016 1331 9268 19"],
    "US_SSN": ["536-90-4399", "078-05-1120"],
}
EVERYTHING = [value for values in PLANTED.values() for value in values]
SPANS_PER_TRACE = 4


def exporter(protocol: str, endpoint: str) -> SpanExporter:
    if protocol == "grpc":
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter

        return OTLPSpanExporter(endpoint=endpoint, insecure="://" not in endpoint)
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as Http

    base = endpoint if "://" in endpoint else f"http://{endpoint}"
    return Http(endpoint=f"{base}/v1/traces")


def run(tracer: Tracer, number: int) -> None:
    planted = EVERYTHING[number % len(EVERYTHING)]
    user = f"user-{number % 50}"
    with tracer.start_as_current_span(
        "invoke_agent support",
        attributes={
            "gen_ai.operation.name": "invoke_agent",
            "gen_ai.agent.name": "support",
            "user.id": user,
            "session.id": f"session-{number % 20}",
        },
    ) as root:
        chat(tracer, f"My details: {planted}, please remember them.")
        with tracer.start_as_current_span(
            "execute_tool lookup",
            attributes={
                "gen_ai.operation.name": "execute_tool",
                "gen_ai.tool.name": "lookup",
                "gen_ai.tool.call.arguments": json.dumps({"query": planted}),
            },
        ) as tool:
            tool.add_event("looked up", {"who": f"the customer is {planted} indeed"})
            if number % 10 == 0:
                tool.set_status(Status(StatusCode.ERROR, f"no record of {planted} found"))
        chat(tracer, "Thank you, that is all.")
        root.set_attribute("notes", ["plain", f"contact {planted} tomorrow"])


def chat(tracer: Tracer, text: str) -> None:
    with tracer.start_as_current_span(
        "chat gpt-4o",
        kind=SpanKind.CLIENT,
        attributes={
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": "gpt-4o",
            "gen_ai.response.model": "gpt-4o-2024-08-06",
            "gen_ai.usage.input_tokens": 1200 + len(text),
            "gen_ai.usage.output_tokens": 345,
            "gen_ai.input.messages": json.dumps(
                [{"role": "user", "parts": [{"type": "text", "content": text}]}]
            ),
        },
    ):
        pass


def main() -> int:
    protocol, endpoint, traces = sys.argv[1:4]
    provider = TracerProvider(resource=Resource.create({"service.name": f"agent-{protocol}"}))
    provider.add_span_processor(
        BatchSpanProcessor(exporter(protocol, endpoint), schedule_delay_millis=50)
    )
    tracer = provider.get_tracer("agent")
    for number in range(int(traces)):
        run(tracer, number)
    acknowledged = provider.force_flush()
    provider.shutdown()
    return 0 if acknowledged else 1


if __name__ == "__main__":
    sys.exit(main())
