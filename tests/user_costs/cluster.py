"""A PostgreSQL cluster in a temporary directory, as Debian's package `postgresql` installs it."""

import itertools
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import pytest

_TOOLS = ("initdb", "pg_ctl")


def missing() -> str:
    """Why no cluster can be started here; empty if one can."""
    if absent := [tool for tool in _TOOLS if _find(tool) is None]:
        return f"{absent[0]} is not installed: apt-get install postgresql"
    if os.geteuid() == 0 and _somebody() is None:
        return "PostgreSQL does not run as root, and there is no other user to run it"
    return ""


def _find(tool: str) -> Path | None:
    """Debian keeps the servers' tools out of PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{tool}"))
    on_path = shutil.which(tool)
    return Path(on_path) if on_path else next(iter(found[::-1]), None)


def _somebody() -> str | None:
    """A user that is not root."""
    names = {entry.pw_name for entry in pwd.getpwall()}
    return next((name for name in ("postgres", "nobody") if name in names), None)


class Cluster:
    """Runs on `with`; can be stopped and started again on the same port."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._directory = Path(tempfile.mkdtemp(prefix="winnow-pg-"))
        self._user = _somebody() if os.geteuid() == 0 else None
        if self._user:
            shutil.chown(self._directory, self._user)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]

    def __enter__(self) -> Self:
        self._run("initdb", ["-D", "data", "-U", "winnow", "-A", "trust", "-E", "UTF8", "-N"])
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()
        shutil.rmtree(self._directory)

    def start(self) -> None:
        options = f"-p {self._port} -k {self._directory} -c listen_addresses=127.0.0.1 -c fsync=off"
        self._run("pg_ctl", ["-D", "data", "-l", "log", "-o", options, "-w", "start"])

    def stop(self) -> None:
        self._run("pg_ctl", ["-D", "data", "-m", "immediate", "-w", "stop"])

    def new_database(self) -> str:
        import psycopg

        name = f"test_{next(self._numbers)}"
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return self._url(name)

    def _url(self, database: str) -> str:
        return f"postgresql://winnow:planted-password@127.0.0.1:{self._port}/{database}"

    def _run(self, tool: str, arguments: Sequence[str]) -> None:
        before = ["runuser", "-u", self._user, "--"] if self._user else []
        outcome = subprocess.run(
            [*before, str(_find(tool)), *arguments],
            cwd=self._directory,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        assert outcome.returncode == 0, outcome.stderr


@pytest.fixture(scope="session")
def cluster():
    """A throwaway cluster."""
    if reason := missing():
        pytest.skip(reason)
    with Cluster() as started:
        yield started


@pytest.fixture
def database(cluster):
    """The address of an empty database in it."""
    return cluster.new_database()
