"""Approximate neighbours beside exact ones: CPU seconds, and the share of the ten nearest found.

python -m bench.findings_similar_scale --products 10000 30000 100000 --amazon --reviews 660000

Made-up products speak of three topics of a thousand and of anything, in 250 terms drawn by Zipf's
law, weighed by how rare they are; every tenth is a variant of another. ``--amazon``: the products
of all Amazon files; ``--reviews``: those of a generated corpus. The exact search is timed on a
thousand products at most, its seconds for all are in proportion. One process, one thread.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from bench.findings_catalogue import amazon, prepared
from bench.machine import machine
from reviewdesk.findings.products import read_products
from reviewdesk.findings.review_terms import ReviewTerms
from reviewdesk.findings.similar.approximate import nearly_nearest
from reviewdesk.findings.similar.neighbours import nearest
from reviewdesk.findings.similar.search import share_found
from reviewdesk.findings.similar.vectors import product_vectors
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.settings import DemoSettings
from reviewdesk.sources.generated import generate

K: Final = 10
PROBES: Final = 1_000
TERMS: Final = 100_000
OF_PRODUCT: Final = 250
TOPICS: Final = 1_000
SEED: Final = 100

R = TypeVar("R")


class Catalogue(NamedTuple):
    """What both searches are given."""

    weights: sparse.csr_array
    category: NDArray[np.int32]
    variant: NDArray[np.int64]


def made_up(products: int) -> Catalogue:
    """Return products of made-up vectors, the same for the same number."""
    random = np.random.default_rng(SEED)
    zipf = np.cumsum(1 / np.arange(1, TERMS + 1))
    zipf /= zipf[-1]
    blocks = []
    for at in range(0, products, 10_000):
        shape = (min(10_000, products - at), OF_PRODUCT)
        rank = np.searchsorted(zipf, random.random(shape)).astype(np.int64)
        topics = random.integers(TOPICS, size=(shape[0], 3))
        topic = np.take_along_axis(topics, random.integers(3, size=shape), axis=1)
        of_topic = (rank * 7_919 + topic * 104_729 + 13) % TERMS  # its own order of all terms
        columns = np.where(random.random(shape) < 0.3, of_topic, rank)
        row = np.repeat(np.arange(shape[0]), OF_PRODUCT)
        ones = np.ones(columns.size, np.float32)
        blocks.append(sparse.csr_array((ones, (row, columns.ravel())), (shape[0], TERMS)))
    weights = sparse.csr_array(sparse.vstack(blocks, format="csr"))
    rarity = np.log((1 + products) / (1 + np.bincount(weights.indices, minlength=TERMS))) + 1
    weights.data = (np.sqrt(weights.data) * rarity[weights.indices] ** 1.25).astype(np.float32)
    lengths = np.sqrt(np.add.reduceat(weights.data**2, weights.indptr[:-1]))
    weights.data /= np.repeat(lengths, np.diff(weights.indptr)).astype(np.float32)
    variant = np.arange(products)
    variant[::10] = variant[min(1, products - 1) :: 10][: len(variant[::10])]
    _, variant = np.unique(variant, return_inverse=True)
    return Catalogue(weights, random.integers(20, size=products).astype(np.int32), variant)


def of_reviews(data: PreparedData) -> Catalogue:
    """Return the products of reviews."""
    products = read_products(data)
    weights = product_vectors(ReviewTerms(data), products).weights
    return Catalogue(weights, products.category, products.variant)


def generated(reviews: int, folder: Path) -> Catalogue:
    """Return the products of a generated corpus."""
    file = folder / "reviews.tsv"
    generate(file, DemoSettings(reviews=reviews, seed=SEED))
    return of_reviews(prepared(file, folder / "prepared"))


def timed(job: Callable[[], R]) -> tuple[R, float]:
    """Return what a job returns, and its CPU seconds."""
    begin = time.process_time()
    return job(), time.process_time() - begin


def row(name: str, catalogue: Catalogue) -> str:
    """Return one row of the table."""
    weights, category, variant = catalogue
    products = weights.shape[0]
    probes = np.random.default_rng(SEED).permutation(products)[:PROBES]
    found, quick = timed(lambda: nearly_nearest(weights, K, category=category, variant=variant))
    known, slow = timed(lambda: nearest(weights, probes, K, category=category, variant=variant))
    share = share_found(found.products[probes], known.products)
    terms = weights.nnz / products
    exact = slow * products / len(probes)
    return f"| {name} | {products:,} | {terms:.0f} | {exact:,.0f} | {quick:,.0f} | {share:.3f} |"


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--products", nargs="*", type=int, default=[10_000, 30_000, 100_000])
    parser.add_argument("--amazon", action="store_true")
    parser.add_argument("--reviews", nargs="*", type=int, default=[])
    given = parser.parse_args()
    row("compiles the kernels", made_up(200))
    print(machine())
    print("\n| products | number | terms each | exact, s | approximate, s | found |")
    print("|---|---|---|---|---|---|", flush=True)
    for products in given.products:
        print(row("made up", made_up(products)), flush=True)
    with tempfile.TemporaryDirectory() as name:
        if given.amazon:
            print(row("Amazon", of_reviews(amazon(Path(name) / "amazon"))), flush=True)
    for reviews in given.reviews:
        with tempfile.TemporaryDirectory() as name:
            print(row("generated", generated(reviews, Path(name))), flush=True)


if __name__ == "__main__":
    main()
