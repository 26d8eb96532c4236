"""One flipped bit in every file that reviewdesk writes: is it said, or are other data read?

    python bench/bitflips.py --flips 40

Writes generated reviews, and from them everything that later steps read: prepared data as Parquet
and CSV, predictions, findings, bundles of every family as folders and one as an archive, vectors of
words, a graph. Then flips one bit of one file at a time (in its first bytes, its last ones,
anywhere), reads with the functions that later steps read with, and compares what they give by a
digest of its own. Each flip ends in one of three ways: a sentence (an error of reviewdesk's), the
same data (the bit means nothing there, as in a log or a page), or ``OTHER DATA``, which must not
be, nor any other error.
"""

import argparse
import hashlib
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import polars as pl
import pyarrow as pa

from reviewdesk.bundle import load_bundle
from reviewdesk.errors import ReviewdeskError
from reviewdesk.findings.store import folders_in, read_findings
from reviewdesk.graph.schema import TABLES
from reviewdesk.graph.store import Graph
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.seal import read_sealed

TEXTS = ("a sturdy kettle that boils fast", "the album skips", "dull and far too long a book")
FAMILIES = ("linear", "naive-bayes", "tfidf-svc", "fasttext", "cnn", "lstm", "attention")
QUICK = {
    "cnn": ("--set", "epochs=1"),
    "lstm": ("--set", "epochs=1"),
    "attention": ("--set", "epochs=1"),
}

Read = Callable[[Path], bytes]


def command(*words: str | Path) -> int:
    """Run a command of reviewdesk's and return its exit code."""
    done = subprocess.run(
        [sys.executable, "-m", "reviewdesk", *map(str, words)], capture_output=True, check=False
    )
    if done.returncode not in (0, 3, 5, 7):
        raise RuntimeError(done.stderr.decode()[-600:])
    return done.returncode


def read_prepared(place: Path) -> bytes:
    """Return a digest of all reviews."""
    return digest(PreparedData.open(place).table())


def read_bundle(place: Path) -> bytes:
    """Return a digest of what a bundle says of some texts."""
    bundle = load_bundle(place)
    names = bundle.settings.text.fields
    batch = pa.RecordBatch.from_pydict(
        {name: list(TEXTS) if name == "review_body" else [""] * 3 for name in names}
    )
    return bundle.predict_proba(batch).tobytes() + repr(bundle.manifest).encode()


def read_table(place: Path) -> bytes:
    """Return a digest of a table that stands alone."""
    return digest(read_sealed(place))


def read_lists(place: Path) -> bytes:
    """Return a digest of findings."""
    lists = [read_findings(folder) for folder in folders_in(place)]
    return b"".join(digest(one.findings.table) + repr(one.about).encode() for one in lists)


def read_graph(place: Path) -> bytes:
    """Return a digest of a graph's tables."""
    graph = Graph.open(place)
    return b"".join(digest(graph.table(name)) for name in TABLES)


def digest(table: pa.Table) -> bytes:
    """Return a digest of a table's values, as another reader of Arrow sees them."""
    frame = pl.DataFrame(table)
    return hashlib.sha256(frame.write_ndjson().encode()).digest()


def things(folder: Path, families: tuple[str, ...]) -> Iterator[tuple[str, Path, Read]]:
    """Write one of each kind; yield its name, its place and how it is read."""
    raw = folder / "reviews.tsv.gz"
    command("demo-data", "--reviews", "1500", "--out", raw)
    for kind in ("parquet", "csv"):
        command("prepare", raw, "--format", kind, "--out", folder / kind)
        yield f"prepared, {kind}", folder / kind, read_prepared
    data = folder / "parquet"
    for family in families:
        bundle = folder / f"{family}"
        words = ("train", data, "--target", "sentiment", "--model", family, *QUICK.get(family, ()))
        if command(*words, "--out", bundle):
            continue
        yield f"bundle, {family}", bundle, read_bundle
    command("train", data, "--target", "sentiment", "--out", folder / "bundle.tar.gz")
    yield "bundle, archive", folder / "bundle.tar.gz", read_bundle
    predictions = folder / "predictions.parquet"
    command("predict", folder / "linear", data, "--out", predictions)
    yield "predictions", predictions, read_table
    command("find", "declining", data, "--out", folder / "findings")
    yield "findings", folder / "findings", read_lists
    command("graph", "build", data, "--out", folder / "graph")
    yield "graph", folder / "graph", read_graph


def flip(path: Path, random: Random, number: int) -> None:
    """Flip one bit: in the first bytes, in the last ones, or anywhere."""
    raw = bytearray(path.read_bytes())
    ends = (range(min(16, len(raw))), range(max(0, len(raw) - 16), len(raw)), range(len(raw)))
    place = random.choice(ends[number % 4] if number % 4 < 2 else ends[2])
    raw[place] ^= 1 << random.randrange(8)
    path.write_bytes(raw)


def outcome(read: Read, place: Path, expected: bytes) -> str:
    """Read what is damaged and say how it ends."""
    try:
        return "same data" if read(place) == expected else "OTHER DATA"
    except ReviewdeskError as error:
        return "a sentence" if "\n" not in str(error).strip() else "SEVERAL LINES"
    except Exception as error:
        return f"ANOTHER ERROR {type(error).__name__}"


def main() -> None:
    """Print, for each kind, how the flips ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--flips", type=int, default=40)
    parser.add_argument("--families", nargs="*", default=list(FAMILIES))
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    random = Random(asked.seed)
    with tempfile.TemporaryDirectory() as top:
        folder = Path(top)
        for name, place, read in things(folder, tuple(asked.families)):
            expected = read(place)
            seen: Counter[str] = Counter()
            for number in range(asked.flips):
                copy = folder / "copy" / place.name
                shutil.rmtree(copy.parent, ignore_errors=True)
                copy.parent.mkdir()
                (shutil.copytree if place.is_dir() else shutil.copy)(place, copy)
                files = [copy] if copy.is_file() else [p for p in copy.rglob("*") if p.is_file()]
                damaged = random.choice([path for path in sorted(files) if path.stat().st_size])
                flip(damaged, random, number)
                end = outcome(read, copy, expected)
                quiet = end == "a sentence"
                seen[end if quiet else f"{end}: {damaged.relative_to(copy.parent)}"] += 1
            print(name, dict(seen), flush=True)


if __name__ == "__main__":
    main()
