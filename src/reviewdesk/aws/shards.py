"""Channels of which each host has a part: the others send theirs to the one that learns.

A connection carries a line of JSON that says whose files come and how many, then for each a line
with its channel, name and size, and its bytes. The leader writes them under names of its own.
"""

import json
import os
import re
import shutil
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, Final

from reviewdesk.aws.container import Hosts
from reviewdesk.errors import InputError
from reviewdesk.storage import open_private, private_directory, storage_errors

PORT: Final = 29_471
PORT_VARIABLE: Final = "REVIEWDESK_SHARDS_PORT"
PATIENCE_SECONDS: Final = 3_600.0
"""How long a host may take until it has its part."""
POLL_SECONDS: Final = 0.2
LONGEST_LINE: Final = 4_096
CHUNK: Final = 1 << 20
DONE: Final = b"done\n"
_NAME: Final = re.compile(r"[^A-Za-z0-9._-]")


@dataclass(frozen=True)
class Shards:
    """The parts of the channels that are dealt to hosts.

    Args:
        hosts: the job's hosts.
        folders: this host's part of each such channel.
        patience: most seconds that others are waited for.
    """

    hosts: Hosts
    folders: Mapping[str, Path]
    patience: float = PATIENCE_SECONDS

    def send(self) -> None:
        """Send this host's parts to the leader.

        Raises:
            InputError: the leader cannot be reached.
            StorageError: a file cannot be read.
        """
        files = [(name, path) for name, folder in self.folders.items() for path in _files(folder)]
        with (
            self._connected() as connection,
            connection.makefile("wb") as stream,
            connection.makefile("rb") as answers,
        ):
            _write_line(stream, {"host": self.hosts.current, "files": len(files)})
            for channel, path in files:
                size = path.stat().st_size
                _write_line(stream, {"channel": channel, "name": path.name, "size": size})
                with storage_errors(str(path)), path.open("rb") as content:
                    shutil.copyfileobj(content, stream, CHUNK)
            stream.flush()
            if answers.readline(LONGEST_LINE) != DONE:
                raise InputError(f"the host {self.hosts.leader} did not take this host's part")

    def gather(self, into: Path) -> dict[str, Path]:
        """Take the parts of all other hosts, and return folders with all parts of each channel.

        Raises:
            InputError: a host sends none, or something else.
            StorageError: it cannot be written.
        """
        whole = {name: private_directory(into / name) for name in self.folders}
        for name, folder in self.folders.items():
            for number, path in enumerate(_files(folder)):
                _link(path, whole[name] / _own_name(0, number, path.name))
        missing = set(self.hosts.names) - {self.hosts.current}
        end = time.monotonic() + self.patience
        address = (self.hosts.current, _port())
        with storage_errors(f"port {_port()}"), socket.create_server(address) as listener:
            while missing:
                listener.settimeout(max(0.1, end - time.monotonic()))
                try:
                    connection, _ = listener.accept()
                except TimeoutError as error:
                    names = ", ".join(sorted(missing))
                    raise InputError(f"no part of the channels has come from {names}") from error
                with connection:
                    connection.settimeout(self.patience)
                    missing.discard(self._take(connection, whole, missing))
        return whole

    def _connected(self) -> socket.socket:
        end = time.monotonic() + self.patience
        while True:
            try:
                return socket.create_connection((self.hosts.leader, _port()), self.patience)
            except OSError as error:
                if time.monotonic() > end:
                    raise InputError(f"the host {self.hosts.leader} cannot be reached") from error
            time.sleep(POLL_SECONDS)

    def _take(self, connection: socket.socket, whole: Mapping[str, Path], missing: set[str]) -> str:
        """Write one host's files, and return its name; an unknown caller's are not read."""
        with connection.makefile("rb") as stream:
            told = _read_line(stream)
            host, count = told.get("host"), told.get("files")
            if host not in missing or not isinstance(count, int):
                return ""
            position = self.hosts.names.index(host)
            for number in range(count):
                one = _read_line(stream)
                channel, name, size = (one.get(key) for key in ("channel", "name", "size"))
                folder = whole.get(str(channel))
                if folder is None or not isinstance(name, str) or not isinstance(size, int):
                    raise InputError(f"the host {host} sent no file of a channel")
                path = folder / _own_name(position, number, name)
                _write_file(stream, path, size, str(host))
        connection.sendall(DONE)
        return str(host)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _own_name(place: int, number: int, name: str) -> str:
    """Return a name that no two files share and that holds nothing but letters."""
    return f"{place:03d}-{number:06d}-{_NAME.sub('_', PurePosixPath(name).name)[-100:]}"


def _link(path: Path, to: Path) -> None:
    with storage_errors(str(to)):
        try:
            os.link(path, to)
        except OSError:  # another file system, or one without links
            shutil.copyfile(path, to)


def _write_file(stream: IO[bytes], path: Path, size: int, host: str) -> None:
    with storage_errors(str(path)), open_private(path) as out:
        while size > 0:
            part = stream.read(min(CHUNK, size))
            if not part:
                raise InputError(f"the host {host} ended while it sent its part")
            out.write(part)
            size -= len(part)


def _write_line(stream: IO[bytes], value: Mapping[str, Any]) -> None:
    stream.write(json.dumps(value).encode() + b"\n")


def _read_line(stream: IO[bytes]) -> dict[str, Any]:
    line = stream.readline(LONGEST_LINE)
    try:
        found = json.loads(line)
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {}


def _port() -> int:
    return int(os.environ.get(PORT_VARIABLE, PORT))
