"""What would call a declining product sooner: restarted e-values, sister products, texts.

    REVIEWDESK_DATA=... python -m bench.findings_delay --seeds 10 [--drops 1.0] [--texts]

The drops of ``findings_declining`` are planted in the histories of Digital_Software. Each way gives
a score at each monthly look, and gets the threshold at which 10 % of its calls are wrong on these
very seeds, which is known of none beforehand: so ways are compared by what they see, and not by how
their thresholds are found. The ways:

- *as it is*: the Bayes factor of ``findings/declining/evidence.py``;
- *restarted sum*: e-values of single reviews, the tilted mix over the mix that all reviews so far
  predict, multiplied over those since each start and added up over all starts, a Shiryaev-Roberts
  e-detector (Shin, Ramdas and Rinaldo 2022), for each review so far;
- *restarted product*: the same begun anew whenever it is below 1 (their CUSUM);
- *restarted, mix of the start*: the same with the mix that was predicted at each start;
- *sister products*: as it is, but half of what is taken for granted of a product is the mix of what
  had been reviewed before under the same first word of the title (the maker, or the line);
- *all of one mix*: the same with the mix of all products, to tell what sisters alone bring;
- *told the mix*: the same with the product's own mix before its drop, which nobody knows.

With ``--texts``: what the stars that are read from texts (``linear``, by other products) add to the
stars when the stars of the reviews that follow are foretold.
"""

import argparse
from itertools import pairwise
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from bench.findings_declining import (
    Planted,
    Scores,
    at_best,
    head,
    oracle,
    plant,
    promised,
    real_histories,
    show,
)
from bench.machine import data_folder, machine
from reviewdesk.findings.declining.baselines import FEWEST_REVIEWS, learn_baselines
from reviewdesk.findings.declining.evidence import (
    KINDS,
    NOTHING,
    TILTS,
    Baselines,
    candidates,
    follow_all,
)
from reviewdesk.models.labelled import LabelledReviews
from reviewdesk.models.linear.classifier import Linear
from reviewdesk.settings import SourceSettings
from reviewdesk.sources import open_inputs
from reviewdesk.text.hashing import hash64

FILE: Final = "Digital_Software"
COLUMNS: Final = (
    "product_id",
    "product_title",
    "review_headline",
    "review_body",
    "star_rating",
    "review_date",
)
SISTER_SHARE: Final = 0.5
SISTER_CONCENTRATION: Final = 10.0
FEWEST_OF_SISTERS: Final = 30
FORETOLD: Final = 20
"""Reviews that are foretold from as many before them."""
LARGEST: Final = 1e200
Floats = NDArray[np.float64]


def evidence(made: Planted, baselines: Baselines) -> Floats:
    """Return the Bayes factor at each look, as a logarithm."""
    found = made.found
    ratio, process = np.full(len(found.looks), NOTHING), np.zeros(len(found.looks))
    stars = (found.stars, found.offsets, found.looks, found.look_offsets)
    follow_all(*stars, baselines, candidates(), ratio, process)
    return np.where(found.looks >= FEWEST_REVIEWS, np.maximum(ratio, 0.0), 0.0)


def as_it_is(made: Planted) -> Floats:
    """Return the score of the finder."""
    return evidence(made, learn_baselines(made.found))


def with_mixes(made: Planted, mixes: Floats, known: NDArray[np.bool_]) -> Floats:
    """Return the score when a mix is taken for granted of some products, by half."""
    learnt = learn_baselines(made.found)
    weights = np.pad(learnt.weights[learnt.of], ((0, 0), (0, 1)))
    weights[known] *= 1 - SISTER_SHARE
    weights[known, -1] = SISTER_SHARE
    own = np.where(known[:, None], SISTER_CONCENTRATION * mixes + 0.01, 1.0)
    concentrations = np.concatenate([learnt.concentrations[learnt.of], own[:, None]], axis=1)
    return evidence(made, Baselines(weights, concentrations, np.arange(made.found.products)))


def mixes_of_groups(made: Planted, group: NDArray[np.int64]) -> tuple[Floats, NDArray[np.bool_]]:
    """Return each product's mix of its group, other products' earlier reviews, and where known."""
    found = made.found
    product = np.repeat(np.arange(found.products), found.reviews)
    first_ready = np.full(found.products, np.iinfo(np.int64).max)
    ready = found.looks >= FEWEST_REVIEWS
    np.minimum.at(first_ready, found.product_of_look[ready], found.look_months[ready])
    months = found.days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    mixes, known = np.full((found.products, KINDS), 1 / KINDS), np.zeros(found.products, np.bool_)
    order = np.argsort(group[product], kind="stable")
    ends = np.searchsorted(group[product][order], np.arange(group.max() + 2))
    for one in np.flatnonzero(first_ready < np.iinfo(np.int64).max):
        rows = order[ends[group[one]] : ends[group[one] + 1]]
        rows = rows[(product[rows] != one) & (months[rows] < first_ready[one])]
        if len(rows) >= FEWEST_OF_SISTERS:
            mixes[one] = np.bincount(found.stars[rows], minlength=KINDS) / len(rows)
            known[one] = True
    return mixes, known


def restarted(made: Planted) -> tuple[Floats, Floats, Floats]:
    """Return the sum, the product, and that of the start's mix at each look, as logarithms."""
    found, learnt = made.found, learn_baselines(made.found)
    order = np.argsort(-found.reviews, kind="stable")
    weights, mixtures = learnt.weights[learnt.of][order], learnt.concentrations[learnt.of][order]
    lengths = found.reviews[order]
    counts, shares = np.zeros((len(order), KINDS)), weights.copy()
    totals, tilts = mixtures.sum(axis=2), np.exp(-np.outer(TILTS, np.arange(KINDS)))
    sums, products = np.zeros((len(order), len(TILTS))), np.ones((len(order), len(TILTS)))
    fixed = products.copy()
    at_start = np.full((len(order), len(TILTS), KINDS), 1 / KINDS)  # predicted when it began
    logs = np.zeros((3, len(found.stars)))
    for n in range(int(lengths.max())):
        m = int(np.searchsorted(-lengths, -n, side="left"))  # products with more reviews
        seen = (mixtures[:m] + counts[:m, None]) / (totals[:m] + n)[..., None]  # (m, c, KINDS)
        predicted = (shares[:m, :, None] * seen).sum(axis=1)
        begins = fixed[:m] <= 1
        at_start[:m][begins] = np.broadcast_to(predicted[:, None], (m, len(TILTS), KINDS))[begins]
        place = found.offsets[order[:m]] + n
        star, row = found.stars[place].astype(np.int64), np.arange(m)
        value = tilts[:, star].T / (predicted @ tilts.T)
        sums[:m] = np.minimum((sums[:m] + 1) * value, LARGEST)
        products[:m] = np.clip(np.maximum(products[:m], 1) * value, 1 / LARGEST, LARGEST)
        value = tilts[:, star].T / (at_start[:m] * tilts).sum(axis=2)
        fixed[:m] = np.clip(np.maximum(fixed[:m], 1) * value, 1 / LARGEST, LARGEST)
        for log, values in zip(logs, (sums[:m] / (n + 1), products[:m], fixed[:m]), strict=True):
            log[place] = np.log(np.maximum(values.mean(axis=1), 1.0))
        new = shares[:m] * seen[row, :, star]
        shares[:m] = new / new.sum(axis=1, keepdims=True)
        counts[row, star] += 1
    ends = found.offsets[found.product_of_look] + found.looks - 1
    enough = found.looks >= FEWEST_REVIEWS
    total, product, of_start = np.where(enough, logs[:, ends], 0.0)
    return total, product, of_start


def groups_by_first_word(keys: NDArray[np.uint64], reviews: pa.Table) -> NDArray[np.int64]:
    """Return a number for the first word of each product's title (p,)."""
    hashes = hash64(reviews["product_id"])
    titles = reviews["product_title"].to_pylist()
    word_of = {
        key: (title or "").split(" ")[0].lower() for key, title in zip(hashes, titles, strict=True)
    }
    words = [word_of[key] for key in keys]
    return np.unique(words, return_inverse=True)[1].astype(np.int64)


def read_reviews() -> pa.Table:
    """Read the reviews of the real file."""
    path = data_folder() / "amazon_us" / f"amazon_reviews_us_{FILE}_v1_00.tsv.gz"
    batches = [
        batch.reviews.select(COLUMNS)
        for source in open_inputs([str(path)], SourceSettings())
        for batch in source.read()
    ]
    return pa.Table.from_batches(batches)


def stars_of_texts(reviews: pa.Table) -> Floats:
    """Return the star that each text is expected to have, told by other products' reviews (n,)."""
    groups = hash64(reviews["product_id"])
    expected = np.zeros(len(reviews))
    for side in range(2):
        own = groups % 2 == side
        learn = reviews.filter(pa.array(~own)).append_column(
            "label", pc.subtract(reviews["star_rating"].filter(pa.array(~own)), 1).cast("int32")
        )
        labels = [str(star) for star in range(KINDS)]
        rows = LabelledReviews.of_batches(learn.combine_chunks().to_batches(), labels)
        fitted = Linear(ngrams=2, strength=0.3).fit(rows)
        batch = reviews.filter(pa.array(own)).combine_chunks().to_batches()[0]
        expected[own] = fitted.predict_proba(batch) @ np.arange(1, KINDS + 1)
    return expected


def texts(reviews: pa.Table) -> None:
    """Print how well the next reviews' stars are foretold with and without texts."""
    reviews = reviews.filter(pc.is_valid(reviews["star_rating"]))
    expected, stars = stars_of_texts(reviews), reviews["star_rating"].to_numpy().astype(float)
    day = reviews["review_date"].cast("int32").to_numpy()
    product = np.unique(hash64(reviews["product_id"]), return_inverse=True)[1]
    order = np.lexsort((day, product))
    ends = np.searchsorted(product[order], np.arange(product.max() + 2))
    rows = []
    for start, end in pairwise(ends):
        for now in range(start + 2 * FORETOLD, end - FORETOLD + 1, FORETOLD):
            before, last = order[start : now - FORETOLD], order[now - FORETOLD : now]
            after = order[now : now + FORETOLD]
            means = [stars[before].mean(), stars[last].mean(), expected[before].mean()]
            rows.append([1.0, *means, expected[last].mean(), stars[after].mean()])
    table = np.array(rows)
    print(f"\n{len(table):,} times {FORETOLD} reviews; the share of variance that is foretold by:")
    for name, columns in (
        ("stars", [0, 1, 2]),
        ("stars that are read from texts", [0, 3, 4]),
        ("both", [0, 1, 2, 3, 4]),
    ):
        weights = np.linalg.lstsq(table[:, columns], table[:, -1], rcond=None)[0]
        left = table[:, -1] - table[:, columns] @ weights
        print(f"  {name}: {1 - left.var() / table[:, -1].var():.4f}")


def main() -> None:
    """Print a table for each drop, and what texts add."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--drops", nargs="*", type=float, default=[1.0])
    parser.add_argument("--fewest", type=int, default=20)
    parser.add_argument("--texts", action="store_true")
    given = parser.parse_args()
    print(machine())
    reviews = read_reviews()
    real = real_histories(data_folder(), [FILE])
    sisters, everyone = groups_by_first_word(real.keys, reviews), np.zeros(real.products, np.int64)
    ways: dict[str, Scores] = {
        "as it is": as_it_is,
        "restarted sum": lambda made: restarted(made)[0],
        "restarted product": lambda made: restarted(made)[1],
        "restarted, mix of the start": lambda made: restarted(made)[2],
        "sister products": lambda made: with_mixes(made, *mixes_of_groups(made, sisters)),
        "all of one mix": lambda made: with_mixes(made, *mixes_of_groups(made, everyone)),
        "told the mix": lambda made: with_mixes(
            made, made.mixes, np.ones(made.found.products, np.bool_)
        ),
        "oracle CUSUM": oracle,
    }
    for drop in given.drops:
        planted = [plant(real, seed, drop, 0.1, given.fewest) for seed in range(given.seeds)]
        head(f"A drop of {drop} stars, {given.fewest} reviews or more, {given.seeds} seeds")
        calls = promised(planted)
        for name, score in ways.items():
            show(name, *at_best(planted, score, calls))
    if given.texts:
        texts(reviews)


if __name__ == "__main__":
    main()
