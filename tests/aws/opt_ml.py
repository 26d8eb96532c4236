"""The folders that SageMaker makes around a container, made by hand from its documentation."""

import json
import os
import random
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

GOOD = "great love works perfect easy".split()
BAD = "broke awful refund never waste".split()
SHARED = "the box arrived and it was phone today".split()


def texts(n: int, seed: int = 0) -> list[tuple[int, str]]:
    """Return n labels, 0 or 1, and tokenised texts that they can be learnt from."""
    rng = random.Random(seed)
    pairs = []
    for _ in range(n):
        label = rng.randrange(2)
        words = rng.choices(GOOD if label else BAD, k=4) + rng.choices(SHARED, k=5)
        rng.shuffle(words)
        pairs.append((label, " ".join(words)))
    return pairs


def label_lines(pairs: Iterable[tuple[int, str]]) -> str:
    """Return BlazingText's lines."""
    return "".join(f"__label__{label} {text}\n" for label, text in pairs)


def recordio(payload: bytes) -> bytes:
    """Return a record, written from the description of the format and not by our code."""
    magic = struct.pack("<I", 0xCED7230A)
    parts, start = [], 0
    for place in range(0, len(payload) - 3, 4):
        if payload[place : place + 4] == magic:
            parts.append(payload[start:place])
            start = place + 4
    parts.append(payload[start:])
    out = b""
    for number, part in enumerate(parts):
        flag = 0 if len(parts) == 1 else 1 if not number else 3 if number == len(parts) - 1 else 2
        out += magic + struct.pack("<I", (flag << 29) + len(part)) + part
        out += b"\0" * ((4 - len(part) % 4) % 4)
    return out


def opt_ml(
    folder: Path,
    hyperparameters: dict[str, str],
    channels: dict[str, dict[str, Any]] | None = None,
    hosts: Sequence[str] = ("algo-1",),
    current: str = "algo-1",
) -> Path:
    """Make the folders of a training job, and files of its channels by ``files``."""
    config = folder / "input" / "config"
    config.mkdir(parents=True)
    (folder / "input" / "data").mkdir()
    (folder / "model").mkdir()
    (folder / "output" / "data").mkdir(parents=True)
    (config / "hyperparameters.json").write_text(json.dumps(hyperparameters))
    (config / "resourceconfig.json").write_text(
        json.dumps(
            {"current_host": current, "hosts": list(hosts), "network_interface_name": "eth0"}
        )
    )
    told = {}
    for name, given in (channels or {}).items():
        channel = dict(given)
        for file, content in channel.pop("files", {}).items():
            path = folder / "input" / "data" / name / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        told[name] = {
            "TrainingInputMode": "File",
            "S3DistributionType": "FullyReplicated",
            "RecordWrapperType": "None",
            **channel,
        }
    (config / "inputdataconfig.json").write_text(json.dumps(told))
    return folder


@contextmanager
def pipe(folder: Path, channel: str, data: bytes) -> Iterator[None]:
    """Feed a pipe that appears a moment after its reader wants it, as the platform does."""

    def feed() -> None:
        time.sleep(0.2)
        path = folder / "input" / "data" / f"{channel}_0"
        os.mkfifo(path)
        with path.open("wb") as stream:
            stream.write(data)

    feeder = threading.Thread(target=feed)
    feeder.start()
    try:
        yield
    finally:
        feeder.join(timeout=30)


def entry_point(word: str, base: Path, **environment: str) -> "subprocess.Popen[str]":
    """Start the image's entry point as a process."""
    return subprocess.Popen(
        [sys.executable, "-m", "reviewdesk.aws", word],
        env={**os.environ, "SAGEMAKER_BASE_DIR": str(base), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
