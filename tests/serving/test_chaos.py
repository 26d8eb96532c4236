"""Many hostile clients beside honest ones, of which none is lost."""

import asyncio
import re
import time
from pathlib import Path

import httpx
import pytest

from tests.serving import chaos
from tests.serving.chaos import HOSTILE, clients
from tests.serving.process import Server, server

HELD = 64 * 2**20


def descriptors(of: Server) -> int:
    return sum(1 for _ in Path(f"/proc/{of.process.pid}/fd").iterdir())


def peak_bytes(of: Server) -> int:
    status = Path(f"/proc/{of.process.pid}/status").read_text()
    (kibibytes,) = re.findall(r"VmHWM:\s+(\d+) kB", status)
    return int(kibibytes) * 1024


def go_at(one: Server, seconds: float, honest: int, pipelining: int, hostile: int) -> None:
    """Let clients go at a server and check that it takes no harm."""
    assert httpx.get(f"{one.url}/ping", trust_env=False).status_code == 200
    kinds = {
        chaos.honest: honest,
        chaos.pipelining: pipelining,
        **{kind: hostile // len(HOSTILE) for kind in HOSTILE},
    }
    asyncio.run(clients(one.port, 0.1, {chaos.honest: 1}))
    before, memory = descriptors(one), peak_bytes(one)
    outcome = asyncio.run(clients(one.port, seconds, kinds))
    assert outcome.lost == []
    assert set(outcome.statuses) <= {200, 503}
    assert outcome.statuses[200] > honest + pipelining
    assert peak_bytes(one) - memory < 6 * HELD
    until = time.monotonic() + 60
    while descriptors(one) > before and time.monotonic() < until:
        time.sleep(0.5)
    assert descriptors(one) <= before
    assert one.end() == ""
    assert one.process.returncode == 0


def test_a_few_hostile_clients() -> None:
    with server(max_held_bytes=HELD, idle_seconds=2, head_seconds=2, body_seconds=2) as one:
        go_at(one, seconds=4, honest=10, pipelining=2, hostile=20)


@pytest.mark.slow
def test_two_hundred_clients() -> None:
    with server(max_held_bytes=HELD) as one:
        go_at(one, seconds=120, honest=40, pipelining=10, hostile=150)
