"""Building a graph from a prepared folder or a job, with what was predicted and found in it."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from reviewdesk.errors import InputError
from reviewdesk.graph.build import SIMILAR, GraphInputs, build_graph
from reviewdesk.graph.pseudonyms import read_key
from reviewdesk.graph.reading import open_tables, query
from reviewdesk.graph.store import Graph
from reviewdesk.job.graph_inputs import graph_inputs
from reviewdesk.job.places import PREDICTIONS, reviews_of
from reviewdesk.job.predicted_categories import TARGET
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.progress import SILENT, Progress

KEY_SUFFIX: Final = ".key"
NAMES_OF_PREDICTIONS: Final = """
SELECT r.review_id, c.name AS label, p.confidence, p.model FROM predicted p
    JOIN reviews r ON r.id = p.source JOIN categories c ON c.id = p.target
ORDER BY p.source, p.model, p.target
"""
NAMES_OF_SIMILAR: Final = """
SELECT p.product_id AS product, o.product_id AS other, s.score FROM similar_to s
    JOIN products p ON p.id = s.source JOIN products o ON o.id = s.target
ORDER BY s.source, s.target
"""


def build(
    folder: Path,
    out: Path,
    *,
    predictions: Sequence[Path] = (),
    findings: Path | None = None,
    key: Path | None = None,
    clear_customers: bool = False,
    texts: bool = False,
    overwrite: bool = False,
    progress: Progress = SILENT,
) -> Graph:
    """Build the graph of reviews.

    Args:
        folder: a prepared folder, or a job; a job's predictions of categories are taken by
            themselves.
        out: the folder to write.
        predictions: tables of predicted categories.
        findings: a folder that finding wrote.
        key: the file with the private key of the customers' names; ``OUT.key`` by default, made
            where it is not there.
        clear_customers: keep the customers' own ids.
        texts: keep headline and body of reviews.
        overwrite: replace another graph.
        progress: shows how far it has come.

    Raises:
        UsageError: ``out`` holds something else, or predictions are not of categories.
        InputError: something is damaged, or no review names a product.
        StorageError: something cannot be read or written.
    """
    data = reviews_of(folder)
    own = folder / TARGET / PREDICTIONS
    tables = list(predictions) or ([own] if own.is_file() else [])
    secret = None if clear_customers else read_key(key or out.with_name(out.name + KEY_SUFFIX))
    return build_graph(
        data,
        out,
        graph_inputs(tables, findings),
        key=secret,
        texts=texts,
        overwrite=overwrite,
        progress=progress,
    )


def build_without(path: Path, data: PreparedData, ids: pa.Array, progress: Progress) -> int:
    """Build a graph anew without some reviews, from the data that it was built from.

    Args:
        path: the graph; where its customers have pseudonyms, their key has to lie beside it.
        data: the reviews, those that are to go among them.
        ids: review_ids of those.
        progress: shows how far it has come.

    Returns:
        How many reviews went.

    Raises:
        InputError: it is no graph, or the key is not there.
        StorageError: something cannot be read or written.
    """
    graph = Graph.open(path)
    reviews = graph.table("reviews", ["review_id"])["review_id"]
    gone = pc.sum(pc.is_in(reviews, ids)).as_py() or 0
    if not gone:
        return 0
    key = path.with_name(path.name + KEY_SUFFIX)
    if graph.manifest["pseudonyms"] and not key.is_file():
        raise InputError(f"the customers of {path} are named by a key that is not at {key}")
    findings = graph.table("findings")
    findings = findings.filter(pc.invert(pc.is_in(findings["what"], ids)))
    build_graph(
        data,
        path,
        GraphInputs(
            _predictions_without(graph, ids),
            query(graph, NAMES_OF_SIMILAR).cast(SIMILAR),
            findings,
            graph.manifest["plan"]["inputs"],
        ),
        key=read_key(key) if graph.manifest["pseudonyms"] else None,
        texts=graph.manifest["texts"],
        without=ids,
        overwrite=True,
        progress=progress,
    )
    return int(gone)


def _predictions_without(graph: Graph, ids: pa.Array) -> Iterator[pa.Table]:
    """Yield the predictions of other reviews, by the names that a build takes."""
    with open_tables(graph) as engine:
        for batch in engine.query(NAMES_OF_PREDICTIONS):
            table = pa.Table.from_batches([batch])
            yield table.filter(pc.invert(pc.is_in(table["review_id"], ids)))
