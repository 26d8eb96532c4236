"""What a graph is built from beside the reviews: predictions of categories, and findings."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from reviewdesk.findings.store import folders_in, read_findings
from reviewdesk.graph.build import SIMILAR, GraphInputs
from reviewdesk.graph.schema import FINDINGS
from reviewdesk.job.predicted_categories import check_predictions, predicted_categories
from reviewdesk.storage import file_sha256


def graph_inputs(predictions: Sequence[Path], findings: Path | None) -> GraphInputs:
    """Return predictions and findings as a graph takes them.

    Args:
        predictions: tables of ours, of target category; or those of anybody or an endpoint, as in
            ``predicted_categories``.
        findings: a folder that finding wrote.

    Raises:
        UsageError: predictions are not of categories.
        MissingColumn: a column is missing.
        InputError: a table or findings are damaged.
        StorageError: something cannot be read.
    """
    for path in predictions:
        check_predictions(path)
    listings = [read_findings(folder) for folder in folders_in(findings)] if findings else []
    tables = [listing.findings.table.select(FINDINGS.names).cast(FINDINGS) for listing in listings]
    rankings = [listing.findings.tables.get("similar") for listing in listings]
    similar = [_scored(ranking) for ranking in rankings if ranking is not None]
    files = [file for listing in listings for file in sorted(listing.path.glob("*.parquet"))]
    return GraphInputs(
        predictions=(batch for path in predictions for batch in predicted_categories(path)),
        similar=pa.concat_tables([SIMILAR.empty_table(), *similar]),
        findings=pa.concat_tables([FINDINGS.empty_table(), *tables]),
        fingerprints=[file_sha256(file) for file in (*predictions, *files)],
    )


def _scored(ranking: pa.Table) -> pa.Table:
    columns = [ranking.column(name) for name in ("product", "other", "similarity")]
    return pa.table(columns, names=SIMILAR.names).cast(SIMILAR)
