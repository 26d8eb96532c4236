"""Variants, shadows and logs, over HTTP with Amazon's own client."""

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from reviewdesk.errors import RequestError, UsageError
from reviewdesk.formats.capture_files import erase_captured
from reviewdesk.formats.capture_log import Captured, capture_files, read_captures
from reviewdesk.serving.variants import ServedEndpoint, Variant
from tests.serving.fakes import sentiment, stars
from tests.serving.process import Server, server

BODY = json.dumps({"instances": ["great", "ok"]})


def runtime(url: str) -> Any:
    return boto3.client(
        "sagemaker-runtime",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"max_attempts": 0}, proxies={}),
    )


def ask(client: Any, body: str = BODY, **options: Any) -> Any:
    return client.invoke_endpoint(
        EndpointName="sentiment", ContentType="application/json", Body=body, **options
    )


@pytest.fixture(scope="module")
def captures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("captures")


@pytest.fixture(scope="module")
def split(captures: Path) -> Iterator[Server]:
    traffic = {"sticky": "customer_id", "capture": str(captures)}
    with server(variants=[0.8, 0.2, 0.0], traffic=traffic) as one:
        yield one


def test_requests_are_dealt_by_weight_and_the_answer_says_to_whom(split: Server) -> None:
    client = runtime(split.url)
    answered = Counter(ask(client)["InvokedProductionVariant"] for _ in range(300))
    assert set(answered) == {"A", "B"}
    assert 0.1 < answered["B"] / 300 < 0.3


@pytest.mark.parametrize("variant", ["A", "B"])
def test_a_caller_may_ask_for_a_variant(split: Server, captures: Path, variant: str) -> None:
    client = runtime(split.url)
    answer = ask(client, TargetVariant=variant, InferenceId=f"for {variant}")
    (logged,) = [x for x in read_captures(captures) if x.inference_id == f"for {variant}"]
    assert logged.chosen
    assert answer["InvokedProductionVariant"] == variant
    told = [one["label"] for one in json.loads(answer["Body"].read())]
    assert told[1] == ["__label__positive" if variant == "B" else "__label__negative"]
    with pytest.raises(ClientError, match=r"there is no such variant; there are: A, B"):
        ask(client, TargetVariant="C")


def test_a_customer_stays_with_a_variant_by_header_and_by_field(split: Server) -> None:
    seen: dict[str, set[str]] = {}
    for round_trip in range(3):
        for n in range(30):
            customer = f"customer {n}"
            content = {"instances": ["ok"], "customer_id": customer}
            headers = {"customer_id": customer} if round_trip == 2 else {}
            kind = "application/jsonlines" if round_trip == 1 else "application/json"
            body = {"source": "ok", "customer_id": customer} if round_trip == 1 else content
            headers = {"content-type": kind, **headers}
            url = f"{split.url}/endpoints/sentiment/invocations"
            answer = httpx.post(url, json=body, headers=headers, trust_env=False)
            variant = answer.headers["x-amzn-invoked-production-variant"]
            seen.setdefault(customer, set()).add(variant)
    assert all(len(variants) == 1 for variants in seen.values())
    assert len(set.union(*seen.values())) == 2


def test_logs_are_sagemakers_without_texts(split: Server, captures: Path) -> None:
    client = runtime(split.url)
    text = "great, says a person whose words are nobody's business"
    ask(client, json.dumps({"instances": [text], "customer_id": "C9"}), InferenceId="the request")
    (path,) = [path for path in capture_files(captures) if "the request" in path.read_text()]
    assert path.parts[-7] == "sentiment"
    assert [len(part) for part in path.parts[-5:-1]] == [4, 2, 2, 2]
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    (line,) = [one for one in lines if one["eventMetadata"].get("inferenceId") == "the request"]
    assert line["eventVersion"] == "0"
    assert line["captureData"].keys() == {"endpointOutput"}
    output = line["captureData"]["endpointOutput"]
    assert (output["mode"], output["encoding"]) == ("OUTPUT", "JSON")
    assert output["observedContentType"] == "application/json"
    assert json.loads(output["data"])[0]["label"] == ["__label__positive"]
    assert line["reviewdesk"]["unit"] == "C9"
    assert line["reviewdesk"]["variant"] == path.parts[-6]
    assert "nobody's business" not in path.read_text()
    assert path.stat().st_mode & 0o077 == 0


def test_what_fails_is_logged_as_an_error(split: Server, captures: Path) -> None:
    with pytest.raises(ClientError):
        ask(runtime(split.url), '{"instances": ["fail"]}', InferenceId="a bug")
    (one,) = [one for one in read_captures(captures) if one.inference_id == "a bug"]
    assert (one.status, one.output) == (500, None)


def test_a_shadow_scores_its_part_and_answers_nobody(tmp_path: Path) -> None:
    traffic = {"capture": str(tmp_path), "capture_input": True}
    with server(variants=[1.0, 0.0, 0.5], traffic=traffic) as one:
        client = runtime(one.url)
        for n in range(60):
            answer = ask(client, '{"instances": ["ok"]}', InferenceId=f"r{n}")
            assert answer["InvokedProductionVariant"] == "A"
            assert json.loads(answer["Body"].read())[0]["label"] == ["__label__negative"]
        deadline = time.monotonic() + 20
        shadows: list[Captured] = []
        while time.monotonic() < deadline and len(shadows) < 15:
            shadows = [found for found in read_captures(tmp_path) if found.shadow]
    assert {found.variant for found in shadows} == {"C"}
    assert all(b"positive" in (found.output or b"") for found in shadows)
    assert 15 <= len(shadows) <= 45
    assert {found.inference_id for found in shadows} < {f"r{n}" for n in range(60)}
    assert shadows[0].input == b'{"instances": ["ok"]}'


def test_weights_change_while_it_serves(tmp_path: Path) -> None:
    weights = tmp_path / "weights.json"
    weights.write_text('{"sentiment": {"A": 1, "B": 0}}')
    with server(variants=[0.5, 0.5, 0.0], traffic={"weights": str(weights)}) as one:
        client = runtime(one.url)
        assert {ask(client)["InvokedProductionVariant"] for _ in range(20)} == {"A"}
        weights.write_text('{"sentiment": {"A": 0, "B": 1}}')
        deadline = time.monotonic() + 20
        while ask(client)["InvokedProductionVariant"] == "A":
            assert time.monotonic() < deadline
        assert {ask(client)["InvokedProductionVariant"] for _ in range(20)} == {"B"}
        weights.write_text("{")
        time.sleep(1.2)
        assert {ask(client)["InvokedProductionVariant"] for _ in range(5)} == {"B"}
        told = httpx.get(f"{one.url}/endpoints", trust_env=False).json()["endpoints"][0]
        assert told["variants"] == {"A": 0, "B": 1}


def test_what_was_answered_before_a_kill_is_in_the_log(tmp_path: Path) -> None:
    answered: list[str] = []
    with server(variants=[0.5, 0.5, 0.0], traffic={"capture": str(tmp_path)}) as one:

        def send(worker: int) -> None:
            client = runtime(one.url)
            for n in range(10_000):
                try:
                    ask(client, InferenceId=f"{worker}-{n}")
                except Exception:  # the server is gone
                    return
                answered.append(f"{worker}-{n}")

        senders = [threading.Thread(target=send, args=(worker,)) for worker in range(4)]
        for sender in senders:
            sender.start()
        while len(answered) < 100:
            time.sleep(0.01)
        one.process.kill()
        for sender in senders:
            sender.join()
    logged = Counter(found.inference_id for found in read_captures(tmp_path))
    assert set(answered) <= set(logged)
    assert set(logged.values()) == {1}


def test_erasing_beside_a_server_that_writes_loses_no_other(tmp_path: Path) -> None:
    traffic = {"capture": str(tmp_path), "sticky": "customer_id"}
    with server(variants=[0.5, 0.5, 0.0], traffic=traffic) as one:
        done = threading.Event()
        sent: list[str] = []

        def send() -> None:
            client = runtime(one.url)
            while not done.is_set():
                name = f"n{len(sent)}"
                body = json.dumps({"instances": ["ok"], "customer_id": name})
                ask(client, body, InferenceId=name)
                sent.append(name)

        sender = threading.Thread(target=send)
        sender.start()
        while len(sent) < 40:
            time.sleep(0.01)
        erased = [erase_captured(tmp_path, f"n{n}") for n in range(0, 40, 4)]
        done.set()
        sender.join()
    assert [one.lines for one in erased] == [1] * 10
    left = {found.inference_id for found in read_captures(tmp_path)}
    assert left == set(sent) - {f"n{n}" for n in range(0, 40, 4)}


def test_a_full_disk_stops_no_answer(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with server(variants=[0.5, 0.5, 0.0], traffic={"capture": str(tmp_path / "file")}) as one:
        assert ask(runtime(one.url))["InvokedProductionVariant"] in "AB"
        told = httpx.get(f"{one.url}/metrics", trust_env=False).text
        assert "reviewdesk_requests_not_captured 1" in told


def test_keys_move_only_as_far_as_weights_do() -> None:
    endpoint = ServedEndpoint([Variant("A", sentiment(), 0.9), Variant("B", sentiment(), 0.1)])
    before = {f"k{n}": endpoint.choose(f"k{n}").name for n in range(4_000)}
    assert 0.08 < list(before.values()).count("B") / 4_000 < 0.12
    endpoint.weigh({"A": 0.8, "B": 0.2})
    after = {key: endpoint.choose(key).name for key in before}
    moved = Counter((before[key], after[key]) for key in before)
    assert moved["B", "A"] == 0
    assert 0.08 < moved["A", "B"] / 4_000 < 0.12
    endpoint.weigh({"A": 0, "B": 3})
    assert {endpoint.choose(key).name for key in before} == {"B"}


def test_what_cannot_be_an_endpoint_is_refused() -> None:
    one = Variant("A", sentiment())
    for variants in ([one, one], [one, Variant("B", stars())]):
        with pytest.raises(UsageError):
            ServedEndpoint(variants)
    endpoint = ServedEndpoint([one])
    for weights in ({}, {"A": 0}, {"A": -1}, {"A": float("nan")}, {"B": 1}):
        with pytest.raises(UsageError):
            endpoint.weigh(weights)
    with pytest.raises(RequestError):
        endpoint.choose("key", "B")
