"""A throw-away PostgreSQL server, as Debian packs it, run by a user without rights."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from reviewdesk.optional import is_installed

USER = "desk"
PASSWORD = "correct-horse"


@dataclass
class Cluster:
    """A running server.

    Args:
        folder: its data.
        programs: where PostgreSQL's programs are.
        port: where it listens, on 127.0.0.1.
    """

    folder: Path
    programs: Path
    port: int
    schemas: list[str] = field(default_factory=list)

    def url(self, schema: str, password: str = PASSWORD) -> str:
        """Return the URL of a schema."""
        secret = f":{password}" if password else ""
        return f"postgresql://{USER}{secret}@127.0.0.1:{self.port}/postgres?schema={schema}"

    def schema(self) -> str:
        """Return the name of a schema that is not there yet."""
        self.schemas.append(f"desk_{len(self.schemas)}")
        return self.schemas[-1]

    def control(self, *words: str) -> None:
        """Start or stop it."""
        run(self.programs / "pg_ctl", "-D", str(self.folder), "-w", "-l", "/dev/null", *words)

    def start(self) -> None:
        options = f"-h 127.0.0.1 -p {self.port} -k {self.folder.parent} -F -c max_connections=50"
        self.control("-o", options, "start")

    def psql(self, statement: str) -> str:
        """Ask as an administrator does; return what psql says."""
        return subprocess.run(
            [self.programs / "psql", "-XAtc", statement, self.url("x").partition("?")[0]],
            check=True, capture_output=True, text=True, cwd="/",
        ).stdout  # fmt: skip


@contextmanager
def cluster() -> Iterator[Cluster]:
    """Make a server with nothing in it, and take it away afterwards; skip where there is none."""
    if not (is_installed("sqlalchemy") and is_installed("psycopg")):
        pytest.skip("needs the extra team: pip install '.[team]'")
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not places:
        pytest.skip("needs PostgreSQL: apt-get install postgresql")
    with tempfile.TemporaryDirectory(prefix="reviewdesk-pg-") as name:
        top = Path(name)
        (top / "password").write_text(PASSWORD)
        (top / "data").mkdir(0o700)
        if os.getuid() == 0:
            owner = pwd.getpwnam(unprivileged())
            for path in (top, *top.iterdir()):
                os.chown(path, owner.pw_uid, owner.pw_gid)
        made = Cluster(top / "data", places[-1].parent, _free_port())
        run(made.programs / "initdb", "-D", str(made.folder), "-N", "-U", USER, "-E", "UTF8",
            "--locale=C", "-A", "scram-sha-256", f"--pwfile={top / 'password'}")  # fmt: skip
        made.start()
        try:
            yield made
        finally:
            made.control("-m", "immediate", "stop")
            shutil.rmtree(made.folder, ignore_errors=True)


def unprivileged() -> str:
    """Return a user that may run a server, which root may not."""
    known = {each.pw_name for each in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody") if name in known)


def run(*words: str | Path) -> None:
    """Run a program of PostgreSQL as a user without rights."""
    user = unprivileged() if os.getuid() == 0 else None
    subprocess.run(
        [str(word) for word in words], check=True, user=user, group=None, cwd="/",
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
