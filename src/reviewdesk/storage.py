"""Open, list and write files, so that a reader never sees half of one.

Everything that reviewdesk writes is readable by its owner only: review text is personal data.
Places are local paths or ``s3://`` addresses (Arrow's own file systems).
"""

import contextlib
import errno
import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

import pyarrow.fs as pafs

from reviewdesk.errors import InputError, StorageError
from reviewdesk.file_lock import lock_at_once
from reviewdesk.s3 import SCHEME, missing_sentence, s3_filesystem, s3_sentence

PRIVATE_DIRECTORY: Final = 0o700
PRIVATE_FILE: Final = 0o600

_AS_PATH: Final = SCHEME.replace("//", "/")

_LOCAL: Final = pafs.LocalFileSystem()


@contextmanager
def storage_errors(address: str) -> Iterator[None]:
    """Turn the operating system's errors into one sentence about a place.

    Raises:
        StorageError: no space, no permission, a path that is not there or not of the right kind.
    """
    try:
        yield
    except OSError as error:
        raise StorageError(_sentence(error, address)) from error


def _sentence(error: OSError, address: str) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"no space left while writing {address}; free some and run the same command again"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"no permission for {address}; check its owner and mode"
    if error.errno == errno.ENOENT:
        return _missing(address)
    if address.startswith(SCHEME):
        return s3_sentence(error, address)
    reason = error.strerror or str(error).partition("\n")[0][:200] or type(error).__name__
    return f"cannot use {address}: {reason}"


def _missing(address: str) -> str:
    if address.startswith(SCHEME):
        try:
            return missing_sentence(address)
        except OSError as error:
            return s3_sentence(error, address)
    return f"{address} does not exist"


def is_remote(place: str) -> bool:
    """Say whether a place is an address such as ``s3://bucket/key`` and not a local path."""
    return "://" in place


def address_of(path: Path) -> str:
    """Return a path as a place: an ``s3://`` address that was made one has lost a stroke."""
    text = str(path)
    return f"{SCHEME}{text.removeprefix(_AS_PATH)}" if text.startswith(_AS_PATH) else text


def filesystem(address: str) -> tuple[pafs.FileSystem, str]:
    """Return the Arrow file system that a place is on, and its path there.

    Raises:
        StorageError: the scheme is not one that reviewdesk reads, or S3 cannot be reached.
    """
    if not is_remote(address):
        return _LOCAL, address if address.startswith("/") else str(Path(address).absolute())
    if not address.startswith(SCHEME):
        scheme = address.partition("://")[0]
        raise StorageError(f"cannot open {scheme}:// addresses; use a local path or s3://")
    with storage_errors(address):
        return s3_filesystem(address)


def private_directory(path: Path) -> Path:
    """Make a directory, and those above it, that only its owner can enter; return it.

    Raises:
        StorageError: it cannot be made.
    """
    with storage_errors(str(path)):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir(mode=PRIVATE_DIRECTORY, exist_ok=True)
    return path


@contextmanager
def write_then_rename(path: Path) -> Iterator[IO[bytes]]:
    """Open a file for writing that appears under its name only when the block ends well.

    The bytes reach the disk before the name does, so that a crash leaves the old file or the new.
    What a killed process had written of the same file is removed first.

    Raises:
        StorageError: it cannot be written.
    """
    aside = path.with_name(f".{path.name}.{os.getpid()}.partial")
    with storage_errors(str(path)):
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_left_over(path)
        try:
            with open_private(aside) as file:
                _lock(file.fileno())
                yield file
                file.flush()
                os.fsync(file.fileno())
            aside.replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                aside.unlink(missing_ok=True)
            raise
        sync_directory(path.parent)


def _remove_left_over(path: Path) -> None:
    """Remove the partial files of processes that are gone: of no number here, and not locked."""
    own = re.compile(rf"\.{re.escape(path.name)}\.(\d+)\.partial")
    with os.scandir(path.parent) as entries:
        names = [entry.name for entry in entries]
    for name in names:
        found = own.fullmatch(name)
        if found is None or _runs(int(found[1])):
            continue
        with contextlib.suppress(OSError), (path.parent / name).open("rb") as file:
            if _lock(file.fileno()):
                (path.parent / name).unlink()


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass  # it is somebody else's
    return True


def _lock(descriptor: int) -> bool:
    """Lock a file until it is closed; say whether nobody else holds it."""
    try:
        return lock_at_once(descriptor)
    except OSError:  # the file system has no locks
        return False


def open_private(path: Path) -> IO[bytes]:
    """Open a new or emptied file for writing that only its owner can read."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE_FILE)
    return os.fdopen(descriptor, "wb")


def sync_directory(path: Path) -> None:
    """Make renames within a directory survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all."""
    with write_then_rename(path) as file:
        file.write(text.encode())


LONG_LIST: Final = 200


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file whole or not at all: sorted keys, so that equal values are equal bytes."""
    write_text(path, _json_text(value) + "\n")


def _json_text(value: Any, margin: str = "") -> str:
    """Return a value as JSON over lines; a long list has a line for each item, whatever is in it.

    A list of ten thousand inputs with a line for every value is hard to read, and slow to write.
    """
    inner = f"{margin}  "
    if isinstance(value, Mapping) and value:
        items = (
            f"{_json_line(str(name) if isinstance(name, int) else name)}: {_json_text(one, inner)}"
            for name, one in sorted(value.items())
        )
        return "{\n" + ",\n".join(inner + item for item in items) + f"\n{margin}}}"
    if isinstance(value, list | tuple) and value:
        long = len(value) > LONG_LIST
        items = (_json_line(one) if long else _json_text(one, inner) for one in value)
        return "[\n" + ",\n".join(inner + item for item in items) + f"\n{margin}]"
    return _json_line(value)


_json_line: Final = json.JSONEncoder(sort_keys=True, ensure_ascii=False).encode


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises:
        StorageError: it cannot be opened.
        InputError: it is not JSON.
    """
    with storage_errors(str(path)):
        raw = path.read_bytes()
    try:
        return json.loads(raw)
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InputError(f"{path} is not a JSON file") from error


def file_sha256(path: Path) -> str:
    """Return the digest of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


DIGEST: Final = "digest"


def write_record(path: Path, record: Mapping[str, Any]) -> None:
    """Write a JSON object with a digest of its values, so that damage is noticed."""
    plain = json.loads(json.dumps(record))
    write_json(path, {**plain, DIGEST: _digest(plain)})


def read_record(path: Path) -> dict[str, Any]:
    """Read what ``write_record`` wrote.

    Raises:
        StorageError: it cannot be opened.
        InputError: it is not JSON, or not what was written.
    """
    return checked_record(path, read_json(path))


def left_record(path: Path) -> dict[str, Any] | None:
    """Return a record that an interrupted run may have left; None where it is not there or damaged.

    Raises:
        StorageError: it cannot be opened.
    """
    if not path.exists():
        return None
    try:
        return read_record(path)
    except InputError:
        return None


def checked_record(path: Path | str, value: Any) -> dict[str, Any]:
    """Return a record's values when its digest is theirs.

    Args:
        path: where it was read, for the message.
        value: what was read.

    Raises:
        InputError: it is not what was written.
    """
    if isinstance(value, dict):
        rest = {name: one for name, one in value.items() if name != DIGEST}
        if value.get(DIGEST) == _digest(rest):
            return rest
    raise InputError(
        f"{path} is damaged: it is not the file that was written, or an earlier release wrote it; "
        "make it again"
    )


def _digest(plain: Any) -> str:
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
