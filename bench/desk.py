"""How fast the desk opens, goes on, filters and searches, and how much memory it takes.

    python -m bench.desk FOLDER --reviews 1000000 --findings 100000

Makes generated reviews and as many findings in FOLDER (once), opens the desk, and asks it as a
browser does, in this process. Prints milliseconds of wall-clock time: median and 95th percentile.
"""

import argparse
import asyncio
import resource
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import numpy as np
import pyarrow as pa

from reviewdesk.cli.main import main as run
from reviewdesk.desk.app import create_app
from reviewdesk.desk.desk import Desk, open_desk
from reviewdesk.findings.base import FinderInfo, Findings, PromisedList
from reviewdesk.findings.identity import identified
from reviewdesk.findings.store import write_findings
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.schema import FINDINGS
from reviewdesk.serving.metrics import Metrics
from reviewdesk.settings import ServeSettings
from reviewdesk.storage import write_record

TIMES = 60


def make(folder: Path, reviews: int, findings: int) -> Path:
    """Make a job without models, and findings about random reviews."""
    job = folder / "job"
    if (job / "job.json").exists():
        return job
    for words in (
        ["demo-data", "--reviews", str(reviews), "--out", str(folder / "reviews.tsv.gz")],
        ["prepare", str(folder / "reviews.tsv.gz"), "--out", str(job / "prepared")],
    ):
        try:
            run(words)
        except SystemExit as stop:
            if stop.code:
                raise
    data = PreparedData.open(job / "prepared")
    table = data.table(["review_id", "product_title", "product_category"])
    rng = np.random.default_rng(0)
    chosen = table.take(pa.array(rng.choice(data.rows, min(findings, data.rows), replace=False)))
    rows = [
        {
            "finder": "review-category",
            "kind": "review",
            "what": row["review_id"],
            "title": row["product_title"],
            "where": row["product_category"],
            "suggested": "Garden",
            "reviews": 1,
            "score": float(rng.random()),
            "promise": float(rng.choice([0.95, 0.9, 0.8, 0.0])),
            "action": "Move it.",
            "words": [{"word": "the", "weight": 1.0}],
            "samples": [row["review_id"]],
        }
        for row in chosen.to_pylist()
    ]
    lists = tuple(PromisedList(promise, 1, 0.0) for promise in (0.95, 0.9, 0.8))
    found = Findings("review-category", pa.Table.from_pylist(rows, FINDINGS), lists, data.rows)
    about = {"data": data.fingerprint, "files": ["reviews.tsv.gz"]}
    info = FinderInfo("Reviews in the wrong category", "", False)
    write_findings(
        folder / "findings" / "review-category", identified(found, None, "x"), info, about
    )
    write_record(job / "job.json", {"inputs": [], "targets": {}})
    return job


async def ask(desk: Desk) -> None:
    """Ask as a browser does and print how long answers take."""
    transport = httpx.ASGITransport(create_app(desk, Metrics()))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        started = time.perf_counter()
        page = (await client.get("/")).text
        print(f"first page: {time.perf_counter() - started:.2f} s")
        token = page.partition('name="token" value="')[2][:64]
        name = page.partition('data-finding="')[2][:16]
        given = {"token": token, "pass": name}

        async def go_on() -> None:
            answer = (await client.post("/queue/next", data=given)).json()
            sent = {"token": token, "finding_id": answer["finding"], "kind": "decide"}
            await client.post(
                "/decide", data={**sent, "value": "right"}, headers={"x-reviewdesk-fragment": "1"}
            )

        async def following() -> None:
            await client.post("/queue/next", data=given)

        category = desk.reviews.index.names["category"][0]
        for what, once in (
            ("next finding", following),
            ("next finding and its decision", go_on),
            ("filters with counts", lambda: client.get("/findings", params={"promise": "0.9"})),
            ("filters, another", lambda: client.get("/findings", params={"category": category})),
            ("product search by title", lambda: client.get("/products", params={"q": "lamp"})),
            (
                "product search by words",
                lambda: client.get("/products", params={"q": "broke year"}),
            ),
            ("reviews with a word", lambda: client.get("/reviews", params={"q": "disappointed"})),
            ("reviews with a frequent word", lambda: client.get("/reviews", params={"q": "good"})),
            ("all reviews with facets", lambda: client.get("/reviews")),
        ):
            await timed(what, once)


async def timed(what: str, once: Callable[[], Awaitable[object]]) -> None:
    """Print how long something takes, the first time left out."""
    await once()
    took, cpu = [], time.process_time()
    for _ in range(TIMES):
        started = time.perf_counter()
        await once()
        took.append(1_000 * (time.perf_counter() - started))
    cpu = 1_000 * (time.process_time() - cpu) / TIMES
    median, most = np.quantile(took, (0.5, 0.95))
    print(f"{what}: median {median:.0f} ms, 95 % within {most:.0f} ms, processor {cpu:.0f} ms")


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--reviews", type=int, default=1_000_000)
    parser.add_argument("--findings", type=int, default=100_000)
    given = parser.parse_args()
    job = make(given.folder, given.reviews, given.findings)
    started, cpu = time.perf_counter(), time.process_time()
    desk = open_desk(job, ServeSettings())
    took = time.perf_counter() - started
    print(f"opened in {took:.2f} s ({time.process_time() - cpu:.2f} s of processor time)")
    asyncio.run(ask(desk))
    desk.decisions.close()
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"memory at most {used:,.0f} MiB")


if __name__ == "__main__":
    main()
