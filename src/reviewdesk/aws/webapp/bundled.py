"""Bundles in the function itself, answered by the same application as `serve`'s."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from reviewdesk.aws.webapp.answers import Backend
from reviewdesk.bundle import Bundle, load_bundle
from reviewdesk.desk.page import routes
from reviewdesk.errors import UsageError
from reviewdesk.serving.app import create_app
from reviewdesk.serving.direct import Application
from reviewdesk.serving.server import warm_up
from reviewdesk.serving.service import Service
from reviewdesk.settings import ServeSettings

ANY_HOST: Final = "0.0.0.0"  # noqa: S104  (nothing is listened on; a gateway is in front)


def bundle_places(words: Sequence[str]) -> dict[str, str]:
    """Return places of bundles by the names that they are served under.

    Args:
        words: each ``NAME=PLACE``.

    Raises:
        UsageError: one names no bundle, or a name stands twice.
    """
    places: dict[str, str] = {}
    for word in words:
        name, _, place = word.partition("=")
        if not name or not place or name in places:
            raise UsageError(f"{word!r} names no bundle; write NAME=PLACE, and a name once")
        places[name] = place
    return places


def open_bundles(places: Mapping[str, str | Path]) -> dict[str, Bundle]:
    """Return bundles by the names that they are served under.

    Args:
        places: folders, ``.tar.gz`` files, or ``s3://`` addresses.

    Raises:
        BundleError: one cannot be used.
        StorageError: one cannot be read.
    """
    return {name: load_bundle(place) for name, place in places.items()}


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
