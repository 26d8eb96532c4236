"""What the benches of findings share: right reviews, errors planted in them, and two base models'
words.

    world = load("categories14-alike", seed=0)
    planted = plant(world, product_category=0.03, moves="confusable", seed=0)
    probabilities = planted.probabilities()  # two of (n, k), cross-fitted by product

What base models say is kept in the folder that ``REVIEWDESK_BENCH_CACHE`` names (without it, in one
for temporary files), by everything that it depends on but the code: remove it when the families
change.
"""

import datetime
import gzip
import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from bench.findings_products import deal_alike, deal_at_random
from bench.machine import data_folder
from bench.trials import cache_folder
from reviewdesk.examples.folds import deal_folds
from reviewdesk.job.base_models import BASE_MODELS
from reviewdesk.models.catalog import CLASSIFIERS
from reviewdesk.models.labelled import LabelledReviews
from reviewdesk.settings import CleanSettings, DemoSettings, PlantSettings, SourceSettings
from reviewdesk.sources import open_inputs
from reviewdesk.sources.generated import generate
from reviewdesk.sources.truth.facts import NO_DAY, NO_STARS, NONE, ReviewFacts
from reviewdesk.sources.truth.moves import Categories
from reviewdesk.sources.truth.planting import Planting, plan_errors
from reviewdesk.sources.truth.similarity import CategoryWords
from reviewdesk.text.clean import clean_batch
from reviewdesk.text.hashing import hash64
from reviewdesk.text.tokens import normalised_key

COLUMNS: Final = ("review_headline", "review_body")
MOST_OF_A_PRODUCT: Final = 60
FOLDED: Final = {"Gift_Cards": "Gift_Card", "Digital_Ebook_Purchase": "Books"}
LEFT_OUT: Final = ("AMAZON_FASHION_5", "Appliances_5")  # too few distinct texts

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class World:
    """n reviews that stand where they belong.

    Args:
        name: which, with the seed that it was dealt by.
        texts: (n) ``review_headline`` and ``review_body``.
        facts: products, categories, days, stars.
        names: the k categories.
        product_ids: (p,) the products' ids.
    """

    name: str
    texts: pa.Table
    facts: ReviewFacts
    names: list[str]
    product_ids: pa.Array

    def __len__(self) -> int:
        return len(self.texts)

    @cached_property
    def text_keys(self) -> NDArray[np.uint64]:
        """Equal for bodies that count as the same text, (n,)."""
        return hash64(normalised_key(self.texts["review_body"].combine_chunks()))


@dataclass(frozen=True, eq=False)
class PlantedWorld:
    """Reviews of which some stand where they do not belong.

    Args:
        world: where they belong.
        settings: what was planted.
        planting: what became of them.
    """

    world: World
    settings: PlantSettings
    planting: Planting

    @cached_property
    def assigned(self) -> Ints:
        """The category in which each review stands, (n,)."""
        like, own = self.planting.like, self.world.facts.category
        category = np.where(like == NONE, own, own[like])
        changed = np.where(self.planting.category == NONE, category, self.planting.category)
        return changed.astype(np.int32)

    @cached_property
    def product(self) -> Ints:
        """The product under which each review stands, (n,); -1 for none."""
        like, own = self.planting.like, self.world.facts.product
        return np.where(like == NONE, own, own[like]).astype(np.int32)

    @property
    def right(self) -> Ints:
        """The category in which each review belongs, (n,)."""
        return self.world.facts.category

    @property
    def review_category(self) -> NDArray[np.bool_]:
        """Which reviews stand under a product that they are not about, (n,)."""
        moved: NDArray[np.bool_] = self.planting.like != NONE
        return moved

    @property
    def stars(self) -> NDArray[np.int8]:
        """The stars that each review shows, (n,); 0 for none."""
        said, own = self.planting.said, self.world.facts.stars
        return np.where(said == NONE, own, own[said]).astype(np.int8)

    @property
    def texts(self) -> pa.Table:
        """The texts that each review shows, (n)."""
        said = self.planting.said
        rows = np.where(said == NONE, np.arange(len(said)), said)
        return self.world.texts.take(pa.array(rows))

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Return how many bytes each review has that is shown, (n,)."""
        parts = [pc.binary_length(self.texts[name]).fill_null(0) for name in COLUMNS]
        return np.asarray(pc.add(*parts).to_numpy(), np.int64)

    def probabilities(self, *, folds: int = 5, seed: int = 0) -> list[Floats]:
        """Return what each head says of every review without having seen its product, (n, k)."""
        return [
            self._base_model(family, asked, folds, seed)
            for family, asked in BASE_MODELS["category"]
        ]

    def fold(self, folds: int = 5, seed: int = 0) -> NDArray[np.int16]:
        """Return the fold of each review, (n,): of one product all are in one."""
        return deal_folds(self.assigned, self._groups(), folds, seed)

    def _groups(self) -> NDArray[np.uint64]:
        alone = self.product == NONE
        keys = np.append(self.world.facts.product_key, np.uint64(0))[self.product]
        return np.where(alone, self.world.facts.key, keys)

    def _base_model(
        self, family: str, settings: Mapping[str, Any], folds: int, seed: int
    ) -> Floats:
        planted = [self.world.name, self.settings.to_json(), len(self.world)]
        about = json.dumps([*planted, family, dict(settings), folds, seed])
        digest = hashlib.sha256(about.encode()).hexdigest()[:24]
        path = cache_folder() / f"{digest}.npy"
        if not path.exists():
            found = self._fit(family, settings, folds, seed)
            aside = path.with_suffix(f".{os.getpid()}.npy")
            np.save(aside, found)
            aside.replace(path)
        kept: Floats = np.load(path)
        return kept

    def _fit(self, family: str, settings: Mapping[str, Any], folds: int, seed: int) -> Floats:
        fold, keys, texts = self.fold(folds, seed), self.world.text_keys, self.texts
        said = self.planting.said
        keys = keys[np.where(said == NONE, np.arange(len(said)), said)]
        whole = texts.append_column("label", pa.array(self.assigned))
        whole = whole.append_column("group", pa.array(self._groups()))
        found = np.empty((len(texts), len(self.world.names)), np.float32)
        for number in range(folds):
            inside = fold == number
            train = ~inside & ~np.isin(keys, keys[inside])
            classifier = CLASSIFIERS.load(family)(**settings)
            rows = whole.filter(pa.array(train)).to_batches()
            classifier.fit(LabelledReviews.of_batches(rows, self.world.names))
            asked = texts.filter(pa.array(inside)).combine_chunks().to_batches()
            found[inside] = np.concatenate([classifier.predict_proba(one) for one in asked])
        return found


def plant(world: World, **settings: Any) -> PlantedWorld:
    """Plant errors: ``review_category``, ``product_category``, ``declining`` (0 unless named)."""
    nothing = {"review_category": 0.0, "product_category": 0.0, "declining": 0.0}
    asked = PlantSettings(**{**nothing, **settings}).check()
    return PlantedWorld(world, asked, plan_errors(world.facts, asked))


@lru_cache(maxsize=1)
def load(name: str, seed: int = 0) -> World:
    """Return one of ``WORLDS``; the seed deals products or makes the corpus anew where it can."""
    return WORLDS[name](seed)


def categories14(seed: int, *, alike: bool) -> World:
    """Return short texts of 14 categories, dealt to made-up products."""
    path = data_folder() / "categories/categories14.jsonl.gz"
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    bodies = pa.array([row["text"] for row in rows], pa.string())
    keys = hash64(normalised_key(bodies))
    # A text in two categories belongs to neither surely.
    pairs = np.unique(np.stack([keys, hash64(pa.array([row["category"] for row in rows]))]), axis=1)
    once, counts = np.unique(pairs[0], return_counts=True)
    first = np.isin(np.arange(len(rows)), np.unique(keys, return_index=True)[1])
    kept = first & np.isin(keys, once[counts == 1])
    category = pa.array([row["category"] for row in rows]).filter(pa.array(kept))
    bodies = bodies.filter(pa.array(kept))
    deal = deal_alike if alike else deal_at_random
    product = deal(bodies, category.dictionary_encode().indices.to_numpy(), seed)
    table = pa.table(
        {
            "review_id": pa.array(np.arange(len(bodies)).astype(str)),
            "product_id": pa.array(np.char.add("P", product.astype(str))),
            "product_category": category,
            "star_rating": pa.nulls(len(bodies), pa.int8()),
            "review_headline": pa.nulls(len(bodies), pa.string()),
            "review_body": bodies,
            "review_date": pa.nulls(len(bodies), pa.date32()),
        }
    )
    return world_of(f"categories14 alike={alike} seed={seed}", table)


def mix(seed: int) -> World:
    """Return Amazon and McAuley reviews, each text once and few of the largest products."""
    folder = data_folder()
    places = [*folder.glob("amazon_us/*.gz"), *folder.glob("mcauley_2018/*.gz")]
    places = [one for one in sorted(places) if not one.name.startswith(LEFT_OUT)]
    table = pa.concat_tables([_reviews(one) for one in places]).combine_chunks()
    keys = hash64(normalised_key(table["review_body"].combine_chunks()))
    table = table.take(pa.array(np.sort(np.unique(keys, return_index=True)[1])))
    product = hash64(table["product_id"])
    order = np.lexsort((hash64(table["review_id"], seed), product))
    starts = np.flatnonzero(np.append(True, np.diff(product[order]) != 0))
    rank = np.arange(len(order)) - np.repeat(starts, np.diff(np.append(starts, len(order))))
    table = table.take(pa.array(np.sort(order[rank < MOST_OF_A_PRODUCT])))
    folded = [FOLDED.get(name, name) for name in table["product_category"].to_pylist()]
    place = table.column_names.index("product_category")
    return world_of(f"mix seed={seed}", table.set_column(place, "product_category", [folded]))


def generated(seed: int, reviews: int = 20_000) -> World:
    """Return the generated corpus with its own errors taken back."""
    return world_of(f"generated reviews={reviews} seed={seed}", generated_right(seed, reviews)[0])


def generated_right(seed: int, reviews: int) -> tuple[pa.Table, dict[str, datetime.date]]:
    """Return generated reviews with their own errors taken back.

    Returns:
        The reviews, and from when on some of their products decline, which cannot be taken back.
    """
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "reviews.tsv"
        corpus = generate(out, DemoSettings(reviews=reviews, seed=seed))
        table = _reviews(out)
        kinds = ("review_category", "product_category", "declining")
        wrong = {name: _truth(corpus.truth_dir, name) for name in kinds}
    products, categories = table["product_id"].to_pylist(), table["product_category"].to_pylist()
    right_product = {row["review_id"]: row["right_product_id"] for row in wrong["review_category"]}
    right_category = {row["product_id"]: row["right_category"] for row in wrong["product_category"]}
    own = dict(zip(products, categories, strict=True)) | right_category
    facts = {name: table[name].to_pylist() for name in ("product_title", "product_parent")}
    of_product = {name: dict(zip(products, values, strict=True)) for name, values in facts.items()}
    ids = table["review_id"].to_pylist()
    products = [
        right_product.get(name, product) for name, product in zip(ids, products, strict=True)
    ]
    moved = {row["right_product_id"]: row["right_category"] for row in wrong["review_category"]}
    for name, values in {
        "product_id": products,
        "product_category": [own.get(product, moved.get(product)) for product in products],
        **{name: [known.get(one) for one in products] for name, known in of_product.items()},
    }.items():
        column = pa.array(values, table.schema.field(name).type)
        table = table.set_column(table.column_names.index(name), name, column)
    return table, {row["product_id"]: row["declines_from"] for row in wrong["declining"]}


def world_of(name: str, reviews: pa.Table) -> World:
    """Return a world of reviews with the columns of the reviews table that facts come from."""
    names = sorted(set(reviews["product_category"].to_pylist()))
    category = pc.index_in(reviews["product_category"], pa.array(names)).to_numpy()
    ids = reviews["product_id"].combine_chunks().dictionary_encode()
    words = CategoryWords(len(names))
    for start in range(0, len(reviews), 4096):
        some = reviews["review_body"].slice(start, 4096).combine_chunks()
        words.add(some, category[start : start + 4096])
    facts = ReviewFacts(
        key=hash64(reviews["review_id"]),
        product=ids.indices.to_numpy().astype(np.int32),
        product_key=hash64(ids.dictionary),
        category=category.astype(np.int32),
        categories=Categories(hash64(pa.array(names)), words.similarity()),
        day=reviews["review_date"].cast(pa.int32()).fill_null(NO_DAY).to_numpy(),
        stars=reviews["star_rating"].cast(pa.int8()).fill_null(NO_STARS).to_numpy(),
        copied=np.zeros(len(reviews), np.bool_),
    )
    return World(name, reviews.select(COLUMNS), facts, names, ids.dictionary)


WORLDS: Final[dict[str, Callable[[int], World]]] = {
    "categories14-random": lambda seed: categories14(seed, alike=False),
    "categories14-alike": lambda seed: categories14(seed, alike=True),
    "mix": mix,
    "generated": generated,
    "generated-2000": lambda seed: generated(seed, 2_000),
    "generated-3000": lambda seed: generated(seed, 3_000),
    "generated-6000": lambda seed: generated(seed, 6_000),
    "generated-10000": lambda seed: generated(seed, 10_000),
}


def _reviews(path: Path) -> pa.Table:
    return pa.Table.from_batches(_cleaned(path))


def _cleaned(path: Path) -> Iterator[pa.RecordBatch]:
    for one in open_inputs([str(path)], SourceSettings()):
        for batch in one.read():
            yield clean_batch(batch.reviews, CleanSettings())


def _truth(folder: Path, name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(folder / f"{name}.parquet").to_pylist()
    return rows
