"""Captured requests, ours and SageMaker's, matched with ground truth."""

import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import reviewdesk as rd
from reviewdesk.errors import InputError, NotEnoughData, StorageError, UsageError
from reviewdesk.experiments.captured import captured_outcomes
from reviewdesk.experiments.folder import outcomes_of
from reviewdesk.formats.capture_files import CaptureFolder, erase_captured, erase_truth
from reviewdesk.formats.capture_log import Captured, capture_files, read_captures, truth_line
from tests.cli.conftest import Cli, run_cli

AWS_LINE = {
    "captureData": {
        "endpointInput": {
            "observedContentType": "text/csv",
            "mode": "INPUT",
            "data": "132,25,113.2,96,269.9",
            "encoding": "CSV",
        },
        "endpointOutput": {
            "observedContentType": "text/csv; charset=utf-8",
            "mode": "OUTPUT",
            "data": "positive,0.98",
            "encoding": "CSV",
        },
    },
    "eventMetadata": {"eventId": "e-1", "inferenceTime": "2026-03-01T10:59:58Z"},
    "eventVersion": "0",
}
"""The example of the SageMaker developer guide, with a label of ours."""


def write(folder: Path, variant: str, *lines: dict[str, Any], hour: str = "10") -> Path:
    path = folder / "sentiment" / variant / "2026" / "03" / "01" / hour / "58-33-1.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def test_sagemakers_own_lines_are_read(tmp_path: Path) -> None:
    binary = json.loads(json.dumps(AWS_LINE))
    output = binary["captureData"]["endpointOutput"]
    output |= {
        "observedContentType": "application/json",
        "data": base64.b64encode(b'[{"label": ["__label__negative"], "prob": [0.7]}]').decode(),
        "encoding": "BASE64",
    }
    binary["eventMetadata"] |= {"eventId": "e-2", "inferenceId": "mine"}
    write(tmp_path, "A", AWS_LINE)
    write(tmp_path, "B", binary)
    truth = tmp_path / "truth" / "2026" / "03" / "02" / "00" / "1.jsonl"
    truth.parent.mkdir(parents=True)
    given = {"groundTruthData": {"data": "positive", "encoding": "CSV"}, "eventVersion": "0"}
    lines = [
        {**given, "eventMetadata": {"eventId": "e-1"}},
        {**given, "eventMetadata": {"eventId": "mine"}},
        {**given, "eventMetadata": {"eventId": "of another"}},
    ]
    truth.write_text("".join(json.dumps(line) + "\n" for line in lines))
    table = captured_outcomes(tmp_path / "sentiment", tmp_path / "truth")
    assert table.select(["arm", "label", "truth", "correct", "unit"]).to_pylist() == [
        {"arm": "A", "label": "positive", "truth": "positive", "correct": True, "unit": "e-1"},
        {"arm": "B", "label": "negative", "truth": "positive", "correct": False, "unit": "mine"},
    ]


def test_requests_of_several_reviews_have_a_row_for_each(tmp_path: Path) -> None:
    answer = json.dumps([{"label": [f"__label__{one}"], "prob": [0.9]} for one in "abc"]).encode()
    log = CaptureFolder(tmp_path / "logs", 1 << 20)
    log.write(Captured("e", "A", "1", "2026-03-01T10:00:00.000Z", output_type="application/json",
                       output=answer, unit="customer", latency_ms=2.0))  # fmt: skip
    log.write(Captured("e", "A", "2", "2026-03-01T10:00:01.000Z", status=503))
    (tmp_path / "truth").mkdir()
    (tmp_path / "truth" / "t.jsonl").write_bytes(
        truth_line(
            "1",
            [
                "a",
                "x",
                'c"',
            ][:3],
            "now",
        )
    )
    table = captured_outcomes(tmp_path / "logs" / "e", tmp_path / "truth")
    assert table["correct"].to_pylist() == [True, False, False, None]
    assert table["unit"].to_pylist() == ["customer"] * 3 + ["2"]
    assert table["error"].to_pylist() == [False] * 3 + [True]
    assert len(set(table["request"].to_pylist())) == 4


def test_a_line_that_was_cut_off_is_passed_over_and_a_damaged_one_is_not(tmp_path: Path) -> None:
    path = write(tmp_path, "A", AWS_LINE, AWS_LINE)
    whole = path.read_bytes()
    path.write_bytes(whole[:-30])
    assert len(list(read_captures(tmp_path))) == 1
    path.write_bytes(b"x" + whole)
    with pytest.raises(InputError, match="line 1"):
        list(read_captures(tmp_path))


def test_what_is_no_capture_or_no_truth_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(NotEnoughData):
        captured_outcomes(tmp_path / "empty")
    with pytest.raises(StorageError):
        captured_outcomes(tmp_path / "missing")
    write(tmp_path / "logs", "A", {"eventVersion": "0"})
    with pytest.raises(InputError):
        captured_outcomes(tmp_path / "logs")
    write(tmp_path / "logs", "A", AWS_LINE)
    (tmp_path / "truth.jsonl").write_text('{"eventMetadata": {"eventId": 1}}\n')
    with pytest.raises(InputError):
        captured_outcomes(tmp_path / "logs", tmp_path)
    with pytest.raises(UsageError):
        outcomes_of([tmp_path, tmp_path])


def captured(n: int, variant: str = "A", unit: str = "") -> Captured:
    time = f"2026-03-01T{n // 3600:02}:{n // 60 % 60:02}:{n % 60:02}.000Z"
    return Captured(
        "e", variant, f"id{n}", time, unit=unit, output=b"a,0.5\n", output_type="text/csv"
    )


def test_files_are_rotated_and_bounded(tmp_path: Path) -> None:
    log = CaptureFolder(tmp_path, 40_000)
    for n in range(2_000):
        log.write(captured(n * 30))
    files = capture_files(tmp_path)
    assert sum(path.stat().st_size for path in files) <= 40_000
    assert len({path.parent for path in files}) > 1
    left = [one.event_id for one in read_captures(tmp_path)]
    assert left == [f"id{n * 30}" for n in range(2_000 - len(left), 2_000)]
    assert len(left) > 100


def test_a_person_goes_from_logs_and_truth(tmp_path: Path) -> None:
    log = CaptureFolder(tmp_path / "logs", 1 << 20)
    for n in range(30):
        log.write(captured(n, unit=f"C{n % 3}"))
    for n, body in enumerate(
        (b'{"source": "x", "customer_id": "C1"}', b'{"source": "C1 is good"}')
    ):
        log.write(Captured("e", "B", f"body{n}", "2026-03-01T10:00:00.000Z", input=body,
                           input_type="application/json"))  # fmt: skip
    truth = tmp_path / "truth"
    truth.mkdir()
    (truth / "t.jsonl").write_bytes(b"".join(truth_line(f"id{n}", ["a"], "") for n in range(30)))
    erased = erase_captured(tmp_path / "logs", "C1")
    assert erased.lines == 11
    assert erase_truth(truth, erased.requests) == 10
    left = [one.event_id for one in read_captures(tmp_path / "logs")]
    assert len(left) == 21
    assert "body1" in left
    assert "C1" not in {one.unit for one in read_captures(tmp_path / "logs")}
    log.write(captured(40))
    assert "id40" in [one.event_id for one in read_captures(tmp_path / "logs")]


def test_erase_reaches_logs_from_the_terminal(tmp_path: Path) -> None:
    CaptureFolder(tmp_path / "logs", 1 << 20).write(captured(1, unit="C1"))
    done = run_cli("erase", "--customer", "C1", tmp_path, "--captures", tmp_path / "logs")
    assert "1 line from" in done.err
    assert list(read_captures(tmp_path / "logs")) == []


def test_an_experiment_reads_captures_and_keeps_no_names(cli: Cli, tmp_path: Path) -> None:
    log, lines = CaptureFolder(tmp_path / "logs", 1 << 22), []
    for n in range(1_500):
        arm = "AB"[n * 7919 % 10 < 2]
        right = n % 10 < (9 if arm == "B" else 6)
        log.write(captured(n, arm, unit=f"customer-{n}"))
        lines.append(truth_line(f"id{n}", ["a" if right else "b"], ""))
    (tmp_path / "truth").mkdir()
    (tmp_path / "truth" / "t.jsonl").write_bytes(b"".join(lines))
    cli("experiment", "start", tmp_path / "test", "--data", tmp_path / "logs" / "e", "--truth",
        tmp_path / "truth", "--arms", "A:0.8,B:0.2", "--metric", "correct", "--guardrail",
        "error:lower")  # fmt: skip
    log.write(replace(captured(1_500, "A"), chosen=True))  # nothing was dealt
    summary = cli("experiment", "status", tmp_path / "test", "--json").json()
    assert summary["rows"] == 1_500
    found = rd.experiment(tmp_path / "logs" / "e", "A:0.8,B:0.2", ["correct"],
                          truth=tmp_path / "truth", guardrails=["error:lower"])  # fmt: skip
    assert found.to_json() == summary
    assert cli("experiment", "stop", tmp_path / "test").code == 0
    for path in (tmp_path / "test").iterdir():
        assert b"customer-1" not in path.read_bytes()
    assert cli("experiment", "status", tmp_path / "test", "--json").json() == summary


@pytest.fixture
def cli() -> Cli:
    return run_cli
