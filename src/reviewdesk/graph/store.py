"""A graph on disk: a folder of Parquet tables, which are the truth, and a manifest.

graph/
├── graph.json          what it was built from, counts, digests of all tables
├── customers.parquet   nodes; also products, reviews, categories
├── bought.parquet      edges; also wrote, reviewed, assigned, variant_of, predicted, similar_to
├── comparisons.parquet where reviews stand against what is predicted, computed from the edges
├── findings.parquet    what finders listed
└── index.lbug          the index for Cypher; made from the tables, and made again when missing or
                        not what index.json says
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

import pyarrow as pa
import pyarrow.parquet as pq

from reviewdesk.errors import InputError, StorageError, UsageError
from reviewdesk.exchange import finish_replacement
from reviewdesk.graph.schema import TABLES
from reviewdesk.storage import (
    checked_record,
    file_sha256,
    read_json,
    storage_errors,
)

FORMAT: Final = "reviewdesk.graph"
FORMAT_VERSION: Final = 2
MANIFEST: Final = "graph.json"


def table_file(name: str) -> str:
    """Return the name of a table's file."""
    return f"{name}.parquet"


@dataclass(frozen=True)
class Graph:
    """A folder that ``build_graph`` wrote.

    Args:
        path: the folder.
        manifest: what its manifest says.
        kept: what is opened or computed once for many questions, by name.
    """

    path: Path
    manifest: dict[str, Any] = field(repr=False)
    kept: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    @classmethod
    def open(cls, path: Path | str) -> Self:
        """Open a graph and check that its tables are those that were written.

        Raises:
            StorageError: it is not there or cannot be read.
            InputError: it is no graph, of another version, or damaged.
        """
        path = Path(path)
        finish_replacement(path)
        with storage_errors(str(path)):
            path.stat()
        if not is_graph(path):
            raise InputError(f"{path} is not a graph: it has no {MANIFEST} of one")
        manifest = read_json(path / MANIFEST)
        if manifest.get("format_version") != FORMAT_VERSION:
            raise InputError(
                f"{path} is a graph of version {manifest.get('format_version')}, and this release "
                f"reads version {FORMAT_VERSION}; build it again"
            )
        graph = cls(path, checked_record(path / MANIFEST, manifest))
        graph._check_files()
        return graph

    def rows(self, name: str) -> int:
        """Return how many rows a table has."""
        return int(self.manifest["rows"][name])

    def file(self, name: str) -> Path:
        """Return where a table is."""
        return self.path / table_file(name)

    def table(self, name: str, columns: list[str] | None = None) -> pa.Table:
        """Return a table, or some of its columns.

        Raises:
            InputError: it is damaged.
        """
        with storage_errors(str(self.file(name))):
            try:
                return pq.read_table(
                    self.file(name), columns=columns, page_checksum_verification=True
                )
            except (pa.ArrowException, ValueError) as error:
                raise InputError(_damaged(self.file(name))) from error

    def _check_files(self) -> None:
        files = self.manifest.get("files")
        if not isinstance(files, dict) or set(files) != set(TABLES):
            raise InputError(f"{self.path / MANIFEST} does not name the tables of a graph")
        for name, digest in files.items():
            path = self.file(name)
            if not path.is_file():
                raise InputError(f"{path} is missing; build the graph again")
            with storage_errors(str(path)):
                if file_sha256(path) != digest:
                    raise InputError(_damaged(path))


def is_graph(path: Path) -> bool:
    """Say whether a folder says of itself that it is a graph."""
    try:
        manifest = read_json(path / MANIFEST)
    except (InputError, StorageError):
        return False
    return isinstance(manifest, dict) and manifest.get("format") == FORMAT


def check_place(path: Path) -> None:
    """Check that a graph can be written without anything else being lost.

    Raises:
        UsageError: there is something else.
    """
    finish_replacement(path)
    with storage_errors(str(path)):
        if path.exists() and not is_graph(path) and (not path.is_dir() or any(path.iterdir())):
            raise UsageError(f"{path} holds something else than a graph; name another folder")


def _damaged(path: Path) -> str:
    return f"{path} is damaged; build the graph again"
