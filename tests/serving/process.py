"""A real server process, for tests: ``python -m tests.serving.process SETTINGS [BUNDLE]``.

Serves a bundle, or small models in its place. Prints its port when it answers. To the small models
a review can be an order: with the word ``wait`` in it they print ``working`` and then wait for a
byte on standard input; with the word ``fail`` they meet a bug. Beside its settings it can be told
how many ``descriptors`` it may have, its ``traffic`` settings, and the weights of the ``variants``
A and B, of which B takes ``ok`` for praise, with the part that the shadow C listens to.
"""

import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.bundle import Bundle, load_bundle
from reviewdesk.desk.page import routes
from reviewdesk.models.labelled import Texts
from reviewdesk.serving.server import serve
from reviewdesk.serving.variants import ServedEndpoint, Variant
from reviewdesk.settings import ServeSettings, TrafficSettings
from tests.serving.fakes import SENTIMENT, WordCounter, bundle_of, category, stars


class Gated(WordCounter):
    """Waits or fails when a review tells it to, or before its first review where it is cold."""

    cold = False

    def decision_scores(self, batch: pa.RecordBatch | Texts) -> NDArray[np.float32]:
        words = " ".join(self.reviews(batch).column("review_body").to_pylist()).split()
        if "wait" in words:
            _say("working")
            os.read(sys.stdin.fileno(), 1)  # one byte lets one thread go on
        if self.cold and "like" in " ".join(words):  # what a server asks before it begins
            self.cold = False
            _say("cold")
            os.read(sys.stdin.fileno(), 1)
        if "fail" in words:
            raise ZeroDivisionError("the secret review text")
        return super().decision_scores(batch)


class Server:
    """A running server process."""

    def __init__(self, process: "subprocess.Popen[str]", port: int) -> None:
        self.process = process
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    def says(self) -> str:
        """Return the next line that it prints."""
        return _stream(self.process.stdout).readline().strip()

    def let_go_on(self, requests: int = 1) -> None:
        """Let so many waiting requests go on."""
        stream = _stream(self.process.stdin)
        stream.write("." * requests)
        stream.flush()

    def end(self) -> str:
        """End it and return what it wrote to standard error."""
        self.process.terminate()
        _, errors = self.process.communicate(timeout=30)
        return errors


@contextmanager
def server(*bundle: str, **settings: Any) -> Iterator[Server]:
    """Start a server process and end it afterwards."""
    program = (sys.executable, "-m", "tests.serving.process")
    with subprocess.Popen(
        [*program, json.dumps({"port": 0, **settings}), *bundle],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield Server(process, int(_stream(process.stdout).readline()))
        finally:
            process.kill()


def _stream(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream


def _small() -> dict[str, Bundle]:
    return {
        "sentiment": bundle_of(Gated(SENTIMENT), "sentiment"),
        "stars": stars(),
        "category": category(),
    }


def _variants(weights: list[float]) -> ServedEndpoint:
    praise = {**SENTIMENT, "positive": [*SENTIMENT["positive"], "ok"]}
    bundles = [bundle_of(Gated(words), "sentiment") for words in (SENTIMENT, praise, praise)]
    first, second, shadow = map(Variant, "ABC", bundles, weights)
    return ServedEndpoint([first, second], [shadow] if shadow.weight else [])


def _say(what: object) -> None:
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    Gated.cold = given.pop("cold", False)
    if descriptors := given.pop("descriptors", 0):
        resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))
    traffic = TrafficSettings.from_json(given.pop("traffic", {}))
    served: dict[str, Bundle | ServedEndpoint] = {**_small()}
    if len(sys.argv) > 2:
        served = {"sentiment": load_bundle(sys.argv[2])}
    if weights := given.pop("variants", None):
        served["sentiment"] = _variants(weights)
    serve(
        served,
        ServeSettings.from_json(given),
        on_ready=_say,
        pages=routes,
        traffic=traffic,
    )
