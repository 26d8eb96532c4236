"""Similar products, beside popularity, TF-IDF cosines and gensim's Doc2Vec.

python -m bench.findings_similar --epochs 10 --seeds 0 1 2

The Amazon files. Two truths that no text is read for: products that the same customers reviewed
(variants of the product itself left out of every ranking), and variants of one product. Recall@10:
what part of a product's truth is among the ten most alike; beside it what part of ten, where there
are more. Intervals, 95 %, over products drawn anew. With ``--apart`` the texts of customers who
reviewed several products are left out, so that nobody's way of writing makes two products alike.
"""

import argparse
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from gensim.models.doc2vec import Doc2Vec, TaggedDocument
from numpy.typing import NDArray
from scipy import sparse

from bench.findings_catalogue import amazon, codes, prepared, texts_of, tfidf
from bench.machine import machine
from reviewdesk.findings.products import Products, read_products
from reviewdesk.findings.review_terms import ReviewTerms
from reviewdesk.findings.similar.neighbours import nearest
from reviewdesk.findings.similar.vectors import count_terms, indicators, rarity, weigh
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.stats.jackknife import Jackknife
from reviewdesk.text.tokens import tokenize
from reviewdesk.training.figures import figure, mean

K: Final = 10
BLOCK: Final = 512

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]
Scores = Callable[[slice], Floats]
"""From a block of products to how alike all are to each, (block, p)."""


class Truth(NamedTuple):
    """Which products belong together, and which may not be ranked beside each other."""

    name: str
    related: sparse.csr_array  # (p, p)
    barred: Ints  # (p,) equal for products that may not


def truths(table: pa.Table, products: Products) -> list[Truth]:
    """Return both truths.

    Args:
        table: product_id, product_parent and customer_id of all reviews, also of those whose texts
            are left out.
        products: those that are ranked.
    """
    place = {name: number for number, name in enumerate(products.ids)}
    named = table.column("product_id").to_pylist()
    product = np.array([place.get(name, -1) for name in named])
    there = np.flatnonzero(product >= 0)
    p = len(products)
    customers = _together(product[there], codes(table.column("customer_id"))[there], p)
    variants = _together(product[there], codes(table.column("product_parent"))[there], p)
    others = sparse.csr_array(customers - customers.multiply(variants))
    others.eliminate_zeros()
    variants.setdiag(0)
    variants.eliminate_zeros()
    return [
        Truth("the same customers", others, products.variant),
        Truth("variants", variants, np.arange(p)),
    ]


def _together(product: Ints, owner: Ints, products: int) -> sparse.csr_array:
    """Return ones for products with an owner in common, (p, p)."""
    ones = np.ones(len(product), np.float32)
    has = sparse.csr_array((ones, (product, owner)), shape=(products, int(owner.max()) + 1))
    found = sparse.csr_array(has @ has.T)
    found.data[:] = 1
    return found


def by_scores(scores: Scores, barred: Ints) -> Ints:
    """Return the K most alike of each product, (p, K)."""
    found = []
    for at in range(0, len(barred), BLOCK):
        block = slice(at, min(at + BLOCK, len(barred)))
        alike = scores(block)
        alike[barred[block, None] == barred[None, :]] = -np.inf
        found.append(np.argsort(-alike, axis=1, kind="stable")[:, :K])
    return np.concatenate(found)


def cosine(vectors: sparse.csr_matrix | Floats) -> Scores:
    """Compare rows of length one."""
    if isinstance(vectors, np.ndarray):
        return lambda block: np.asarray(vectors[block] @ vectors.T)
    return lambda block: np.asarray((vectors[block] @ vectors.T).toarray())


def popularity(products: Products) -> Scores:
    """Rank by how many reviews a product has, those of the same category first."""
    reviews, category = products.reviews.astype(np.float32), products.category
    return lambda block: reviews * np.where(category[block, None] == category, 1, 1e-6)


def doc2vec(texts: list[str], seed: int, epochs: int) -> Floats:
    """Return gensim's vectors of products (PV-DBOW), rows of length one."""
    tagged = [TaggedDocument(tokenize(text), [place]) for place, text in enumerate(texts)]
    model = Doc2Vec(tagged, dm=0, vector_size=100, min_count=3, epochs=epochs, workers=1, seed=seed)
    vectors = np.stack([model.dv[place] for place in range(len(texts))])
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def ours(data: PreparedData, products: Products, *, titles: bool) -> Callable[[Ints], Ints]:
    """Return rankings as the finder makes them, by what may not be ranked."""
    terms = ReviewTerms(data)
    counts = count_terms(terms, products)
    named = terms.of(products.titles if titles else [None] * len(products))
    weights = weigh(counts, indicators(named, len(terms.names)), rarity(counts))

    def rank(barred: Ints) -> Ints:
        every = np.arange(len(products))
        most = K + int(np.bincount(barred).max())
        found = nearest(weights, every, most, category=products.category, variant=every).products
        kept = (found >= 0) & (barred[found] != barred[:, None])
        rank = np.cumsum(kept, axis=1)
        result = np.full((len(products), K), -1)
        row, column = np.nonzero(kept & (rank <= K))
        result[row, rank[row, column] - 1] = found[row, column]
        return result

    return rank


def recalls(ranking: Ints, truth: Truth) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return recall@10 of each product that has a truth, and the same of ten at most."""
    sizes = np.diff(truth.related.indptr)
    rows = np.flatnonzero(sizes)
    hits = np.array(
        [
            np.isin(
                ranking[row], truth.related.indices[slice(*truth.related.indptr[row : row + 2])]
            )
            .sum()
            .item()
            for row in rows
        ]
    )
    return hits / sizes[rows], hits / np.minimum(sizes[rows], K)


def methods(
    data: PreparedData, products: Products, seeds: list[int], epochs: int
) -> Iterator[tuple[str, Callable[[Ints], Ints]]]:
    """Yield every method: from what may not be ranked to its rankings."""
    said: list[list[str]] = [[] for _ in products.ids]
    texts = texts_of(data.table(["review_headline", "review_body"]))
    for product, text in zip(products.of_review.tolist(), texts, strict=True):
        said[product].append(text)
    joined = [" ".join(one) for one in said]

    def ranked(scores: Scores) -> Callable[[Ints], Ints]:
        return lambda barred: by_scores(scores, barred)

    yield "popularity in the category", ranked(popularity(products))
    yield "TF-IDF cosine", ranked(cosine(tfidf(joined)))
    yield "TF-IDF cosine, log counts", ranked(cosine(tfidf(joined, sublinear_tf=True)))
    stopped = tfidf(joined, stop_words="english", ngram_range=(1, 2))
    yield "TF-IDF cosine, pairs, no stop words", ranked(cosine(stopped))
    for seed in seeds:
        yield f"Doc2Vec, seed {seed}", ranked(cosine(doc2vec(joined, seed, epochs)))
    yield "ours without titles", ours(data, products, titles=False)
    yield "ours", ours(data, products, titles=True)


def apart(data: PreparedData, out: Path) -> PreparedData:
    """Prepare the reviews of customers who reviewed one product only."""
    table = data.table().drop_columns(["copy_of"])
    customer, product = codes(table.column("customer_id")), codes(table.column("product_id"))
    pairs = np.unique(np.stack([customer, product]), axis=1)
    one = np.bincount(pairs[0])[customer] == 1
    file = out.with_suffix(".parquet")
    pq.write_table(table.filter(pa.array(one)), file)
    return prepared(file, out)


def main() -> None:
    """Print one table for each truth."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--apart", action="store_true")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--seeds", nargs="*", type=int, default=[0])
    given = parser.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory() as name:
        data = amazon(Path(name) / "amazon")
        table = data.table(["product_id", "product_parent", "customer_id"])
        if given.apart:
            data = apart(data, Path(name) / "apart")
        products = read_products(data)
        both = truths(table, products)
        counted = ", ".join(f"{np.sum(np.diff(one.related.indptr) > 0):,}" for one in both)
        print(f"{len(products):,} products, with a truth of either kind: {counted}\n")
        print("| method | truth | recall@10 | of ten at most |\n|---|---|---|---|")
        for method, rank in methods(data, products, given.seeds, given.epochs):
            for truth in both:
                values = recalls(rank(truth.barred), truth)
                jackknife = Jackknife(len(values[0]))
                said = [
                    "{:.3f} ({:.3f}-{:.3f})".format(*figure(mean(one, jackknife, 1.0)))
                    for one in values
                ]
                print(f"| {method} | {truth.name} | {' | '.join(said)} |", flush=True)


if __name__ == "__main__":
    main()
