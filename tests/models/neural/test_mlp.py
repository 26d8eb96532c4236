"""The network over features: one chunk at a time, the same whoever reads, and to the bit."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import f1_score

from reviewdesk.models.neural.checkpoint import CHECKPOINT
from reviewdesk.models.neural.loss import f1, hits
from reviewdesk.models.neural.mlp import FeatureData, Mlp
from reviewdesk.models.running import Run
from reviewdesk.models.sparse.chunks import LEARNT, Chunks, Dealing, FeatureFile, Scan
from reviewdesk.models.sparse.order import ChunkReader

from .small import rows_file

TOLD = {"epochs": 3, "batch": 16, "hidden": 8, "chunk_mb": 0.004, "save_seconds": 0.0}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[FeatureFile]:
    folder = tmp_path_factory.mktemp("rows")
    return [rows_file(folder / f"{number}.svm", 150, number) for number in range(3)]


def scanned(folder: Path, files: list[FeatureFile]) -> Chunks:
    folder.mkdir()
    chunks = Scan(2_000, Dealing(0.1, 0.1, 0)).run(folder, files, "auto", 1000, 1)
    chunks.save()
    return chunks


def test_an_epoch_visits_each_row_once_shuffled_within_and_over_chunks(
    files: list[FeatureFile], tmp_path: Path
) -> None:
    chunks = scanned(tmp_path / "chunks", files)
    assert len(chunks.pieces) > 6
    assert max(piece.size for piece in chunks.pieces) < 2_500
    reader = ChunkReader(chunks, 16, seed=0)
    orders = []
    for number in range(2):
        batches = list(reader.epoch(number))
        assert len(batches) == len(reader)
        assert max(batch.whole for batch in batches) == 16
        orders.append([row.tobytes() for batch in batches for row in lines_of(batch.rows)])
    learnt = [row.tobytes() for part in chunks.sides(LEARNT) for row in lines_of(part.rows)]
    assert sorted(orders[0]) == sorted(orders[1]) == sorted(learnt)
    assert orders[0] != orders[1]
    assert reader.order(0) != reader.order(1) != list(range(len(chunks.pieces)))


def lines_of(rows: object) -> list[np.ndarray]:
    indices, ends = rows.indices, rows.ends  # type: ignore[attr-defined]
    return [indices[ends[row] : ends[row + 1]] for row in range(len(ends) - 1)]


@pytest.mark.parametrize("start", [0, 7])
def test_several_readers_give_the_same_batches_in_the_same_order(
    files: list[FeatureFile], tmp_path: Path, start: int
) -> None:
    chunks = scanned(tmp_path / "chunks", files)
    alone = list(ChunkReader(chunks, 16, seed=0).epoch(1, start))
    others = list(ChunkReader(chunks, 16, seed=0, readers=2).epoch(1, start))
    assert len(alone) == len(others) == len(ChunkReader(chunks, 16, seed=0)) - start
    for one, other in zip(alone, others, strict=True):
        assert one.labels.tolist() == other.labels.tolist()
        assert one.rows.values.tobytes() == other.rows.values.tobytes()
        assert one.rows.indices.tobytes() == other.rows.indices.tobytes()


LEARN = """
import sys
from pathlib import Path
from reviewdesk.models.neural.mlp import FeatureData, Mlp
from reviewdesk.models.running import Run
from reviewdesk.models.sparse.chunks import Dealing, FeatureFile
from tests.models.neural.test_mlp import TOLD
classifier = Mlp(**TOLD | {"epochs": 12, "patience": 90})
classifier.run = Run(Path(sys.argv[1]))
files = [FeatureFile(Path(one)) for one in sys.argv[2:]]
classifier.fit_files(FeatureData(files), Dealing(0.1, 0.1, 0))
"""


def test_killed_while_it_learns_it_ends_with_the_same_bits(
    files: list[FeatureFile], tmp_path: Path
) -> None:
    told = TOLD | {"epochs": 12, "patience": 90}
    data, dealing = FeatureData(files), Dealing(0.1, 0.1, 0)
    whole = Mlp(**told).fit_files(data, dealing)
    folder = tmp_path / "run"
    words = [sys.executable, "-c", LEARN, str(folder), *(str(one.path) for one in files)]
    with subprocess.Popen(words) as running:
        deadline = time.monotonic() + 120
        while not (folder / CHECKPOINT).exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        running.send_signal(signal.SIGKILL)
    assert (folder / CHECKPOINT).exists()
    assert not (folder / "learnt").exists()
    resumed = Mlp(**told)
    resumed.run = Run(folder)
    resumed.fit_files(data, dealing)
    assert resumed.network_ == whole.network_
    assert resumed.curve_ == whole.curve_


def test_the_weights_with_the_best_f1_are_kept(files: list[FeatureFile]) -> None:
    found = Mlp(**TOLD | {"epochs": 6, "patience": 99}).fit_files(
        FeatureData(files), Dealing(0, 0.3, 0)
    )
    best = max(point.f1 or 0 for point in found.curve_.points)
    parts = list(found._chunks.validation())
    said = np.concatenate([found._graph_scores(rows).argmax(axis=1) for rows, _ in parts])
    true = np.concatenate([labels for _, labels in parts])
    assert f1_score(true, said) == pytest.approx(best)


@pytest.mark.parametrize("k", [2, 4])
def test_f1_is_that_of_scikit_learn(k: int) -> None:
    import torch

    chance = np.random.default_rng(0)
    scores, labels = chance.normal(size=(200, k)), chance.integers(0, k, 200)
    found = f1(hits(torch.tensor(scores), torch.tensor(labels), "one"))
    average = "binary" if k == 2 else "macro"
    assert found == pytest.approx(f1_score(labels, scores.argmax(axis=1), average=average))


def test_values_become_tfidf_of_unit_length_or_are_scaled(
    files: list[FeatureFile], tmp_path: Path
) -> None:
    chunks = scanned(tmp_path / "counts", files)
    assert chunks.weighting.kind == "tfidf"
    for part in chunks.sides(LEARNT):
        rows = part.rows
        lengths = np.add.reduceat(rows.values**2, rows.ends[:-1][np.diff(rows.ends) > 0])
        np.testing.assert_allclose(lengths, 1, rtol=1e-5)
    (tmp_path / "real.svm").write_text("1 1:200.5 2:1\n-1 1:-401 3:2\n" * 20)
    scaled = scanned(tmp_path / "real", [FeatureFile(tmp_path / "real.svm", LEARNT)])
    assert scaled.weighting.kind == "scaled"
    first = next(iter(scaled.sides(LEARNT))).rows
    assert first.values[:2].tolist() == [0.5, 1.0]
