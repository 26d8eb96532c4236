"""A small shop whose graph can be worked out by hand."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from reviewdesk.prepare.prepare import prepare
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.settings import CleanSettings, PrepareSettings, SourceSettings
from reviewdesk.sources.catalog import open_inputs

AWKWARD = 'A "quoted";\nsecond line, & \\ back'


def rows(n: int = 400, seed: int = 0) -> pd.DataFrame:
    """Return reviews of 40 products in 4 categories by 60 customers, some without a customer."""
    random = np.random.default_rng(seed)
    product = random.integers(0, 40, n)
    customer = random.integers(0, 60, n)
    return pd.DataFrame(
        {
            "review_id": [f"R{at:04}" for at in range(n)],
            "customer_id": [None if one == 0 else f"C{one}" for one in customer],
            "product_id": [f"P{one:02}" for one in product],
            "product_parent": [f"F{one // 3}" for one in product],
            "product_title": [AWKWARD if one == 7 else f"Thing {one}" for one in product],
            "product_category": [f"K{one % 4}" for one in product],
            "star_rating": random.integers(1, 6, n),
            "review_date": [f"20{10 + at % 9}-0{1 + at % 9}-1{at % 10}" for at in range(n)],
            "verified_purchase": ["Y" if one else "N" for one in random.integers(0, 2, n)],
            "review_body": [f"text number {at} about something" for at in range(n)],
        }
    )


def prepared(table: pd.DataFrame, folder: Path, **settings: Any) -> PreparedData:
    """Prepare a table that pandas wrote."""
    file = folder.with_suffix(".csv")
    table.to_csv(file, index=False)
    source = SourceSettings()
    return prepare(
        open_inputs([str(file)], source),
        folder,
        prepare=PrepareSettings(**settings),
        clean=CleanSettings(),
        source=source,
    )


def predictions(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Write predictions of categories, of which a tenth differ, and return them."""
    random = np.random.default_rng(1)
    other = random.random(len(table)) < 0.1
    label = np.where(other, "K3", table["product_category"])
    frame = pd.DataFrame(
        {
            "review_id": table["review_id"],
            "label": label,
            "confidence": random.integers(50, 100, len(table)) / 100,
            "model_id": "m1",
        }
    )
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), path)
    return frame
