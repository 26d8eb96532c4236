"""Prepare the real files through the command line: rows, reasons, reviews a second, peak memory.

REVIEWDESK_DATA=... python -m bench.prepare_real
"""

import json
import tempfile
from pathlib import Path

from bench.machine import REVIEWDESK, data_folder, machine, measured

JOBS = (
    ("Gift_Card", "amazon_us/amazon_reviews_us_Gift_Card_v1_00.tsv.gz", ()),
    ("Digital_Software", "amazon_us/amazon_reviews_us_Digital_Software_v1_00.tsv.gz", ()),
    ("all of amazon_us", "amazon_us", ()),
    ("IMDb", "imdb/aclImdb_train.tar.gz", ()),
    ("IMDb, any length", "imdb/aclImdb_train.tar.gz", ("--max-chars", "0")),
    (
        "categories25",
        "categories/categories25.jsonl.gz",
        ("--map", "review_body=text", "--map", "product_category=category"),
    ),
)


def main() -> None:
    """Print one table."""
    print(f"{machine()}\n")
    print("| file | rows | written | rejected | dropped | seconds | reviews/s | peak MiB |")
    print("|---|---|---|---|---|---|---|---|")
    for name, place, options in JOBS:
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "prepared"
            command = [*REVIEWDESK, "prepare", str(data_folder() / place), *options]
            usage = measured([*command, "--out", str(out), "--json"])
            rows = json.loads(usage.output)["rows"]
            dropped = json.loads(usage.output)["dropped"]
        lost = ", ".join(f"{rule} {n:,}" for rule, n in dropped.items() if n) or "0"
        print(
            f"| {name} | {rows['read']:,} | {rows['written']:,} | {rows['rejected']:,} | {lost} "
            f"| {usage.wall:.1f} | {rows['read'] / usage.wall:,.0f} | {usage.peak_mib:,.0f} |"
        )


if __name__ == "__main__":
    main()
