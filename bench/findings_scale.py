"""Time and memory of all finders on generated reviews, each in a process of its own.

python -m bench.findings_scale --reviews 100000 1000000

Measured are whole commands: reading, finding, and writing tables and the page. The predictions of
categories are drawn, as what is measured here reads them and does not make them; ``--predict``
measures also how long making them takes.
"""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from scipy.special import softmax

from bench.machine import REVIEWDESK, machine, measured
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.schema import EVIDENCE, predictions_schema

FINDERS: Final[dict[str, Sequence[str]]] = {
    "review-category": ("category",),
    "product-category": ("category",),
    "declining": (),
    "similar": (),
}
SURE: Final = 4.0
NOISE: Final = 1.5
WRONG: Final = 0.03
"""Of so many reviews the drawn predictions name another category."""


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reviews", nargs="+", type=int, default=[100_000, 1_000_000])
    parser.add_argument("--finders", nargs="+", choices=FINDERS, default=list(FINDERS))
    parser.add_argument("--predict", action="store_true", help="also make the predictions")
    given = parser.parse_args()
    print(f"{machine()}\n\n| command | reviews | seconds | CPU seconds | peak MiB |")
    print("|---|---|---|---|---|", flush=True)
    for reviews in given.reviews:
        with tempfile.TemporaryDirectory() as name:
            _measure(Path(name), reviews, given.finders, predict=given.predict)


def _measure(folder: Path, reviews: int, finders: Sequence[str], *, predict: bool) -> None:
    file, data = folder / "reviews.tsv.gz", folder / "prepared"
    measured([*REVIEWDESK, "demo-data", "--reviews", str(reviews), "--out", str(file)])
    measured([*REVIEWDESK, "prepare", str(file), "--out", str(data)])
    file.unlink()
    tables = [folder / f"head{seed}.parquet" for seed in (0, 1)]
    for seed, path in enumerate(tables):
        draw_predictions(PreparedData.open(data), path, seed)
    given = [f"--predictions={path}" for path in tables]
    asked = {name: given if FINDERS[name] else [] for name in finders}
    if predict:
        asked["product-category, with its predictions"] = []
    for name, options in asked.items():
        out = folder / "found" / name.replace(" ", "-")
        command = [*REVIEWDESK, "find", name.partition(",")[0], str(data), "--out", str(out)]
        used = measured([*command, *options])
        print(
            f"| find {name} | {reviews:,} | {used.wall:.0f} | {used.cpu:.0f} | "
            f"{used.peak_mib:,.0f} |",
            flush=True,
        )


def draw_predictions(data: PreparedData, path: Path, seed: int) -> None:
    """Write a predictions table that is mostly right."""
    names = sorted(data.manifest["categories"])
    k, random = len(names), np.random.default_rng([seed, 7])
    wrong = np.random.default_rng(3)  # the same reviews in every table
    schema = predictions_schema(names, "category")
    with pq.ParquetWriter(path, schema) as file:
        for batch in data.batches(["review_id", "product_category"]):
            n = len(batch)
            own = pc.index_in(batch.column("product_category"), pa.array(names)).to_numpy()
            other = wrong.integers(0, k, n)
            said = np.where(wrong.random(n) < WRONG, other, own)
            scores = random.normal(0, NOISE, (n, k)).astype(np.float32)
            scores[np.arange(n), said] += SURE
            shares = softmax(scores, axis=1).astype(np.float32)
            best = shares.argmax(axis=1)
            columns = [
                batch.column("review_id"),
                pa.repeat(pa.scalar(f"drawn-{seed}"), n),
                pa.array(random.integers(0, 5, n), pa.int16()),
                pa.array(names).take(pa.array(best)),
                pa.array(shares[np.arange(n), best]),
                pa.FixedSizeListArray.from_arrays(pa.array(shares.ravel()), k),
                pa.nulls(n, EVIDENCE),
            ]
            file.write_table(pa.table(columns, schema=schema))


if __name__ == "__main__":
    main()
