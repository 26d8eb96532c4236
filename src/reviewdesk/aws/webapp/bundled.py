"""Bundles in the function itself, answered by the same application as `serve`'s."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

import pyarrow.fs as pafs

from reviewdesk.aws.webapp.answers import Backend
from reviewdesk.bundle import Bundle, load_bundle
from reviewdesk.desk.page import routes
from reviewdesk.errors import UsageError
from reviewdesk.serving.app import create_app
from reviewdesk.serving.direct import Application
from reviewdesk.serving.server import warm_up
from reviewdesk.serving.service import Service
from reviewdesk.settings import ServeSettings
from reviewdesk.storage import filesystem, is_remote, storage_errors

ANY_HOST: Final = "0.0.0.0"  # noqa: S104  (nothing is listened on; a gateway is in front)


def open_bundles(words: Sequence[str]) -> dict[str, Bundle]:
    """Return bundles by the names that they are served under.

    Args:
        words: each ``NAME=PLACE``; a place is a folder, a ``.tar.gz``, or an ``s3://`` address.

    Raises:
        UsageError: it names none.
        BundleError: one cannot be used.
        StorageError: one cannot be read.
    """
    bundles = {}
    for word in words:
        name, equals, place = word.partition("=")
        if not equals or not place:
            raise UsageError(f"{word!r} names no bundle; write NAME=PLACE")
        bundles[name] = load_bundle(_fetched(place) if is_remote(place) else Path(place))
    return bundles


def bundle_backend(bundles: Mapping[str, Bundle], *, root_path: str = "") -> Backend:
    """Return what answers requests with bundles, the page's too.

    Args:
        bundles: by the names that they are served under.
        root_path: where the gateway has the function, as in ``/live``.

    Raises:
        UsageError: there is none, or a name cannot be served.
    """
    service = Service(bundles, ServeSettings(host=ANY_HOST, root_path=root_path))
    for bundle in bundles.values():
        warm_up(bundle)
    return Application(create_app(service, routes)).answer


def _fetched(address: str) -> Path:
    """Copy a bundle from S3 to where a function may write, and return its path there."""
    files, path = filesystem(address)
    to = Path(mkdtemp(prefix="reviewdesk-")) / path.rpartition("/")[2]
    with storage_errors(address):
        if files.get_file_info(path).type == pafs.FileType.File:
            pafs.copy_files(path, str(to), source_filesystem=files)
        else:
            to.mkdir()
            pafs.copy_files(path, str(to), source_filesystem=files)
    return to
