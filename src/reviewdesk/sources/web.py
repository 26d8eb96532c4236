"""Questions to a server over HTTP, and what it may answer them with.

Source: RFC 9110, range requests (section 14).
"""

import http.client
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import urlsplit

from reviewdesk.errors import StorageError, UsageError

TIMEOUT: Final = 60.0

_RANGE: Final = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")


class DownloadRefused(Exception):
    """The server answered, but not with the file."""

    def __init__(self, address: str, code: int, reason: str) -> None:
        super().__init__(f"{address} cannot be fetched: the server says {code} {reason}")
        self.code = code


class Lost(Exception):
    """The connection broke before there was an answer."""


@contextmanager
def answer(address: str, method: str, headers: dict[str, str]) -> Iterator[Any]:
    """Ask a server and hand over what it answers, to be read while the block runs.

    Args:
        address: begins with http:// or https://; where a server sends it must do so too.
        method: as in ``"GET"``.
        headers: of the request.

    Raises:
        UsageError: the address is not one of HTTP.
        DownloadRefused: the server does not have it, or does not give it.
        Lost: the connection broke.
        StorageError: the server cannot be reached at all.
    """
    if urlsplit(address).scheme not in ("http", "https"):
        raise UsageError(f"{address} is not an address that begins with http:// or https://")
    request = urllib.request.Request(  # noqa: S310 - the scheme was looked at
        address, method=method, headers={"Accept-Encoding": "identity", **headers}
    )
    try:
        response = _opener().open(request, timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        error.close()
        raise DownloadRefused(address, error.code, error.reason) from error
    except urllib.error.URLError as error:
        if isinstance(error.reason, ConnectionError | TimeoutError):
            raise Lost from error
        host = urlsplit(address).netloc
        raise StorageError(f"cannot reach {host}: {error.reason}; are you online?") from error
    except (OSError, http.client.HTTPException) as error:
        raise Lost from error
    with response:
        yield response


def _opener() -> urllib.request.OpenerDirector:
    """Return what opens HTTP and nothing else, also when a server sends it somewhere else."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPRedirectHandler(),
        urllib.request.HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    return opener


def length_of(response: Any) -> int | None:
    """Return how many bytes an answer says it has."""
    found = response.headers.get("Content-Length", "")
    return int(found) if found.isdecimal() else None


def part_of(response: Any) -> tuple[int, int | None] | None:
    """Return where the part begins that an answer is, and how long the whole is if it says so."""
    found = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
    if found is None:
        return None
    return int(found[1]), int(found[2]) if found[2] != "*" else None
