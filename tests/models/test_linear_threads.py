"""The same weights, bit for bit, whatever number of threads the libraries below may use."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

LEARN = """
import hashlib, json, sys
from pathlib import Path
import numpy as np, pyarrow as pa
from reviewdesk.models.labelled import labelled_texts
from reviewdesk.models.linear.classifier import Linear
from reviewdesk.prepare.prepare import prepare
from reviewdesk.settings import PrepareSettings, SourceSettings, CleanSettings, TargetSettings
from reviewdesk.sources import open_inputs
from reviewdesk.training.train import train

folder, threads = Path(sys.argv[1]), int(sys.argv[2])
pa.set_cpu_count(threads)
pa.set_io_thread_count(threads)

def digest(directory):
    found = hashlib.sha256()
    for path in sorted(Path(directory).rglob("*")):
        if path.is_file() and path.name != "log.json":
            found.update(path.name.encode() + path.read_bytes())
    return found.hexdigest()

random = np.random.default_rng(0)
found = {}
for k in (2, 7):
    labels = random.integers(0, k, 6000)
    words = (random.pareto(0.8, (6000, 30)) * 20).astype(np.int64)
    words[:, :3] = labels[:, None] + random.integers(0, 3, (6000, 3))
    texts = [" ".join(f"w{word}" for word in row) for row in words.tolist()]
    place = folder / f"saved-{k}"
    place.mkdir()
    Linear().fit(labelled_texts(texts, labels)[1]).save(place)
    found[f"fit {k}"] = digest(place)
source = SourceSettings()
data = prepare(
    open_inputs([str(folder.parent / "reviews.tsv")], source), folder / "prepared",
    prepare=PrepareSettings(), clean=CleanSettings(), source=source,
)
for target in ("sentiment", "category"):
    done = train(data, folder / target, target=TargetSettings(target=target))
    found[f"train {target}"] = [done.bundle.id, digest(folder / target)]
print(json.dumps(found))
"""

DEMO = """
import sys
from pathlib import Path
from reviewdesk.sources.generated.corpus import generate
from reviewdesk.settings import DemoSettings
generate(Path(sys.argv[1]), DemoSettings(reviews=3000))
"""


def learnt(folder: Path, threads: int) -> dict[str, object]:
    """Return the digests of what is learnt in a process with so many threads."""
    place = folder / f"with-{threads}"
    place.mkdir()
    names = ("OMP", "OPENBLAS", "MKL", "NUMBA", "VECLIB_MAXIMUM", "NUMEXPR", "ARROW")
    counts = {f"{name}_NUM_THREADS": str(threads) for name in names}
    command = [sys.executable, "-c", LEARN, str(place), str(threads)]
    run = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=250, env=os.environ | counts
    )
    assert run.returncode == 0, run.stderr[-2000:]
    found: dict[str, object] = json.loads(run.stdout.splitlines()[-1])
    return found


@pytest.mark.slow
def test_weights_and_bundles_are_the_same_with_one_two_and_four_threads(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", DEMO, str(tmp_path / "reviews.tsv")], check=True)
    alone = learnt(tmp_path, 1)
    assert len(alone) == 4
    for threads in (2, 4):
        assert learnt(tmp_path, threads) == alone
