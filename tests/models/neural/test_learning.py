"""The loop: it learns, stops when it should, and goes on to the bit."""

import json
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import pytest
import torch
from safetensors import safe_open

from reviewdesk.errors import ReviewdeskError, Stopped
from reviewdesk.models.curve import Curve
from reviewdesk.models.neural.checkpoint import CHECKPOINT
from reviewdesk.models.neural.learning import TrainingWatch, learn
from reviewdesk.models.neural.loss import losses
from reviewdesk.models.neural.material import WordRows
from reviewdesk.models.neural.plan import Shape
from reviewdesk.models.neural.tokens import TokenFiles
from reviewdesk.models.neural.worker import learn_in
from reviewdesk.models.running import Run
from tests.killing import kill_and_resume
from tests.models.corpus import reviews

from .gloo_probe import why_processes_cannot_talk
from .small import SHAPES, plan, rows


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int, TokenFiles]:
    folder = tmp_path_factory.mktemp("run")
    words, tokens = rows(folder / "tokens", reviews(400))
    return folder, len(words), tokens


@pytest.mark.parametrize("name", SHAPES)
def test_every_network_learns(
    known: tuple[Path, int, TokenFiles], name: str, tmp_path: Path
) -> None:
    _, ids, tokens = known
    found = learn(
        plan(name, ids, epochs=4, save_seconds=60), WordRows(tokens, tmp_path / "tokens"), tmp_path
    )
    points = found.curve
    assert found.done == "all epochs are over"
    assert points[-1].epoch == 4
    assert points[-1].learnt_loss < 0.7 * points[0].learnt_loss
    assert max(point.accuracy or 0 for point in points) > 0.6


def test_the_weights_with_the_lowest_loss_aside_are_kept(
    known: tuple[Path, int, TokenFiles], tmp_path: Path
) -> None:
    _, ids, tokens = known
    wild = plan("cnn", ids, epochs=40, rate=0.05, embedding_rate=0.05, patience=4)
    found = learn(wild, WordRows(tokens, tmp_path / "tokens"), tmp_path)
    aside = [point.loss or 0 for point in found.curve]
    assert found.done == "4 measurements in a row were no better"
    assert len(aside) - 1 - int(np.argmin(aside)) == 4


def test_it_ends_at_the_time_limit_with_what_it_has(
    known: tuple[Path, int, TokenFiles], tmp_path: Path
) -> None:
    _, ids, tokens = known
    found = learn(
        plan("cnn", ids),
        WordRows(tokens, tmp_path / "tokens"),
        tmp_path,
        watch=TrainingWatch(time_limit=0),
    )
    assert found.done == "the time limit was reached"
    assert [point.step for point in found.curve] == [1]
    assert found.weights


def test_it_stops_when_asked_to_and_goes_on_to_the_same_weights(
    known: tuple[Path, int, TokenFiles], tmp_path: Path
) -> None:
    _, ids, tokens = known
    small = plan("conv-gru", ids, save_seconds=60)
    (tmp_path / "whole").mkdir()
    (tmp_path / "stopped").mkdir()
    whole = learn(small, WordRows(tokens, tmp_path / "tokens"), tmp_path / "whole")
    steps = iter(range(10**6))
    for _ in range(3):  # mid-epoch each time
        watch = TrainingWatch(stop=lambda: next(steps) % 7 == 6)
        assert (
            learn(
                small, WordRows(tokens, tmp_path / "tokens"), tmp_path / "stopped", watch=watch
            ).done
            == ""
        )
    found = learn(small, WordRows(tokens, tmp_path / "tokens"), tmp_path / "stopped")
    assert found.curve == whole.curve
    assert all(torch.equal(found.weights[name], one) for name, one in whole.weights.items())


def test_killed_at_twenty_moments_it_ends_with_the_same_weights(tmp_path: Path) -> None:
    step = "tests.models.neural.steps:learn_weights"
    kill_and_resume(step, lambda folder: ("conv-gru", folder), tmp_path, kills=20)
    with safe_open(tmp_path / "good" / "weights" / "weights.safetensors", "pt") as file:
        assert len(file.keys()) > 5  # kill_and_resume has compared them


def test_a_checkpoint_of_other_rows_or_another_plan_is_not_taken(
    known: tuple[Path, int, TokenFiles], tmp_path: Path
) -> None:
    _, ids, tokens = known
    one = learn(plan("cnn", ids), WordRows(tokens, tmp_path / "tokens"), tmp_path)
    assert (
        learn(plan("cnn", ids), WordRows(tokens, tmp_path / "tokens"), tmp_path).curve == one.curve
    )
    assert (
        learn(plan("cnn", ids, seed=1), WordRows(tokens, tmp_path / "tokens"), tmp_path).curve
        != one.curve
    )
    (tmp_path / CHECKPOINT).write_bytes(b"torn")
    assert (
        learn(plan("cnn", ids), WordRows(tokens, tmp_path / "tokens"), tmp_path).curve == one.curve
    )


def test_two_processes_learn_what_one_learns(
    known: tuple[Path, int, TokenFiles], tmp_path: Path
) -> None:
    if reason := why_processes_cannot_talk():
        pytest.skip(f"two processes cannot talk by gloo here: {reason}")
    source, ids, _ = known
    small = plan("conv-gru", ids, epochs=2, save_seconds=60)
    shape = replace(cast(Shape, small.shape), dropout=0.0, word_dropout=0.0)
    small = replace(small, shape=shape)
    losses_of = {}
    for processes in (1, 2):
        folder = tmp_path / str(processes)
        folder.mkdir()
        (folder / "tokens").symlink_to(source / "tokens")
        (folder / "plan.json").write_text(small.dumps())
        learn_in(folder, Run(processes=processes))
        curve = Curve.from_json(json.loads((folder / "learnt" / "curve.json").read_text()))
        losses_of[processes] = [(point.learnt_loss, point.loss or 0) for point in curve.points]
    np.testing.assert_allclose(losses_of[1], losses_of[2], rtol=1e-4)


def test_why_one_of_several_processes_failed_is_said(
    known: tuple[Path, int, TokenFiles], tmp_path: Path
) -> None:
    if reason := why_processes_cannot_talk():
        pytest.skip(f"two processes cannot talk by gloo here: {reason}")
    _, ids, _ = known
    (tmp_path / "plan.json").write_text(plan("cnn", ids).dumps())
    with pytest.raises(
        ReviewdeskError, match=r"one of 2 processes failed \(.*Error: .+\); `--proc"
    ):
        learn_in(tmp_path, Run(processes=2))


def test_stopping_raises_and_leaves_no_result(
    known: tuple[Path, int, TokenFiles], tmp_path: Path
) -> None:
    source, ids, _ = known
    (tmp_path / "tokens").symlink_to(source / "tokens")
    (tmp_path / "plan.json").write_text(plan("cnn", ids).dumps())
    with pytest.raises(Stopped, match="goes on"):
        learn_in(tmp_path, Run(stop=lambda: True))
    assert (tmp_path / CHECKPOINT).exists()
    assert not (tmp_path / "learnt").exists()
    learn_in(tmp_path, Run())
    assert (tmp_path / "learnt" / "network.onnx").exists()


def test_being_far_off_costs_more_than_being_next_to_it() -> None:
    near, far = torch.tensor([[0.0, 4, 0, 0, 0]]), torch.tensor([[0.0, 0, 0, 0, 4]])
    label = torch.tensor([0])
    assert losses(near, label, "one") == losses(far, label, "one")
    assert losses(near, label, "ordered") < losses(far, label, "ordered")
