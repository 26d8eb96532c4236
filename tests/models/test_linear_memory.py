"""Learning from more than memory holds, in a process whose memory is limited."""

import json
import subprocess
import sys

import pytest

LEARN = """
import json, resource
from pathlib import Path
import numpy as np, pyarrow as pa
from reviewdesk.models.linear.classifier import Linear
from reviewdesk.models.labelled import LabelledReviews

def labelled(rows):
    columns = ("review_body", "label")
    return LabelledReviews(["bad", "good"], columns, False, lambda: batches(rows))

def batches(rows):
    for start in range(0, rows, 2_000):
        random = np.random.default_rng(start)
        labels = random.integers(0, 2, 2_000)
        words = (random.pareto(0.7, (2_000, 40)) * 50).astype(np.int64).astype(str)
        signs = np.where(labels == 1, "good", "bad").astype(words.dtype)
        words[:, 0] = np.where(random.random(2_000) < 0.8, signs, words[:, 0])
        texts = ["ology ".join(row) for row in words.tolist()]
        size[0] += sum(map(len, texts))
        yield pa.record_batch([pa.array(texts), pa.array(labels.astype(np.int32))],
                              names=["review_body", "label"])

size = [0]
Linear(ngrams=2).fit(labelled(10_000))
size[0] = 0
status = Path("/proc/self/status").read_text()
used = int(status.partition("VmData:")[2].split()[0]) << 10
room = 80 << 20
resource.setrlimit(resource.RLIMIT_DATA, (used + room, used + room))
fitted = Linear(ngrams=2, memory_mb=32).fit(labelled(500_000))
sure = fitted.predict_proba(["goodology", "badology"])
found = [fitted.labels_[at] for at in sure.argmax(axis=1)]
print(json.dumps({"found": found, "text": size[0], "room": room}))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the limit is Linux's")
def test_more_is_learnt_from_than_memory_holds() -> None:
    run = subprocess.run(
        [sys.executable, "-c", LEARN], capture_output=True, text=True, check=False, timeout=280
    )
    assert run.returncode == 0, run.stderr[-2000:]
    told = json.loads(run.stdout)
    assert told["room"] < 0.6 * told["text"]  # and the numbers of n-grams take as much again
    assert told["found"] == ["good", "bad"]
