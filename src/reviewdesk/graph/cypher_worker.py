"""Cypher in a process of its own: ``python -m reviewdesk.graph.cypher_worker INDEX BYTES``.

The database looks at its clock between batches of rows only, so that one long function call cannot
be stopped, and takes some memory outside of the pool that is bounded. A process can be ended.
"""

import sys
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from reviewdesk.optional import require
from reviewdesk.process import Answer, answer_requests

EXTRA: Final = "graph"
THREADS: Final = 2
TABLE: Final = b"T"
ERROR: Final = b"E"
SEVERAL: Final = b"S"


def main(index: Path, memory: int) -> None:
    """Open the index for reading and answer queries."""
    ladybug = require("ladybug", EXTRA)
    try:
        database = ladybug.Database(
            index, buffer_pool_size=memory, max_num_threads=THREADS, read_only=True
        )
    except RuntimeError:
        return

    def run(request: dict[str, Any]) -> Answer:
        connection = ladybug.Connection(database, num_threads=THREADS)
        connection.set_query_timeout(request["milliseconds"])
        try:
            result = connection.execute(request["cypher"])
            if isinstance(result, list):
                return SEVERAL, b""
            return TABLE, table_bytes(result.get_as_arrow())
        except RuntimeError as error:
            return ERROR, str(error).encode()
        finally:
            connection.close()

    answer_requests(run)
    database.close()


def table_bytes(table: pa.Table) -> bytes:
    """Return a table as an Arrow stream."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(memoryview(sink.getvalue()))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
