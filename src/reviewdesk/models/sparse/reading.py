"""A process that reads some of the chunks of an epoch and hands their batches over.

It ends with the process that it reads for: nobody takes its batches then.
"""

import contextlib
import json
import sys
from pathlib import Path

from reviewdesk.models.sparse.chunks import Chunks
from reviewdesk.models.sparse.order import ChunkReader, send, send_end


def main(folder: str, told: str) -> None:
    """Write the batches of the chunks that are asked for to standard output."""
    given = json.loads(told)
    reader = ChunkReader(Chunks.open(Path(folder)), given["size"], given["seed"])
    out = sys.stdout.buffer
    with contextlib.suppress(BrokenPipeError):
        for piece, first in given["visits"]:
            for batch in reader.read(given["number"], [(piece, first)]):
                send(out, batch)
            send_end(out)


if __name__ == "__main__":
    main(*sys.argv[1:])
