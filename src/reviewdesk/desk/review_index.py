"""An index over reviews: columns of codes in memory-mapped arrays, words beside them.

It is a cache: made from the prepared reviews and the job's predictions on first opening, known by
their fingerprints, and made again when it is deleted. The reviews are read from the files that the
index was made from: it holds a second link to each, so that they stay what they are while an update
puts others in their place. The index holds words, reviews, and ids of customers as keyed hashes
(HMAC), so it is personal data too: only its owner can read it, and ``erase`` deletes it.
"""

import hashlib
import hmac
import json
import shutil
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reviewdesk.desk.word_index import ReviewWords
from reviewdesk.errors import MissingColumn
from reviewdesk.findings.products import Products, read_products
from reviewdesk.prepare.earlier import link
from reviewdesk.prepare.layout import MANIFEST
from reviewdesk.prepare.lock import locked
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.progress import SILENT, Progress
from reviewdesk.schema import prediction_labels
from reviewdesk.seal import opened
from reviewdesk.storage import (
    open_private,
    private_directory,
    read_json,
    storage_errors,
    write_json,
    write_record,
)
from reviewdesk.text.hashing import hash64

VERSION: Final = 5
SEARCH: Final = "search.sqlite"
SUMMARY: Final = "index.json"
PREPARED: Final = "prepared"
BATCH_ROWS: Final = 65_536
NONE: Final = -1
MONTHS: Final = 12

_FACTS: Final = (
    *("review_id", "product_id", "customer_id", "star_rating", "review_date"),
    *("product_category", "marketplace", "verified_purchase", "review_language"),
)

Codes = NDArray[Any]


@dataclass(frozen=True)
class ReviewIndex:
    """The index of n reviews, in the order in which they are stored.

    Args:
        folder: where it is.
        data: the reviews, in files that nobody replaces.
        words: which of them have which words.
        names: for each coded column the names that its codes stand for.
        targets: what was predicted, as in ``sentiment``.
        starts: how many reviews come before each part of the data, and at the end how many in all.
        products: the p products in the order of their codes: ``id`` and ``title``.
        product_categories: the names that the codes of ``product_category`` stand for.
    """

    folder: Path
    data: PreparedData
    words: ReviewWords
    names: Mapping[str, list[str]]
    targets: tuple[str, ...]
    starts: NDArray[np.int64]
    products: pa.Table
    product_categories: list[str]
    _columns: dict[str, Codes] = field(default_factory=dict, init=False, repr=False)

    def column(self, name: str) -> Codes:
        """Return a column of codes, memory-mapped: (n,), or of products (p,)."""
        if name not in self._columns:
            path = self.folder / f"{name}.npy"
            with storage_errors(str(path)):
                self._columns[name] = np.load(path, mmap_mode="r", allow_pickle=False)
        return self._columns[name]

    def is_there(self) -> bool:
        """Say whether it still is; whoever erases a person deletes it."""
        return (self.folder / SUMMARY).is_file()

    def search(self) -> sqlite3.Connection:
        """Return a connection of the products' titles, for one thread, read-only."""
        place = f"file:{self.folder.absolute() / SEARCH}?mode=ro"
        return sqlite3.connect(place, uri=True, check_same_thread=False)


def open_index(
    data: PreparedData,
    predictions: Mapping[str, Path],
    cache: Path,
    key: bytes,
    progress: Progress = SILENT,
) -> ReviewIndex:
    """Open the index of reviews; make it where it is not there or is another's.

    Args:
        data: the reviews.
        predictions: for each target, a predictions table.
        cache: the folder that indexes are in; it may be deleted at any time.
        key: by which ids of customers are hashed.
        progress: is shown how far it has come.

    Raises:
        StorageError: it cannot be written, or another process is making it.
        InputError: a table of predictions is none.
    """
    name = _name(data, predictions, key)
    folder = private_directory(cache) / name
    if not (folder / SUMMARY).is_file():
        with locked(cache / f".{name}.lock", f"the index {folder}"):
            if not (folder / SUMMARY).is_file():
                _remove_others(cache, name)
                _build(folder, data, predictions, key, progress)
    summary = read_json(folder / SUMMARY)
    linked = PreparedData.open(folder / PREPARED)
    words = ReviewWords(folder, linked)
    words.make(progress)
    return ReviewIndex(
        folder,
        linked,
        words,
        {column: list(names) for column, names in summary["names"].items()},
        tuple(summary["targets"]),
        np.cumsum([0, *(int(part["rows"]) for part in data.manifest["partitions"])]),
        _products(folder),
        read_json(folder / "product_categories.json"),
    )


def _name(data: PreparedData, predictions: Mapping[str, Path], key: bytes) -> str:
    """Return a name that changes when anything changes that the index is made from."""
    about = [VERSION, data.fingerprint, hashlib.sha256(key).hexdigest()]
    for target, path in sorted(predictions.items()):
        with storage_errors(str(path)):
            state = path.stat()
        about.append((target, state.st_size, state.st_mtime_ns))
    return f"index-{hashlib.sha256(json.dumps(about).encode()).hexdigest()[:16]}"


def _remove_others(cache: Path, name: str) -> None:
    with storage_errors(str(cache)):
        for path in cache.glob("index-*"):
            if path.name != name:
                shutil.rmtree(path)
        for path in cache.glob(".index-*.partial"):
            shutil.rmtree(path)


def _build(
    folder: Path,
    data: PreparedData,
    predictions: Mapping[str, Path],
    key: bytes,
    progress: Progress,
) -> None:
    aside = private_directory(folder.with_name(f".{folder.name}.partial"))
    names: dict[str, list[str]] = {}
    data = _linked(data, aside / PREPARED)
    hashes = _write_facts(aside, data, names, key, progress)
    _write_products(aside, data, progress)
    targets = []
    for target, path in sorted(predictions.items()):
        if _write_predictions(aside, target, path, hashes, names):
            targets.append(target)
    _write_titles(aside, progress)
    write_json(aside / SUMMARY, {"names": names, "targets": targets})
    with storage_errors(str(folder)):
        shutil.rmtree(folder, ignore_errors=True)
        aside.rename(folder)


def _linked(data: PreparedData, folder: Path) -> PreparedData:
    """Return the same reviews in files that nobody replaces, checked."""
    for part in data.parts:
        path = folder / part["file"]
        path.parent.mkdir(parents=True, exist_ok=True)
        link(data.path / part["file"], path)
    write_record(folder / MANIFEST, data.manifest)
    linked = PreparedData.open(folder)
    linked.verify()
    return linked


def _save(folder: Path, name: str, values: Codes) -> None:
    with storage_errors(str(folder)):
        np.save(folder / f"{name}.npy", values, allow_pickle=False)


class _Coded:
    """Texts as codes: equal texts, equal codes, in the order in which they came."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}
        self._codes: list[NDArray[np.int32]] = []

    def add(self, values: pa.Array) -> None:
        coded = values.dictionary_encode()
        known = [
            self._known.setdefault(name, len(self._known)) for name in coded.dictionary.to_pylist()
        ]
        places = pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False)
        self._codes.append(np.array([*known, NONE], np.int32)[places])

    def result(self) -> tuple[list[str], NDArray[np.int32]]:
        """Return names in their alphabetical order, and codes (n,)."""
        names = sorted(self._known)
        places = np.empty(len(names) + 1, np.int32)
        places[[self._known[name] for name in names]] = np.arange(len(names), dtype=np.int32)
        places[-1] = NONE
        return names, places[np.concatenate([np.empty(0, np.int32), *self._codes])]


def _write_facts(
    folder: Path, data: PreparedData, names: dict[str, list[str]], key: bytes, progress: Progress
) -> NDArray[np.uint64]:
    """Write the columns that reviews have themselves; return the hashes of their ids, (n,)."""
    ids, customers = [np.empty(0, np.uint64)], [np.empty(0, np.uint64)]
    stars, months = [np.empty(0, np.int8)], [np.empty(0, np.int32)]
    days = [np.empty(0, "datetime64[D]")]
    coded = {name: _Coded() for name in ("category", "language", "marketplace", "verified")}
    with progress.task("Indexing", data.rows, "reviews") as task:
        for batch in data.batches(_FACTS, BATCH_ROWS):
            ids.append(hash64(batch.column("review_id")))
            customers.append(_pseudonyms(key, batch.column("customer_id")))
            stars.append(pc.fill_null(batch.column("star_rating"), 0).to_numpy().astype(np.int8))
            months.append(_months(batch.column("review_date")))
            days.append(batch.column("review_date").to_numpy(zero_copy_only=False))
            coded["category"].add(batch.column("product_category"))
            coded["language"].add(batch.column("review_language"))
            coded["marketplace"].add(batch.column("marketplace"))
            verified = batch.column("verified_purchase")
            coded["verified"].add(pc.if_else(verified, pa.scalar("yes"), pa.scalar("no")))
            task.advance(len(batch))
    hashes = np.concatenate(ids)
    order = np.argsort(hashes, kind="stable")
    _save(folder, "id_order", order.astype(np.int64))
    _save(folder, "id_hashes", hashes[order])
    _save(folder, "stars", np.concatenate(stars))
    _save(folder, "month", np.concatenate(months))
    _save(folder, "day", np.concatenate(days).astype("datetime64[D]"))
    customer = np.concatenate(customers)
    _save(folder, "customer", customer)
    by_customer = np.argsort(customer, kind="stable")
    _save(folder, "customer_order", by_customer.astype(np.int64))
    for name, codes in coded.items():
        names[name], values = codes.result()
        _save(folder, name, values)
    return hashes


def _pseudonyms(key: bytes, customers: pa.Array) -> NDArray[np.uint64]:
    """Return keyed hashes of the ids of customers, 0 for none; of each id of a batch once."""
    coded = customers.dictionary_encode()
    hashed = [pseudonym(key, name) for name in coded.dictionary.to_pylist()]
    places = pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False)
    hashes: NDArray[np.uint64] = np.array([*hashed, 0], np.uint64)[places]
    return hashes


def pseudonym(key: bytes, customer: str) -> int:
    """Return what stands for a customer: 64 bits of HMAC-SHA256 of the id, never 0."""
    digest = hmac.digest(key, customer.encode(), "sha256")
    return int.from_bytes(digest[:8], "little") or 1


def _months(days: pa.Array) -> NDArray[np.int32]:
    """Return months since the year 0, -1 for none."""
    counted = pc.add(
        pc.multiply(pc.cast(pc.year(days), pa.int32()), pa.scalar(MONTHS, pa.int32())),
        pc.subtract(pc.cast(pc.month(days), pa.int32()), pa.scalar(1, pa.int32())),
    )
    months = pc.fill_null(counted, NONE).to_numpy(zero_copy_only=False)
    return np.asarray(months, np.int32)


def _write_products(folder: Path, data: PreparedData, progress: Progress) -> None:
    try:
        products: Products | None = read_products(data, progress)
    except MissingColumn:
        products = None
    rows = data.rows
    of_review = np.full(rows, NONE, np.int32) if products is None else products.of_review
    _save(folder, "product", of_review)
    _save(folder, "product_order", np.argsort(of_review, kind="stable").astype(np.int64))
    reviews = np.zeros(0, np.int64) if products is None else products.reviews
    variants = np.zeros(0, np.int64) if products is None else products.variant
    category = np.zeros(0, np.int32) if products is None else products.category
    ends = np.cumsum(np.r_[int((of_review < 0).sum()), reviews])
    _save(folder, "product_ends", ends.astype(np.int64))
    _save(folder, "product_variant", variants)
    _save(folder, "product_category", category)
    table = pa.table(
        {
            "id": pa.array([] if products is None else products.ids, pa.string()),
            "title": pa.array([] if products is None else products.titles, pa.string()),
        }
    )
    categories = [] if products is None else products.categories
    write_json(folder / "product_categories.json", categories)
    with (
        storage_errors(str(folder)),
        pa.OSFile(str(folder / "products.arrow"), "wb") as sink,
        pa.ipc.new_file(sink, table.schema) as writer,
    ):
        writer.write_table(table)


def _products(folder: Path) -> pa.Table:
    with storage_errors(str(folder)):
        return pa.ipc.open_file(pa.memory_map(str(folder / "products.arrow"))).read_all()


def _write_predictions(
    folder: Path,
    target: str,
    path: Path,
    hashes: NDArray[np.uint64],
    names: dict[str, list[str]],
) -> bool:
    """Write what was predicted of each review: its label, and how sure in percent."""
    with opened(path) as file:
        prediction_labels(file.schema_arrow, str(path))
        table = file.read(["review_id", "label", "probability"])
    ids = hash64(table["review_id"])
    coded = _Coded()
    for chunk in table["label"].chunks:
        coded.add(chunk)
    known, labels = coded.result()
    sure = np.floor(table["probability"].to_numpy() * 100).astype(np.int8)
    if not np.array_equal(ids, hashes):
        order = np.argsort(ids, kind="stable")
        place = order[np.minimum(np.searchsorted(ids, hashes, sorter=order), len(ids) - 1)]
        there = ids[place] == hashes
        labels, sure = np.where(there, labels[place], NONE), np.where(there, sure[place], NONE)
    names[f"label-{target}"] = known
    _save(folder, f"label-{target}", labels.astype(np.int32))
    _save(folder, f"sure-{target}", sure.astype(np.int8))
    return True


def _write_titles(folder: Path, progress: Progress) -> None:
    """Write the titles and ids of products, to be searched by their words."""
    products = _products(folder)
    with storage_errors(str(folder)):
        open_private(folder / SEARCH).close()
        base = sqlite3.connect(folder / SEARCH, isolation_level=None)
    for pragma in ("journal_mode = OFF", "synchronous = OFF"):
        base.execute(f"PRAGMA {pragma}")
    base.execute(
        "CREATE VIRTUAL TABLE products USING fts5(title, id, content='', prefix='2 3', "
        'tokenize="unicode61 remove_diacritics 2")'
    )
    base.execute("BEGIN")
    with progress.task("Indexing products", len(products), "products") as task:
        for start in range(0, len(products), BATCH_ROWS):
            rows = products.slice(start, BATCH_ROWS).to_pylist()
            base.executemany(
                "INSERT INTO products (rowid, title, id) VALUES (?, ?, ?)",
                ((n, row["title"] or "", row["id"]) for n, row in enumerate(rows, start)),
            )
            task.advance(len(rows))
    base.execute("COMMIT")
    base.close()
