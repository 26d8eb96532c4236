"""Prepare millions of generated reviews in bounded memory, beside what people write by hand.

python -m bench.prepare_scale --reviews 2000000 --limit-mib 2048

The other program is pandas, BeautifulSoup, NLTK's TreebankWordTokenizer and PorterStemmer on the
first rows of the same file; it does what `reviewdesk prepare --tokens --stem` does. Exits with 1
when a preparation needed more memory than the limit.
"""

import argparse
import gzip
import json
import sys
import tempfile
import time
import warnings
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import pandas as pd
from bs4 import BeautifulSoup, MarkupResemblesLocatorWarning
from nltk.stem.porter import PorterStemmer
from nltk.tokenize import TreebankWordTokenizer

from bench.machine import REVIEWDESK, Usage, machine, measured
from reviewdesk.text.stop_words import STOP_WORDS

JOBS = (
    ("reading alone: gzip", None),
    ("without tokens", ()),
    ("tokens", ("--tokens",)),
    ("tokens, stemmed", ("--tokens", "--stem")),
)
HEADER = (
    "| what | reviews | seconds | reviews/s | CPU seconds | peak MiB |\n|---|---|---|---|---|---|"
)


def main() -> int:
    """Print one table and the ratio."""
    arguments = parsed(sys.argv[1:])
    if arguments.by_hand:
        prepare_by_hand(Path(arguments.by_hand), Path(arguments.by_hand).parent)
        return 0
    print(f"{machine()}\n\n{HEADER}")
    with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
        folder = Path(name)
        file, part = folder / "reviews.tsv.gz", folder / "part.tsv.gz"
        made = measured(
            [*REVIEWDESK, "demo-data", "--reviews", str(arguments.reviews), "--out", str(file)]
        )
        print(row("generating", arguments.reviews, made))
        peaks = []
        for job, options in JOBS:
            if options is None:
                print(row(job, arguments.reviews, unzipping(file)))
                continue
            ours = prepared(file, folder / "out", options)
            print(row(job, arguments.reviews, ours), flush=True)
            peaks.append(ours.peak_mib)
        head(file, part, arguments.sample)
        same = prepared(part, folder / "part", ("--tokens", "--stem"))
        print(row("the sample: tokens, stemmed", arguments.sample, same))
        other = measured([sys.executable, "-m", "bench.prepare_scale", "--by-hand", str(part)])
        print(row("the sample: pandas, BeautifulSoup, NLTK", arguments.sample, other))
    by_hand = json.loads(other.output)
    ratios = [
        f"{theirs / arguments.sample / (mine / arguments.reviews):.0f} times by {what}"
        for what, theirs, mine in (
            ("the clock", by_hand["wall"], ours.wall),
            ("CPU time", by_hand["cpu"], ours.cpu),
        )
    ]
    print(f"\nas fast as by hand, whose imports are left out: {', '.join(ratios)}")
    within = max(peaks) <= arguments.limit_mib
    print(
        f"peak {max(peaks):,.0f} MiB of {arguments.limit_mib:,} MiB: {'in' if within else 'OVER'}"
    )
    return 0 if within else 1


def parsed(words: Sequence[str]) -> argparse.Namespace:
    """Return the command line's values."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reviews", type=int, default=2_000_000)
    parser.add_argument("--sample", type=int, default=20_000)
    parser.add_argument("--limit-mib", type=int, default=2_048)
    parser.add_argument("--folder", default=None, help="where to write; a temporary place if not")
    parser.add_argument("--by-hand", default="", help=argparse.SUPPRESS)
    return parser.parse_args(words)


def row(what: str, reviews: int, usage: Usage) -> str:
    """Return one row of the table."""
    return (
        f"| {what} | {reviews:,} | {usage.wall:.1f} | {reviews / usage.wall:,.0f} "
        f"| {usage.cpu:.1f} | {usage.peak_mib:,.0f} |"
    )


def prepared(file: Path, out: Path, options: Sequence[str]) -> Usage:
    """Prepare a file and check that no row was lost."""
    usage = measured(
        [*REVIEWDESK, "prepare", str(file), "--out", str(out), "--overwrite", "--json", *options]
    )
    rows = json.loads(usage.output)["rows"]
    if rows["read"] != rows["rejected"] + rows["dropped"] + rows["written"]:
        sys.exit(f"rows were lost: {rows}")
    return usage


def unzipping(file: Path) -> Usage:
    """Return what decompressing alone takes, with the same library that prepare reads with."""
    read = "import sys, gzip, collections as c; f = gzip.open(sys.argv[1]); "
    loop = "c.deque(iter(lambda: f.read(1 << 20), b''), maxlen=0)"
    return measured([sys.executable, "-c", read + loop, str(file)])


def head(file: Path, part: Path, rows: int) -> None:
    """Write the first rows of a file, and its header, to another one."""
    with gzip.open(file) as source, gzip.open(part, "wb") as target:
        target.writelines(islice(source, rows + 1))


def prepare_by_hand(file: Path, folder: Path) -> None:
    """Do the same as people do it by hand; print the seconds without imports."""
    warnings.simplefilter("ignore", MarkupResemblesLocatorWarning)
    begin, cpu = time.perf_counter(), time.process_time()
    tokenizer, stemmer = TreebankWordTokenizer(), PorterStemmer()

    def tokens(body: str) -> str:
        words = (word.lower() for word in tokenizer.tokenize(body))
        kept = (word for word in words if word.isalnum() and word not in STOP_WORDS)
        return " ".join(stemmer.stem(word) for word in kept)

    reviews = pd.read_csv(file, sep="\t", quoting=3, dtype=str, keep_default_na=False)
    for column in ("review_body", "review_headline", "product_title"):
        reviews[column] = [
            BeautifulSoup(text, "html.parser").get_text() for text in reviews[column]
        ]
    lengths = reviews["review_body"].str.len()
    reviews = reviews[(lengths >= 5) & (lengths <= 5000)]
    reviews = reviews.drop_duplicates("review_id")
    reviews = reviews.drop_duplicates(
        [name for name in reviews if name not in ("review_id", "helpful_votes", "total_votes")]
    )
    reviews["review_tokens"] = reviews["review_body"].map(tokens)
    reviews["review_month"] = reviews["review_date"].str[:7]
    reviews.to_parquet(folder / "by-hand", partition_cols=["review_month"])
    print(json.dumps({"wall": time.perf_counter() - begin, "cpu": time.process_time() - cpu}))


if __name__ == "__main__":
    sys.exit(main())
