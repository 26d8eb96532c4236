"""A client that sends reviews to an endpoint of two variants, and later what was true.

    python -m bench.demo_experiment REVIEWS FOLDER --requests 20000 A=BUNDLE B=BUNDLE

Starts ``reviewdesk serve`` on a free port with both bundles at equal weights, sends reviews whose
stars tell what is true, one a request, and writes ``FOLDER/truth``; the log is in ``FOLDER/logs``.
"""

import argparse
import http.client
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple

import pyarrow.parquet as pq

from reviewdesk.formats.capture_log import truth_line

SENDERS: Final = 8
LABELS: Final = {1: "negative", 2: "negative", 4: "positive", 5: "positive"}


class Review(NamedTuple):
    """One review to send: by whom it is, its texts, and what is true of it."""

    customer: str
    headline: str
    body: str
    label: str


def reviews_of(prepared: Path, most: int) -> list[Review]:
    """Return reviews of which the stars say whether they are positive or negative."""
    columns = ["customer_id", "review_headline", "review_body", "star_rating"]
    rows = pq.read_table(prepared / "reviews", columns=columns).to_pylist()
    texts = [
        Review(row["customer_id"], row["review_headline"] or "", row["review_body"], label)
        for row in rows
        if (label := LABELS.get(row["star_rating"]))
    ]
    return texts[:most]


def send(port: int, first: int, reviews: Sequence[Review]) -> float:
    """Send reviews one by one over one connection; return the seconds that it took."""
    begin = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    for number, review in enumerate(reviews, start=first):
        source = f"{review.headline}. {review.body}"
        body = json.dumps({"instances": [source], "customer_id": review.customer})
        headers = {
            "Content-Type": "application/json",
            "X-Amzn-SageMaker-Inference-Id": f"review-{number}",
        }
        connection.request("POST", "/endpoints/sentiment/invocations", body.encode(), headers)
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise RuntimeError(f"the server answered {answer.status}")
    return time.perf_counter() - begin


def main() -> None:
    """Serve, send, and write down what was true."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("prepared", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("variants", nargs=2, metavar="NAME=BUNDLE")
    parser.add_argument("--requests", type=int, default=20_000)
    given = parser.parse_args()
    reviews = reviews_of(given.prepared, given.requests)
    words = ",".join(f"{one}:0.5" for one in given.variants)
    serve = [sys.executable, "-m", "reviewdesk", "serve", f"sentiment={words}", "--port", "0"]
    logs = ["--sticky", "customer_id", "--capture", str(given.folder / "logs")]
    with subprocess.Popen([*serve, *logs], stderr=subprocess.PIPE, text=True) as server:
        try:
            port = _port(server)
            share = -(-len(reviews) // SENDERS)
            parts = [(n, reviews[n : n + share]) for n in range(0, len(reviews), share)]
            with ThreadPoolExecutor(SENDERS) as pool:
                seconds = max(pool.map(lambda part: send(port, *part), parts))
        finally:
            server.terminate()
    (given.folder / "truth").mkdir(exist_ok=True)
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    lines = [truth_line(f"review-{n}", [one.label], now) for n, one in enumerate(reviews)]
    (given.folder / "truth" / "truth.jsonl").write_bytes(b"".join(lines))
    print(f"{len(reviews):,} reviews sent in {seconds:.0f} s")


def _port(server: "subprocess.Popen[str]") -> int:
    """Return the port that a server says it answers at."""
    for line in server.stderr or ():
        if "the page: http" in line:
            return int(line.rstrip("/\n").rpartition(":")[2])
    raise RuntimeError("the server did not start")


if __name__ == "__main__":
    main()
