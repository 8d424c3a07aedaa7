"""Redaction in processes of its own, so that the one that receives spans stays free to.

A batch goes to one worker, as bytes over a socket pair, and comes back redacted. A worker that
dies, or does not answer, is replaced and its batch tried once more; a batch that ends two workers
is masked.
"""

import contextlib
import os
import queue
import signal
import socket
import struct
import subprocess
import sys
from multiprocessing import Pipe
from multiprocessing.connection import Connection

from collector import Batch
from collector.errors import StartError
from collector.turns import TURNS
from processors.redaction.batches import BatchRedactor, Outcome, mask_batch
from processors.redaction.config import RedactionConfig

_READY = b"ready"
_START = 60.0
"""Seconds a worker may take to load."""
_GRACE = 30.0
"""Seconds beyond the batch's own CPU time, since a busy machine gives a worker less than all."""
_TRIES = 2


class WorkerError(Exception):
    """A worker died, or was too slow to be trusted; it is of no more use."""


class Worker:
    """One process. Not for several threads at once."""

    def __init__(self, config: RedactionConfig) -> None:
        """Starts the process, which then loads; `wait` returns once it has."""
        self._patience = 4 * config.batch_timeout + _GRACE
        self._connection, theirs = Pipe()
        _limit(self._connection, self._patience)
        # -P: a module in the working directory must not stand in for one of ours.
        command = [sys.executable, "-P", "-m", __name__, str(theirs.fileno())]
        self._process = subprocess.Popen(  # noqa: S603 - ourselves
            command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, pass_fds=[theirs.fileno()]
        )
        theirs.close()
        with contextlib.suppress(OSError):  # it died at once: `wait` will tell
            self._connection.send(config)

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    def wait(self) -> None:
        """Wait until it can work. Raises WorkerError, which says why if the process did."""
        answer = self._answer(_START)
        if answer != _READY:
            raise WorkerError(answer.decode())

    def redact(self, payload: bytes) -> tuple[bytes, Outcome]:
        """A serialized request, redacted. Raises WorkerError."""
        try:
            self._connection.send_bytes(payload)
            redacted = self._answer(self._patience)
            outcome: Outcome = self._connection.recv()
        except (OSError, EOFError) as error:
            raise WorkerError from error
        return redacted, outcome

    def stop(self) -> None:
        """End the process. Safe to call twice."""
        self._connection.close()
        self._process.kill()
        self._process.wait()

    def _answer(self, seconds: float) -> bytes:
        try:
            if self._connection.poll(seconds):
                return self._connection.recv_bytes()
        except (OSError, EOFError) as error:
            raise WorkerError from error
        raise WorkerError


def _limit(connection: Connection, seconds: float) -> None:
    """Let reads and writes that get nowhere for so long raise OSError."""
    limit = struct.pack("ll", int(seconds), 0)
    with socket.socket(fileno=os.dup(connection.fileno())) as pair:
        pair.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
        pair.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)


class WorkerPool:
    """As many workers as asked for; batches wait for one that is free."""

    def __init__(self, config: RedactionConfig) -> None:
        """Starts nothing yet."""
        self._config = config
        self._idle: queue.LifoQueue[Worker | None] = queue.LifoQueue()
        self._size = 0

    def start(self) -> None:
        """Start the workers, side by side. Raises StartError if one does not come up."""
        workers = [Worker(self._config) for _ in range(self._config.workers)]
        self._size = len(workers)
        for worker in workers:
            self._idle.put(worker)
        try:
            for worker in workers:
                worker.wait()
        except WorkerError as error:
            self.stop()
            reason = str(error) or "redaction: a worker process did not start"
            raise StartError(reason) from error

    def redact(self, batch: Batch) -> Outcome:
        """Redact the batch; its message is another one afterwards. Does not raise."""
        payload = batch.payload
        with TURNS.lend():
            for _ in range(_TRIES):
                answer = self._try(payload)
                if answer is not None:
                    redacted, outcome = answer
                    batch.replace(redacted)
                    return outcome
        return mask_batch(batch, "worker")

    def stop(self) -> None:
        """End all workers. Safe to call twice, or without a start."""
        for _ in range(self._size):
            worker = self._idle.get()
            if worker is not None:
                worker.stop()
        self._size = 0

    def _try(self, payload: bytes) -> tuple[bytes, Outcome] | None:
        """One worker's answer; None if it failed, which makes room for another one."""
        worker = self._idle.get()
        try:
            if worker is None:
                worker = Worker(self._config)
                worker.wait()
            return worker.redact(payload)
        except Exception:
            # Whatever it was, an answer may still be on its way, and is not for the next batch.
            if worker is not None:
                worker.stop()
                worker = None
            return None
        finally:
            self._idle.put(worker)


def main() -> None:
    """A worker's life: until the collector's end of the connection closes."""
    # A terminal and systemd signal the whole group; the collector decides when its workers end.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    connection = Connection(int(sys.argv[1]))
    try:
        try:
            redactor = BatchRedactor(connection.recv())
        except StartError as error:
            connection.send_bytes(str(error).encode())
            return
        connection.send_bytes(_READY)
        while True:
            batch = Batch(payload=connection.recv_bytes())
            outcome = redactor.redact(batch)
            connection.send_bytes(batch.payload)
            connection.send(outcome)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


if __name__ == "__main__":
    main()
