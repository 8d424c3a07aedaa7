"""An HTTP server in a thread: what the receiver and the telemetry endpoint run on."""

import socket
import ssl
import threading

import uvicorn
from starlette.applications import Starlette

from collector.errors import StartError


class HttpServer:
    """Serves an ASGI application on `host:port` from `start` to `stop`."""

    def __init__(
        self,
        app: Starlette,
        endpoint: str,
        *,
        tls: ssl.SSLContext | None = None,
        grace: int = 5,
    ) -> None:
        """`tls` encrypts; `grace` is how many seconds `stop` lets requests finish.

        Binds nothing yet.
        """
        self._endpoint = endpoint
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            timeout_graceful_shutdown=grace,
        )
        config.load()
        config.ssl = tls
        self._server = uvicorn.Server(config)
        self._thread: threading.Thread | None = None
        self.port = 0

    def start(self, setting: str) -> None:
        """Bind and serve. Raises StartError naming `setting` if the address cannot be bound."""
        listener = listen(self._endpoint, setting)
        self.port = listener.getsockname()[1]
        self._thread = threading.Thread(
            target=self._server.run,
            kwargs={"sockets": [listener]},
            name=f"http-{self.port}",
            daemon=True,
        )
        self._thread.start()

    def stop(self) -> None:
        """Stop accepting, let requests finish, end the thread. Safe to call twice."""
        if self._thread is not None:
            self._server.should_exit = True
            self._thread.join()
            self._thread = None


def listen(endpoint: str, setting: str) -> socket.socket:
    """A listening socket on `host:port` (port 0: any free one).

    Raises StartError that names `setting` and the remedy.
    """
    host, _, port = endpoint.rpartition(":")
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named, or asyncio does not switch Nagle's delay off for what is accepted:
    # an answer with a body would wait 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, int(port)))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise cannot_listen(setting, endpoint, error.strerror or str(error)) from error
    return listener


def cannot_listen(setting: str, endpoint: str, cause: str) -> StartError:
    """The error for an address that cannot be bound."""
    remedy = "stop what uses it or set another endpoint"
    return StartError(f"{setting}: cannot listen on {endpoint}: {cause}; {remedy}")
