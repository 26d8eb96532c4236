"""Variants, shadows and logs of several workers, and what kills and hostile clients do to them."""

import asyncio
import json
import os
import random
import signal
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Final

import httpx
import pytest

from reviewdesk.formats.capture_log import read_captures
from reviewdesk.models.linear.classifier import Linear
from tests.scoring import corpus
from tests.serving import chaos
from tests.serving.chaos import HOSTILE, clients
from tests.serving.test_workers import Running, serving, wait_until

CUSTOMERS: Final = 25
LONG: Final = (pytest.mark.slow, pytest.mark.timeout(1_200))


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("traffic")
    corpus.bundle(folder / "older", Linear, seed=0)
    corpus.bundle(folder / "newer", Linear, seed=5)
    return folder


def split(bundles: Path) -> list[str]:
    variants = f"sentiment=A={bundles / 'older'}:0.5,B={bundles / 'newer'}:0.5"
    return [variants, "--sticky", "customer_id", "--workers", "2"]


def ask(one: Running, name: str, customer: int) -> httpx.Response:
    """Ask over a connection of its own, which any worker may get."""
    body = {"instances": ["great sound"], "customer_id": f"customer {customer}"}
    headers = {"X-Amzn-SageMaker-Inference-Id": name}
    url = f"{one.url}/endpoints/sentiment/invocations"
    # Without certificates, which take longer to read each time than the answer.
    return httpx.post(url, json=body, headers=headers, timeout=60, trust_env=False, verify=False)


def variant_of(answer: httpx.Response) -> str:
    assert answer.status_code == 200, answer.text
    return answer.headers["x-amzn-invoked-production-variant"]


def test_workers_deal_log_and_shadow_as_one_server(bundles: Path, tmp_path: Path) -> None:
    weights = tmp_path / "weights.json"
    weights.write_text(json.dumps({"sentiment": {"A": 0.5, "B": 0.5}}))
    words = [*split(bundles), "--shadow", f"sentiment=C={bundles / 'older'}:0.4"]
    words += ["--capture", str(tmp_path / "logs"), "--weights", str(weights)]
    with serving(*words) as one:
        names = [f"{turn}-{customer}" for turn in range(6) for customer in range(CUSTOMERS)]
        seen = {name: variant_of(ask(one, name, int(name.split("-")[1]))) for name in names}
        assert set(seen.values()) == {"A", "B"}
        for customer in range(CUSTOMERS):  # whichever worker answers
            assert len({seen[f"{turn}-{customer}"] for turn in range(6)}) == 1
        weights.write_text(json.dumps({"sentiment": {"A": 0, "B": 1}}))
        late = iter(range(10_000))
        wait_until(
            lambda: {variant_of(ask(one, f"late {next(late)}", n)) for n in range(20)} == {"B"}
        )
        assert {variant_of(ask(one, f"later {n}", n)) for n in range(20)} == {"B"}
    logged = [found for found in read_captures(tmp_path / "logs") if "-" in found.inference_id]
    answered = [found for found in logged if not found.shadow]
    assert {found.inference_id: found.variant for found in answered} == seen
    assert len(answered) == len(names)
    shadowed = Counter(found.inference_id for found in logged if found.shadow)
    assert set(shadowed.values()) == {1}
    assert 0.2 < len(shadowed) / len(names) < 0.6
    assert {found.variant for found in logged if found.shadow} == {"C"}


@pytest.mark.parametrize("kills", [2, pytest.param(20, marks=LONG)])
def test_workers_that_are_killed_lose_no_answered_request(
    bundles: Path, tmp_path: Path, kills: int
) -> None:
    answered: list[tuple[str, str]] = []
    done = threading.Event()
    with serving(*split(bundles), "--capture", str(tmp_path)) as one:

        def send(sender: int) -> None:
            for n in range(100_000):
                if done.is_set():
                    return
                try:
                    answer = ask(one, f"{sender}-{n}", sender)
                except httpx.TransportError:  # its worker was killed
                    continue
                answered.append((f"{sender}-{n}", variant_of(answer)))

        senders = [threading.Thread(target=send, args=(sender,)) for sender in range(4)]
        for sender in senders:
            sender.start()
        chance = random.Random(1)
        try:
            for kill in range(kills):
                before = one.workers()
                time.sleep(chance.random() / 2)
                # Each second time one that serves: a server gives up after five starts in a row.
                victim = chance.choice(sorted(before)) if kill % 2 else min(before)
                os.kill(victim, signal.SIGKILL)
                wait_until(lambda victim=victim: len(one.workers() - {victim}) == 2)  # type: ignore[misc]
            enough = len(answered) + 20
            wait_until(lambda: len(answered) >= enough)  # it goes on
        finally:
            done.set()
            for sender in senders:
                sender.join()
    logged = {found.inference_id: found.variant for found in read_captures(tmp_path)}
    assert dict(answered).items() <= logged.items()
    assert len({variant for name, variant in answered if name.startswith("0-")}) == 1


def go_at(bundles: Path, seconds: float, honest: int, hostile: int, *words: str) -> None:
    """Let clients go at workers, of which one is killed; honest ones are answered."""
    with serving(*split(bundles), *words) as one:
        port = int(one.url.rpartition(":")[2])
        kinds = {chaos.honest: honest, **{kind: hostile // len(HOSTILE) for kind in HOSTILE}}
        outcome = asyncio.run(clients(port, seconds, kinds))
        assert outcome.lost == []
        assert set(outcome.statuses) <= {200, 503}
        assert outcome.statuses[200] > honest
        assert len(one.workers()) == 2
        victim = min(one.workers())
        os.kill(victim, signal.SIGKILL)
        outcome = asyncio.run(clients(port, 1, {chaos.honest: honest}))
        assert outcome.statuses[200] > 0
        wait_until(lambda: len(one.workers() - {victim}) == 2)
        one.process.send_signal(signal.SIGTERM)
        assert one.process.wait(60) == 0


SHORT: Final = ("--idle-seconds", "2", "--head-seconds", "2", "--body-seconds", "2")


def test_a_few_hostile_clients_at_two_workers(bundles: Path) -> None:
    go_at(bundles, 3, 8, 14, *SHORT)


@pytest.mark.slow
@pytest.mark.timeout(1_200)
def test_two_hundred_clients_at_two_workers(bundles: Path) -> None:
    go_at(bundles, 90, 40, 150)
