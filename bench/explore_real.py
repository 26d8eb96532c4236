"""Explore the real files through the command line: seconds, peak memory, the page's size.

REVIEWDESK_DATA=... python -m bench.explore_real
"""

import json
import shutil
import tempfile
import time
from pathlib import Path

from bench.machine import REVIEWDESK, data_folder, machine, measured
from bench.prepare_real import JOBS as PREPARED
from reviewdesk.prepare.prepared import PreparedData

JOBS = (*PREPARED, ("McAuley 2018", "mcauley_2018", ()))


def main() -> None:
    """Print one table."""
    print(f"{machine()}\n")
    print(
        "| data | reviews | wall s | CPU s | counts s | terms s | peak MiB | page kB | opens in s |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for name, place, options in JOBS:
        with tempfile.TemporaryDirectory() as folder:
            print(_row(name, str(data_folder() / place), options, Path(folder)), flush=True)


def _row(name: str, place: str, options: tuple[str, ...], folder: Path) -> str:
    prepared, page = folder / "prepared", folder / "page.html"
    measured([*REVIEWDESK, "prepare", place, "--out", str(prepared), *options])
    usage = measured([*REVIEWDESK, "explore", str(prepared), "--out", str(page)])
    seconds = json.loads((folder / "page.figures" / "log.json").read_text())["seconds"]
    return (
        f"| {name} | {PreparedData.open(prepared).rows:,} | {usage.wall:.1f} | {usage.cpu:.1f} "
        f"| {seconds['counts']:.1f} | {seconds['terms']:.1f} | {usage.peak_mib:.0f} "
        f"| {page.stat().st_size / 1000:.0f} | {_opens(page)} |"
    )


def _opens(page: Path) -> str:
    """Return the seconds until Chromium has loaded and laid out the page."""
    chromium = shutil.which("chromium")
    if chromium is None:
        return "no Chromium"
    from playwright.sync_api import sync_playwright  # noqa: PLC0415  (only where there is a browser)

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        tab = browser.new_page()
        begin = time.perf_counter()
        tab.goto(page.as_uri())
        tab.evaluate("document.body.offsetHeight")
        seconds = time.perf_counter() - begin
        browser.close()
    return f"{seconds:.1f}"


if __name__ == "__main__":
    main()
