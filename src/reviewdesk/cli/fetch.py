"""`reviewdesk fetch`: public review data sets."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from reviewdesk.cli.options import Json
from reviewdesk.cli.output import note, print_json, program, say
from reviewdesk.errors import UsageError
from reviewdesk.progress import Progress
from reviewdesk.sources.fetch import Fetched, size_of
from reviewdesk.sources.fetch import fetch as fetch_file
from reviewdesk.sources.offers import Offer, offer


def fetch(
    names: Annotated[
        list[str],
        typer.Argument(help="imdb, or mcauley-2023:CATEGORY as in mcauley-2023:Gift_Cards."),
    ],
    out: Annotated[Path, typer.Option(help="Folder to write to.", metavar="DIR")] = Path(),
    *,
    metadata: Annotated[
        bool,
        typer.Option(
            "--metadata",
            help="mcauley-2023: also the file with the products' titles and categories.",
        ),
    ] = False,
    mirror: Annotated[
        str, typer.Option("--from", help="Another address that has the same files.", metavar="URL")
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Fetch a public data set of reviews.

    Shows size and terms and asks before anything is fetched. An interrupted download goes on where
    it stopped when the same command is given again; a finished file is never written again. Its
    digest is kept beside the file, as sha256sum reads it.

    Example:

        reviewdesk fetch mcauley-2023:Gift_Cards --out downloads
    """
    offers = [offer(name, metadata=metadata) for name in names]
    files = [file for one in offers for file in _shown(one, mirror, out)]
    if any(not (out / file[0].rpartition("/")[2]).exists() for file in files):
        _ask(yes)
    fetched = [fetch_file(address, out, size=size, progress=Progress()) for address, size in files]
    if as_json:
        print_json([_json(one) for one in fetched])
        return
    for one in fetched:
        already = " already" if one.already else ""
        say(f"{one.path} is{already} there: {one.bytes:,} bytes, sha256 {one.sha256}")
        if not one.checked:
            note(f"nobody says how large {one.path.name} should be, so it may be cut off")
    places = " ".join(str(one.path) for one in fetched)
    say(f"next: {program()} prepare {places} --out prepared")


def _shown(offer: Offer, mirror: str, out: Path) -> list[tuple[str, int | None]]:
    """Say what is about to be fetched; return the addresses and sizes of the files."""
    note(offer.title)
    note(f"  terms: {offer.terms}; see {offer.page}")
    files = []
    for path in offer.paths:
        address = f"{(mirror or offer.base).rstrip('/')}/{path}"
        size = offer.size
        if size is None and not (out / path.rpartition("/")[2]).exists():
            size = size_of(address)
        shown = "size unknown" if size is None else f"{size:,} bytes ({size / 1e6:,.1f} MB)"
        note(f"  {address}: {shown}")
        files.append((address, size))
    return files


def _ask(yes: bool) -> None:
    if yes:
        return
    print("Fetch it on these terms? [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise UsageError("nothing was fetched; answer y, or give --yes")


def _json(fetched: Fetched) -> dict[str, object]:
    return {
        "file": str(fetched.path),
        "bytes": fetched.bytes,
        "sha256": fetched.sha256,
        "already": fetched.already,
        "size_checked": fetched.checked,
    }
