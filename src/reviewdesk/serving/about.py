"""What an endpoint says of its bundle, so that a client's table is the one of the bundle itself."""

from typing import Any

from reviewdesk.bundle import Bundle


def about_bundle(bundle: Bundle) -> dict[str, Any]:
    """Return what a client needs to know of a bundle to write its predictions table.

    Args:
        bundle: what answers.
    """
    return {
        "bundle": bundle.manifest["id"],
        "target": bundle.target,
        "labels": list(bundle.labels),
        "reads": bundle.reads,
        "clean": bundle.settings.clean.to_json(),
    }
