"""Time and memory of the finders that compare products, on generated reviews.

python -m bench.findings_products_scale --reviews 100000 1000000
"""

import argparse
import tempfile
from pathlib import Path
from typing import Final

from bench.machine import REVIEWDESK, machine, measured

FINDERS: Final = ("similar", "misplaced")
_RUN: Final = """
import sys
from reviewdesk.findings.base import FinderInputs
from reviewdesk.job.find import new_finder
from reviewdesk.prepare.prepared import PreparedData
found = new_finder(sys.argv[1], {}).find(FinderInputs(PreparedData.open(sys.argv[2])))
print(found.looked_at)
"""


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reviews", nargs="+", type=int, default=[100_000, 1_000_000])
    given = parser.parse_args()
    print(f"{machine()}\n\n| finder | reviews | looked at | seconds | CPU seconds | peak MiB |")
    print("|---|---|---|---|---|---|")
    for reviews in given.reviews:
        with tempfile.TemporaryDirectory() as name:
            file, folder = Path(name) / "reviews.tsv.gz", Path(name) / "prepared"
            measured([*REVIEWDESK, "demo-data", "--reviews", str(reviews), "--out", str(file)])
            measured([*REVIEWDESK, "prepare", str(file), "--out", str(folder)])
            for finder in FINDERS:
                used = measured([REVIEWDESK[0], "-c", _RUN, finder, str(folder)])
                print(
                    f"| {finder} | {reviews:,} | {int(used.output):,} | {used.wall:.0f} | "
                    f"{used.cpu:.0f} | {used.peak_mib:,.0f} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
