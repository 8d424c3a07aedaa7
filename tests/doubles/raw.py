"""A server that answers with the bytes it was told, and then hangs up or stalls."""

import contextlib
import socket
import struct
import threading
from typing import Self


class RawServer:
    """`with RawServer(answer) as server:` reads a whole request and writes `answer`.

    Then it closes the connection; with `ending="reset"` by a reset, and with `"stall"` only when
    the block ends.
    """

    def __init__(self, answer: bytes, ending: str = "close") -> None:
        self._answer = answer
        self._ending = ending
        self._over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._listener.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):  # the listener is closed
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._answer_on, args=(connection,), daemon=True).start()

    def _answer_on(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            read_request(connection)
            connection.sendall(self._answer)
            if self._ending == "stall":
                self._over.wait(30)
            elif self._ending == "reset":
                linger = struct.pack("ii", 1, 0)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)


def read_request(connection: socket.socket) -> None:
    """Read an HTTP/1.1 request with a content-length to its end."""
    head, body = b"", b""
    while b"\r\n\r\n" not in head:
        if not (chunk := connection.recv(65536)):
            return
        head += chunk
    head, _, body = head.partition(b"\r\n\r\n")
    lines = [line.lower().partition(b":") for line in head.split(b"\r\n")]
    length = next((int(value) for name, _, value in lines if name == b"content-length"), 0)
    while len(body) < length and (chunk := connection.recv(65536)):
        body += chunk
