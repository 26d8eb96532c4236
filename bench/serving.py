"""How many requests a second the endpoint answers, beside others on the same web server.

    REVIEWDESK_DATA=... python -m bench.serving FOLDER [--seconds 2] [--rounds 3]

Needs ``wrk`` (Debian's package of that name). All servers run at the same time, each idle but for
its turn, and turns are interleaved: connections, reviews a request, server, round by round. wrk
and the server share the machine, so CPU time of the server's processes is given beside the rate.
Bundles that FOLDER holds already are used again.
"""

import argparse
import http.client
import json
import re
import shutil
import socket
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import pyarrow.parquet as pq

from bench.machine import REVIEWDESK, data_folder, machine, measured

CONNECTIONS: Final = (1, 8, 64)
REVIEWS: Final = (1, 10, 100)
SHORT: Final = (40, 120)
"""Characters of the reviews that are sent."""

TICKS: Final = 100
NETWORK_SECONDS: Final = "120"
SOFTWARE: Final = "amazon_us/amazon_reviews_us_Digital_Software_v1_00.tsv.gz"
CATEGORIES: Final = "categories/categories25.jsonl.gz"


class Server(NamedTuple):
    """A running server: its name in the table, and the processes that answer."""

    name: str
    port: int
    process: int
    path: str


class Turn(NamedTuple):
    """What one turn of wrk found: requests a second, p99 in ms, CPU microseconds a request."""

    rate: float
    p99: float
    cpu: float


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="*", default=[], help="beginnings of servers' names")
    asked = parser.parse_args()
    if shutil.which("wrk") is None:
        sys.exit("wrk is missing: apt-get install wrk (make bench-serving says so, too)")
    folder = asked.folder
    folder.mkdir(parents=True, exist_ok=True)
    bundles = _bundles(folder)
    texts = _short(folder / "software")
    turns: dict[tuple[str, int, int], list[Turn]] = defaultdict(list)
    with ExitStack() as stack:
        commands = _commands(folder, bundles)
        servers = [
            stack.enter_context(running(name, command, path))
            for name, (command, path) in commands.items()
            if not asked.only or name.startswith(tuple(asked.only))
        ]
        for server in servers:  # they start side by side
            wait_for(server.port)
        for _ in range(asked.rounds):
            for connections in CONNECTIONS:
                for reviews in REVIEWS:
                    script = _script(folder, texts, reviews)
                    for server in servers:
                        found = _turn(server, connections, script, asked.seconds)
                        turns[server.name, connections, reviews].append(found)
                        print(f"{server.name}, {connections}, {reviews}: {found}", file=sys.stderr)
    _table(turns, [one.name for one in servers])


def _commands(folder: Path, bundles: dict[str, Path]) -> dict[str, tuple[list[str], str]]:
    """Return the command of each server without its port, and the address that is asked."""
    serve = [*REVIEWDESK, "serve"]
    named = [f"{name}={path}" for name, path in bundles.items()]
    one = bundles["sentiment"]
    shadowed = f"sentiment=A={one}:1"
    peers = [sys.executable, "-m", "bench.serving_peers"]
    rows = str(folder / "rows.json")
    return {
        "bare Starlette": ([*peers, "bare"], "/invocations"),
        **{f"{name}, {what}": ([*serve, *named], f"/endpoints/{name}/invocations")
           for name, what in (("sentiment", "linear"), ("stars", "linear"),
                              ("category", "linear, 25 labels"), ("network", "cnn"))},
        "sentiment, 2 workers": ([*serve, named[0], "--workers", "2"], "/invocations"),
        "sentiment, shadow of 20 %": (
            [*serve, shadowed, "--shadow", f"sentiment=C={one}:0.2"], "/invocations"),
        "fastText, bare Starlette": ([*peers, "fasttext", rows], "/invocations"),
        "scikit-learn, FastAPI": ([*peers, "sklearn", rows], "/invocations"),
    }  # fmt: skip


@contextmanager
def running(name: str, command: list[str], path: str) -> Iterator[Server]:
    """Run a server on a free port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    own = "serve" in command
    words = [*command, "--port", str(port)] if own else _with_port(command, port)
    with subprocess.Popen(words, stderr=subprocess.DEVNULL) as process:
        try:
            yield Server(name, port, process.pid, path)
        finally:
            process.terminate()


def _with_port(command: list[str], port: int) -> list[str]:
    """Return a peer's command with the port behind its kind."""
    at = command.index("bench.serving_peers") + 2
    return [*command[:at], str(port), *command[at:]]


def wait_for(port: int) -> None:
    """Wait until a server answers."""
    until = time.monotonic() + 300
    while time.monotonic() < until:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            connection.request("GET", "/ping")  # a peer has no such address, and says so
            connection.getresponse()
            return
        except OSError:
            time.sleep(0.2)
        finally:
            connection.close()
    sys.exit("a server did not start")


def _turn(server: Server, connections: int, script: Path, seconds: int) -> Turn:
    before = _cpu(server.process)
    url = f"http://127.0.0.1:{server.port}{server.path}"
    words = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", str(script), url]
    found = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in found or "Socket errors" in found:
        sys.exit(f"{server.name}: {found}")
    requests = int(_number(r"(\d+) requests in", found))
    spent = _cpu(server.process) - before
    value, unit = re.findall(r"99%\s+([\d.]+)(us|ms|s)", found)[0]
    p99 = float(value) * {"us": 0.001, "ms": 1, "s": 1000}[unit]
    return Turn(_number(r"Requests/sec:\s+([\d.]+)", found), p99, 1e6 * spent / max(requests, 1))


def _number(pattern: str, text: str) -> float:
    return float(re.findall(pattern, text)[0])


def _cpu(process: int) -> float:
    """Return the CPU seconds of a process and its children that live."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    seconds = 0.0
    for one in (process, *map(int, children)):
        fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        seconds += (int(fields[11]) + int(fields[12])) / TICKS
    return seconds


def _script(folder: Path, texts: list[str], reviews: int) -> Path:
    """Return a script for wrk that sends other reviews with each of a hundred requests."""
    path = folder / f"send-{reviews}.lua"
    bodies = [
        json.dumps({"instances": [texts[(at * reviews + n) % len(texts)] for n in range(reviews)]})
        for at in range(100)
    ]
    listed = ",\n".join(f"[==[{body}]==]" for body in bodies)
    path.write_text(
        'wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/json"\n'
        f"local bodies = {{\n{listed}\n}}\nlocal at = 0\n"
        "request = function()\n  at = at % #bodies + 1\n"
        "  return wrk.format(nil, nil, nil, bodies[at])\nend\n"
    )
    return path


def _bundles(folder: Path) -> dict[str, Path]:
    """Return bundles, trained where they are not there yet."""
    software, categories = folder / "software", folder / "categories"
    names = ("--map", "review_body=text", "--map", "product_category=category")
    sources: list[tuple[str, Path, tuple[str, ...]]] = [
        (SOFTWARE, software, ()),
        (CATEGORIES, categories, names),
    ]
    for place, out, more in sources:
        if not out.exists():
            measured([*REVIEWDESK, "prepare", str(data_folder() / place), "--out", str(out), *more])
    made: dict[str, tuple[Path, str, tuple[str, ...]]] = {
        "sentiment": (software, "sentiment", ()),
        "stars": (software, "stars", ()),
        "category": (categories, "category", ("--split-by", "review")),
        "network": (software, "sentiment",
                    ("--model", "cnn", "--time-limit", NETWORK_SECONDS)),
    }  # fmt: skip
    for name, (data, target, more) in made.items():
        if not (folder / name).exists():
            measured([*REVIEWDESK, "train", str(data), "--target", target, "--out",
                      str(folder / name), *more])  # fmt: skip
    table = pq.read_table(software / "reviews", columns=["review_body", "star_rating"])
    rows = [[text, "positive" if stars > 3 else "negative"]
            for text, stars in zip(*table.to_pydict().values(), strict=True)
            if text and stars]  # fmt: skip
    (folder / "rows.json").write_text(json.dumps(rows))
    return {name: folder / name for name in made}


def _short(prepared: Path) -> list[str]:
    """Return short real reviews."""
    texts = pq.read_table(prepared / "reviews", columns=["review_body"])["review_body"].to_pylist()
    fits = [one for one in texts if one and SHORT[0] <= len(one) <= SHORT[1] and "]==]" not in one]
    return fits[:10_000]


def _table(turns: dict[tuple[str, int, int], list[Turn]], names: list[str]) -> None:
    print(f"{machine()}; {time.strftime('%Y-%m-%d')}\n")
    print("| connections | reviews | server | requests/s | of bare | reviews/s | p99 ms | CPU us |")
    print("|---|---|---|---|---|---|---|---|")
    for connections in CONNECTIONS:
        for reviews in REVIEWS:
            bare = turns.get((names[0], connections, reviews), [])
            for name in names:
                found = turns[name, connections, reviews]
                rate, p99, cpu = (float(np.median(column)) for column in zip(*found, strict=True))
                part = np.median([one.rate / other.rate
                                  for one, other in zip(found, bare, strict=True)])  # fmt: skip
                print(
                    f"| {connections} | {reviews} | {name} | {rate:,.0f} | {part:.0%} "
                    f"| {rate * reviews:,.0f} | {p99:.1f} | {cpu:,.0f} |"
                )


if __name__ == "__main__":
    main()
