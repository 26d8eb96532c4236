"""Amazon SageMaker's data capture and ground truth: JSON lines of what an endpoint answered.

Captured requests lie in ``ENDPOINT/VARIANT/yyyy/mm/dd/hh/NAME.jsonl``, ground truth anywhere below
a folder. Source: SageMaker developer guide, model-monitor-data-capture-endpoint and
model-quality-merge. Our own lines hold a further object, ``reviewdesk``, with what SageMaker's
lack: variant, milliseconds of scoring, HTTP status, and the unit that was dealt to the variant.
Each line is written at once, so that a killed process leaves whole lines; a last line that is not
whole, as a full disk leaves it, is passed over.
"""

import base64
import binascii
import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from reviewdesk.errors import InputError
from reviewdesk.formats.json_lines import json_line
from reviewdesk.storage import storage_errors

OWN: Final = "reviewdesk"
LABEL_PREFIX: Final = "__label__"
_ENCODINGS: Final = {
    "application/json": "JSON",
    "application/jsonlines": "JSON",
    "text/csv": "CSV",
}


@dataclass(frozen=True)
class Captured:
    """One answered request.

    Args:
        endpoint: the endpoint's name.
        variant: the variant that answered.
        event_id: names the request; of its own where the caller gave none.
        time: when, as in ``2026-01-31T12:00:00.123Z``.
        inference_id: the caller's name for the request; empty without one.
        input_type: media type of the request's body.
        input: that body; None where bodies are not kept.
        output_type: media type of the answer.
        output: the answer; None where there is none.
        latency_ms: how long scoring took; NaN where it is not known.
        status: the HTTP status of the answer.
        unit: who or what was dealt to the variant; empty where each request was.
        shadow: whether the answer went to nobody.
        chosen: whether the caller asked for the variant, so that nothing was dealt.
    """

    endpoint: str
    variant: str
    event_id: str
    time: str
    inference_id: str = ""
    input_type: str = ""
    input: bytes | None = None
    output_type: str = ""
    output: bytes | None = None
    latency_ms: float = float("nan")
    status: int = 200
    unit: str = ""
    shadow: bool = False
    chosen: bool = False

    @property
    def request(self) -> str:
        """What ground truth names the request by."""
        return self.inference_id or self.event_id


def capture_line(captured: Captured) -> bytes:
    """Return a captured request as a line of SageMaker's format."""
    data: dict[str, Any] = {}
    if captured.input is not None:
        data["endpointInput"] = _body(captured.input_type, "INPUT", captured.input)
    if captured.output is not None:
        data["endpointOutput"] = _body(captured.output_type, "OUTPUT", captured.output)
    about = {"eventId": captured.event_id, "inferenceTime": captured.time}
    if captured.inference_id:
        about["inferenceId"] = captured.inference_id
    own = {
        "variant": captured.variant,
        "latencyMs": round(captured.latency_ms, 3),
        "status": captured.status,
    }
    own |= {"unit": captured.unit} if captured.unit else {}
    own |= {"shadow": True} if captured.shadow else {}
    own |= {"chosen": True} if captured.chosen else {}
    line = {"captureData": data, "eventMetadata": about, "eventVersion": "0", OWN: own}
    return json_line(line).encode()


def read_captures(folder: Path) -> Iterator[Captured]:
    """Read all captured requests below an endpoint's folder, or that of several endpoints.

    Args:
        folder: ``ENDPOINT``, or the folder above it.

    Raises:
        StorageError: the folder cannot be read.
        InputError: a line that is not the last of its file is damaged.
    """
    for path in capture_files(folder):
        endpoint, variant = path.parts[-7:-5]
        for line in _lines(path):
            yield _captured(line, endpoint, variant, path)


def capture_files(folder: Path) -> list[Path]:
    """Return the files of captured requests below a folder, by time.

    Raises:
        StorageError: the folder cannot be read.
    """
    with storage_errors(str(folder)):
        next(folder.iterdir(), None)  # says when it is not there
        files = folder.rglob("[0-9]*/[0-9]*/[0-9]*/[0-9]*/*.jsonl")
        return sorted(files, key=lambda path: (path.parts[-5:], path.parts))


def read_truth(folder: Path) -> dict[str, list[str]]:
    """Read ground truth: for each request the true label of each of its reviews.

    Args:
        folder: any ``.jsonl`` file below it is read; later lines replace earlier ones.

    Raises:
        StorageError: the folder cannot be read.
        InputError: a line that is not the last of its file is damaged, or of another format.
    """
    truth: dict[str, list[str]] = {}
    with storage_errors(str(folder)):
        next(folder.iterdir(), None)
        paths = sorted(folder.rglob("*.jsonl"))
    for path in paths:
        for line in _lines(path):
            try:
                data = line["groundTruthData"]
                truth[str(line["eventMetadata"]["eventId"])] = _labels(data)
            except (KeyError, TypeError, ValueError) as error:
                raise InputError(f"{path} is no ground truth in SageMaker's format") from error
    return truth


def truth_line(request: str, labels: list[str], time: str) -> bytes:
    """Return ground truth as a line of SageMaker's format.

    Args:
        request: the inference id of the request, else the event id of its capture.
        labels: the true label of each of its reviews.
        time: when it was learnt.
    """
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([label] for label in labels)
    about = {"eventId": request, "eventTime": time}
    data = {"data": text.getvalue().removesuffix("\n"), "encoding": "CSV"}
    return json_line(
        {"groundTruthData": data, "eventMetadata": about, "eventVersion": "0"}
    ).encode()


def answers(captured: Captured) -> list[tuple[str, dict[str, float]]]:
    """Return of each review of a captured request the label named and the probabilities told.

    Raises:
        InputError: the answer is in no format that the endpoint writes.
    """
    if captured.output is None:
        return []
    text = captured.output.decode("utf-8", "replace")
    try:
        if captured.output_type == "application/json":
            return [_ranking(answer) for answer in json.loads(text)]
        if captured.output_type == "application/jsonlines":
            return [_ranking(json.loads(line)) for line in text.splitlines() if line]
        rows = csv.reader(
            io.StringIO(text), delimiter="," if "csv" in captured.output_type else "\t"
        )
        return [(row[0], {row[0]: float(row[1])}) for row in rows if row]
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise InputError(
            f"the captured answer {captured.event_id} is in a format not known"
        ) from error


def _ranking(answer: Mapping[str, Any]) -> tuple[str, dict[str, float]]:
    labels = [str(label).removeprefix(LABEL_PREFIX) for label in answer["label"]]
    return labels[0], dict(zip(labels, map(float, answer["prob"]), strict=True))


def _body(media_type: str, mode: str, body: bytes) -> dict[str, str]:
    encoding = _ENCODINGS.get(media_type, "BASE64")
    try:
        text = body.decode() if encoding != "BASE64" else base64.b64encode(body).decode()
    except UnicodeDecodeError:
        encoding, text = "BASE64", base64.b64encode(body).decode()
    return {"observedContentType": media_type, "mode": mode, "data": text, "encoding": encoding}


def _unpacked(part: Mapping[str, Any] | None) -> tuple[str, bytes | None]:
    if not part or "data" not in part:
        return "", None
    data = str(part["data"])
    if part.get("encoding") == "BASE64":
        return str(part.get("observedContentType", "")), base64.b64decode(data, validate=True)
    return str(part.get("observedContentType", "")), data.encode()


def _captured(line: Mapping[str, Any], endpoint: str, variant: str, path: Path) -> Captured:
    try:
        about, own = line["eventMetadata"], line.get(OWN, {})
        input_type, given = _unpacked(line["captureData"].get("endpointInput"))
        output_type, answer = _unpacked(line["captureData"].get("endpointOutput"))
        return Captured(
            endpoint,
            str(own.get("variant", variant)),
            str(about["eventId"]),
            str(about["inferenceTime"]),
            str(about.get("inferenceId", "")),
            input_type,
            given,
            output_type,
            answer,
            float(own.get("latencyMs", "nan")),
            int(own.get("status", 200)),
            str(own.get("unit", "")),
            bool(own.get("shadow", False)),
            bool(own.get("chosen", False)),
        )
    except (KeyError, TypeError, ValueError, AttributeError, binascii.Error) as error:
        raise InputError(f"{path} holds a line that is no capture of SageMaker's format") from error


def _labels(data: Mapping[str, Any]) -> list[str]:
    text = str(data["data"])
    if data.get("encoding") == "JSON":
        value = json.loads(text)
        return [str(label) for label in (value if isinstance(value, list) else [value])]
    return [row[0].removeprefix(LABEL_PREFIX) for row in csv.reader(io.StringIO(text)) if row]


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with storage_errors(str(path)):
        *whole, last = path.read_bytes().split(b"\n")
    for number, line in enumerate([*whole, last], start=1):
        value = _object(line)
        if value is not None:
            yield value
        elif line.strip() and number <= len(whole):  # the last may be cut off
            raise InputError(f"line {number} of {path} is damaged: it is no JSON object")


def _object(line: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
