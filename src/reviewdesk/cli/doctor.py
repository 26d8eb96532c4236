"""`reviewdesk doctor`: what is installed."""

import shutil
import sys
from importlib.metadata import PackageNotFoundError, requires, version
from typing import Annotated, Any, Final

import typer

from reviewdesk.cli.options import Json
from reviewdesk.cli.output import print_json, print_table, say
from reviewdesk.errors import MissingExtra
from reviewdesk.optional import install_command

USES: Final = {
    "networks": "learning networks (lstm, cnn, attention)",
    "networks-serve": "using bundles of networks",
    "transformers": "learning encoders of others further",
    "transformers-serve": "using bundles that hold such an encoder",
    "few-shot": "few labels, with a multilingual encoder",
    "dev": "checks and tests",
    "docs": "the documents as a site",
    "release": "archives of a release",
    "bench": "measuring beside other programs",
}
"""What the extras are for."""


def doctor(
    folder: Annotated[
        str, typer.Option(help="Folder whose free space to look at.", metavar="DIR")
    ] = ".",
    *,
    as_json: Json = False,
) -> None:
    """What is installed, what is not, and how to install it.

    Exits with 6 when a package of the core is missing.

    Example:

        reviewdesk doctor
    """
    packages = _packages()
    free = shutil.disk_usage(folder).free
    missing = [p for p in packages if p["version"] is None]
    if as_json:
        print_json({"python": sys.version.split()[0], "free_bytes": free, "packages": packages})
    else:
        shown = [p for p in packages if p["for"] == "core" or p["version"]]
        rows = [[p["name"], p["version"] or "missing", p["for"], p["install"]] for p in shown]
        print_table(["package", "installed", "for", "install with"], rows)
        for extra in sorted({p["for"] for p in missing} - {"core"}):
            names = ", ".join(p["name"] for p in missing if p["for"] == extra)
            say(f"\nnot installed, only for {USES.get(extra, extra)}: {names}")
            say(f"install with: {install_command(extra)}")
        say(f"\nPython {sys.version.split()[0]}, {free / 1e9:,.1f} GB free in {folder}")
    core = [p["name"] for p in missing if p["for"] == "core"]
    if core:
        raise MissingExtra(f"missing from the core: {', '.join(core)}; install reviewdesk again")


def _packages() -> list[dict[str, Any]]:
    """Return name, version (None: missing), use and install command of every declared package."""
    rows = []
    for requirement in requires("reviewdesk") or []:
        name, _, marker = requirement.partition(";")
        name = name.strip()
        for end in "<>=!~ [":
            name = name.partition(end)[0]
        extra = marker.partition("extra ==")[2].strip().strip("'\"")
        installed = _version(name)
        rows.append(
            {
                "name": name,
                "version": installed,
                "for": extra or "core",
                "install": "" if installed else _command(name, extra),
            }
        )
    return rows


def _command(name: str, extra: str) -> str:
    return install_command(extra) if extra else f"pip install {name}"


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
