"""How long requests take at a part of what a server can do, and what a shadow of 20 % adds to that.

    python -m bench.latency BUNDLE [--part 0.33] [--seconds 4] [--rounds 8]

Two servers run, one of them with a shadow; turns are interleaved. A client on a core of its own
first sends as fast as it is answered, over 64 connections, and then at a part of that rate, at even
distances: a request's time counts from when it was due, so that a server that falls behind is not
spared. The rate of both is that of the one without a shadow. CPU time is that of the server. What
comes at even distances is scored alone and costs more: a third of the rate is half of the load.
"""

import argparse
import json
import os
import select
import socket
import statistics
import time
from collections import defaultdict, deque
from contextlib import ExitStack
from pathlib import Path
from typing import Final, NamedTuple

from bench.machine import REVIEWDESK, machine
from bench.serving import Server, running, wait_for

CONNECTIONS: Final = 64
TEXT: Final = "Great sound, but the battery broke after a week and nobody answered."
TICKS: Final = os.sysconf("SC_CLK_TCK")


class Turn(NamedTuple):
    """One turn: requests a second, percentiles in ms, CPU microseconds a request."""

    rate: float
    median: float
    p99: float
    cpu: float


class Client:
    """Many connections in one thread that never sleeps.

    Args:
        port: of the server.
    """

    def __init__(self, port: int) -> None:
        body = json.dumps({"instances": [TEXT]}).encode()
        head = f"POST /invocations HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n"
        self._request = f"{head}Content-Type: application/json\r\n\r\n".encode() + body
        self._poll = select.poll()
        self._sockets: dict[int, socket.socket] = {}
        for _ in range(CONNECTIONS):
            one = socket.create_connection(("127.0.0.1", port))
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._sockets[one.fileno()] = one
            self._poll.register(one, select.POLLIN)

    def close(self) -> None:
        """Close all connections."""
        for one in self._sockets.values():
            one.close()

    def go(self, seconds: float, rate: float = 0.0) -> list[float]:
        """Send for so long and return how long each request took in seconds.

        Args:
            seconds: how long.
            rate: requests a second; 0 sends as soon as a connection is free.
        """
        free: deque[int] = deque(self._sockets)
        taken: dict[int, float] = {}
        spent: list[float] = []
        begun = time.perf_counter()
        sent = 0
        while True:
            now = time.perf_counter()
            over = now - begun > seconds
            if over and not taken:
                return spent
            while free and not over:
                due = begun + sent / rate if rate else now
                if due > now:
                    break
                one = free.popleft()
                taken[one] = due
                self._sockets[one].sendall(self._request)
                sent += 1
            for one, _ in self._poll.poll(0):
                if not self._sockets[one].recv(65_536).endswith(b"]"):
                    raise RuntimeError("an answer came in parts, or is none")
                spent.append(time.perf_counter() - taken.pop(one))
                free.append(one)


def turn(server: Server, seconds: float, rate: float = 0.0) -> Turn:
    """Return what one turn found."""
    client = Client(server.port)
    before = _cpu(server.process)
    spent = sorted(client.go(seconds, rate))
    time.sleep(0.1)  # what waits for a shadow
    cpu = _cpu(server.process) - before
    client.close()
    n = len(spent)
    return Turn(n / seconds, 1e3 * spent[n // 2], 1e3 * spent[n * 99 // 100], 1e6 * cpu / n)


def _cpu(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def main() -> None:
    """Print a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--part", type=float, default=0.33)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--rounds", type=int, default=8)
    asked = parser.parse_args()
    serve = [*REVIEWDESK, "serve", f"sentiment=A={asked.bundle}:1"]
    shadow = ["--shadow", f"sentiment=C={asked.bundle}:0.2"]
    turns: dict[str, list[Turn]] = defaultdict(list)
    with ExitStack() as stack:
        servers = [
            stack.enter_context(running(name, command, "/invocations"))
            for name, command in (("alone", serve), ("shadow of 20 %", [*serve, *shadow]))
        ]
        cores = sorted(os.sched_getaffinity(0))
        for server in servers:
            wait_for(server.port)
            if len(cores) > 1:
                for task in Path(f"/proc/{server.process}/task").iterdir():
                    os.sched_setaffinity(int(task.name), set(cores[:-1]))
        os.sched_setaffinity(0, {cores[-1]})
        fastest = max(turn(servers[0], 1.0).rate for _ in range(3))
        rate = asked.part * fastest
        for _ in range(asked.rounds):
            for server in servers:
                turns[server.name].append(turn(server, asked.seconds, rate))
    print(machine())
    print(f"{fastest:,.0f} requests a second at most, {rate:,.0f} were sent\n")
    print("| server | median ms | p99 ms: least, median | CPU us a request: least, median |")
    print("|---|---|---|---|")
    for name, many in turns.items():
        middle = statistics.median(one.median for one in many)
        p99, cpu = ([getattr(one, field) for one in many] for field in ("p99", "cpu"))
        print(
            f"| {name} | {middle:.2f} | {min(p99):.2f}, {statistics.median(p99):.2f} | "
            f"{min(cpu):.0f}, {statistics.median(cpu):.0f} |"
        )
    alone, beside = turns.values()
    for field in ("p99", "cpu"):
        pairs = zip(alone, beside, strict=True)
        more = [100 * (getattr(b, field) / getattr(a, field) - 1) for a, b in pairs]
        middle = statistics.median(more)
        print(f"\n{field}: {middle:+.0f} % (median of pairs), {sorted(map(round, more))}")


if __name__ == "__main__":
    main()
