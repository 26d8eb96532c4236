"""A small shop: prepared reviews of three categories, some wrong, and predictions of them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from reviewdesk.prepare.erase import erase
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.schema import predictions_schema
from reviewdesk.settings import PrepareSettings
from tests.prepare.corpus import prepared, write_lines

TOPICS = {
    "Books": "chapter author plot novel page",
    "Garden": "shovel hose tomato seed lawn",
    "Phones": "battery screen charger signal ringtone",
}
CATEGORIES = list(TOPICS)


def rows_of(count: int = 600, *, wrong_every: int = 20) -> list[dict[str, Any]]:
    """Return reviews whose words are those of their category; a few are wrong."""
    generator = np.random.default_rng(5)
    rows = []
    for number in range(count):
        filed = CATEGORIES[number % 3]
        wrong = wrong_every and number % wrong_every == 0
        about = CATEGORIES[(number + 1) % 3] if wrong else filed
        words = generator.choice(TOPICS[about].split(), 6)
        rows.append(
            {
                "review_id": f"R{number:05d}",
                "customer_id": f"C{number // 2}",
                "product_id": f"{filed}-{number % 45}",
                "product_category": filed,
                "product_title": f"{filed} <b>number</b> {number % 45}",
                "star_rating": number % 5 + 1,
                "review_headline": "My view",
                "review_body": f"About it: {' and '.join(words)}, says writer{number}.",
                "review_date": f"2014-{number % 12 + 1:02d}-{number % 28 + 1:02d}",
            }
        )
    return rows


def shop(
    folder: Path, rows: Sequence[dict[str, Any]] | None = None, *, min_chars: int = 1
) -> PreparedData:
    """Prepare rows, those of ``rows_of`` by default."""
    folder.mkdir(parents=True, exist_ok=True)
    source = write_lines(folder / "reviews.jsonl", rows_of() if rows is None else rows)
    kept = PrepareSettings(duplicates="keep", min_chars=min_chars)
    return prepared(folder / "prepared", source, settings=kept)


def no_reviews(folder: Path) -> PreparedData:
    """Prepare a review and erase who wrote it, which is how data without reviews come about."""
    data = shop(folder, [{"review_id": "R1", "customer_id": "C1", "review_body": "works well"}])
    erase(data.path, "C1")
    return PreparedData.open(data.path)


def probabilities_of(data: PreparedData, labels: Sequence[str] = CATEGORIES) -> NDArray[np.float32]:
    """Return what a fair reader of the words would say, (n, k)."""
    bodies = data.table(["review_body"]).column(0).to_pylist()
    counts = np.array(
        [
            [sum(body.count(word) for word in TOPICS[label].split()) for label in labels]
            for body in bodies
        ],
        np.float64,
    ).reshape(-1, len(labels))
    odds = np.exp(counts)
    found: NDArray[np.float32] = (odds / odds.sum(axis=1, keepdims=True)).astype(np.float32)
    return found


def write_predictions(
    path: Path,
    ids: Sequence[str],
    probabilities: NDArray[np.float32],
    labels: Sequence[str] = CATEGORIES,
    *,
    target: str = "category",
    model: str = "reader-1",
) -> Path:
    """Write a predictions table as cross-fitting would."""
    n, best = len(ids), probabilities.argmax(axis=1)
    columns = [
        pa.array(ids, pa.string()),
        pa.array([model] * n, pa.string()),
        pa.array(np.arange(n) % 5, pa.int16()),
        pa.array([labels[one] for one in best], pa.string()),
        pa.array(probabilities[np.arange(n), best], pa.float32()),
        pa.FixedSizeListArray.from_arrays(pa.array(probabilities.ravel()), len(labels)),
        pa.nulls(n, predictions_schema(list(labels), target).field("evidence").type),
        pa.nulls(n, pa.int32()),
    ]
    table = pa.Table.from_arrays(columns, schema=predictions_schema(list(labels), target))
    pq.write_table(table, path)
    return path


def ids_of(data: PreparedData) -> list[str]:
    """Return the reviews' ids in the order of the data."""
    ids: list[str] = data.table(["review_id"]).column(0).to_pylist()
    return ids
