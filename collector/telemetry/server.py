"""The endpoint that operators and Prometheus look at: /metrics, /livez, /readyz."""

from collections.abc import Callable

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

_INDEX = """winnow {version}

/metrics  Prometheus metrics
/livez    200 while the process runs
/readyz   200 while the pipelines run; /metrics tells what they refuse
"""


def make_telemetry_app(
    registry: CollectorRegistry, ready: Callable[[], bool], version: str
) -> Starlette:
    """The ASGI application; `ready` says whether spans are taken right now."""

    def metrics(_request: Request) -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    async def live(_request: Request) -> Response:
        return JSONResponse({"status": "alive"})

    async def readiness(_request: Request) -> Response:
        if ready():
            return JSONResponse({"status": "ready"})
        return JSONResponse({"status": "not ready"}, status_code=503)

    async def index(_request: Request) -> Response:
        return PlainTextResponse(_INDEX.format(version=version))

    return Starlette(
        routes=[
            Route("/", index),
            Route("/metrics", metrics),
            Route("/livez", live),
            Route("/readyz", readiness),
        ]
    )
