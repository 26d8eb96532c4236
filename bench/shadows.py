"""What a shadow of 20 % adds to the CPU time of a request, in the process alone, without sockets.

    python -m bench.shadows BUNDLE

Two services of the same bundle, one of them with a shadow, answer in turns; the least of all rounds
counts, in microseconds of CPU time a request, threads included. What waits for the shadow at the
end of a round is scored within it.
"""

import argparse
import asyncio
import json
import time
from pathlib import Path
from typing import Any, Final

from bench.machine import machine
from reviewdesk.bundle import load_bundle
from reviewdesk.serving.app import create_app
from reviewdesk.serving.service import Service
from reviewdesk.serving.variants import ServedEndpoint, Variant
from reviewdesk.settings import ServeSettings

ROUNDS: Final = 12
REQUESTS: Final = 640
TEXT: Final = "Great sound, but the battery broke after {n} weeks and nobody answered."
REST_SECONDS: Final = 0.06
"""After a round, so that what waits for a shadow has begun."""


async def ask(app: Any, body: bytes) -> int:
    """Send one request; return the answer's status."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    headers = [(b"content-type", b"application/json"), (b"host", b"localhost")]
    headers.append((b"content-length", str(len(body)).encode()))
    scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST",
             "scheme": "http", "path": "/invocations", "raw_path": b"/invocations",
             "query_string": b"", "root_path": "", "headers": headers,
             "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80)}  # fmt: skip
    await app(scope, receive, send)
    return int(sent[0]["status"])


async def cost(service: Service, at_once: int, bodies: list[bytes]) -> float:
    """Return the CPU time of a request in microseconds."""
    app = create_app(service)
    todo = iter(bodies)

    async def client() -> None:
        for body in todo:
            status = await ask(app, body)
            if status != 200:
                raise RuntimeError(f"the server answered {status}")
            await asyncio.sleep(0)

    begun = time.process_time()
    await asyncio.gather(*(client() for _ in range(at_once)))
    await asyncio.sleep(REST_SECONDS)
    return 1e6 * (time.process_time() - begun) / len(bodies)


def main() -> None:
    """Print a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundle", type=Path)
    bundle = load_bundle(parser.parse_args().bundle)
    shadow = load_bundle(parser.parse_args().bundle)
    settings = ServeSettings()
    alone = Service({"sentiment": ServedEndpoint([Variant("A", bundle)])}, settings)
    beside = ServedEndpoint([Variant("A", bundle)], [Variant("C", shadow, 0.2)])
    shadowed = Service({"sentiment": beside}, settings)
    print(machine())
    print("| requests at a time | reviews a request | alone | with a shadow of 20 % | more |")
    print("|---|---|---|---|---|")
    for at_once in (8, 64):
        for reviews in (1, 10):
            texts = [TEXT.format(n=n) for n in range(reviews)]
            body = json.dumps({"instances": texts}).encode()
            bodies = [body] * (REQUESTS // (1 if reviews == 1 else 4))
            least = [float("inf"), float("inf")]
            for _ in range(ROUNDS):
                for place, service in enumerate((alone, shadowed)):
                    found = asyncio.run(cost(service, at_once, bodies))
                    least[place] = min(least[place], found)
            more = 100 * (least[1] / least[0] - 1)
            print(f"| {at_once} | {reviews} | {least[0]:.0f} | {least[1]:.0f} | {more:.0f} % |")


if __name__ == "__main__":
    main()
