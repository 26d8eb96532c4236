"""Bundles that learn on from the reviews of new months."""

from pathlib import Path
from typing import cast

import numpy as np
import pytest

from reviewdesk.bundle import load_bundle
from reviewdesk.cli.main import main
from reviewdesk.errors import NotEnoughData, UsageError
from reviewdesk.examples.examples import load_examples
from reviewdesk.models.base import PartialFits
from reviewdesk.models.labelled import LabelledReviews
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.settings import SplitSettings
from reviewdesk.training.evaluate import evaluate
from reviewdesk.training.incremental import train_incrementally
from reviewdesk.training.train import train
from tests.scoring import corpus

OLD, NEW = ("lovely", "dreadful"), ("splendid", "shoddy")


def month(place: Path, number: int, words: tuple[str, str]) -> PreparedData:
    """Prepare a month of reviews whose praise and blame are its own words."""
    random = np.random.default_rng(number)
    lines = ["review_id,product_id,star_rating,review_date,review_headline,review_body"]
    for row in range(400):
        good = int(random.integers(2))
        said = words[1 - good] if random.random() < 0.95 else words[good]
        body = f"a {said} thing that came {number}-{row}"
        product = f"p{random.integers(80)}"
        lines.append(f"r{number}-{row},{product},{1 + 4 * good},2015-{number:02}-03,,{body}")
    path = place / f"{number}.csv"
    path.write_text("\n".join(lines) + "\n")
    return corpus.prepared(path, place / f"month-{number}")


@pytest.fixture(scope="module")
def months(tmp_path_factory: pytest.TempPathFactory) -> list[PreparedData]:
    place = tmp_path_factory.mktemp("months")
    return [month(place, 1, OLD), month(place, 2, NEW), month(place, 3, NEW)]


def accuracy(bundle_path: Path, data: PreparedData) -> float:
    found = evaluate(load_bundle(bundle_path), data)
    return found.measures.figures["accuracy"].value


def test_new_months_are_learnt_and_old_ones_not_forgotten(
    months: list[PreparedData], tmp_path: Path
) -> None:
    first, second, third = (tmp_path / name for name in ("first", "second", "third"))
    start = train(months[0], first, split=SplitSettings(by="review"), refit=False).bundle
    assert accuracy(first, months[1]) < 0.7
    found = train_incrementally(first, months[1], second).bundle
    assert found.metrics["figures"]["accuracy"]["value"] > 0.9
    assert found.continues == start.id
    assert found.settings.to_json() == start.settings.to_json()
    assert found.id != start.id
    last = train_incrementally(second, months[2], third).bundle
    assert last.earlier_data == [months[0].fingerprint, months[1].fingerprint]
    for data in months:
        measured = evaluate(load_bundle(third), data)
        assert measured.rows == "held-out"  # it has learned from the rest of each
        assert measured.measures.figures["accuracy"].value > 0.85


def test_what_was_held_out_is_learnt_in_the_end(months: list[PreparedData], tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    start = train(months[0], first).bundle
    more = train_incrementally(first, months[1], second).bundle
    measured = evaluate(load_bundle(second), months[1])
    assert measured.measures.to_json().items() <= more.metrics.items()
    assert "learned anew from all 400" in measured.why
    batch = next(months[1].batches(["review_headline", "review_body"]))
    by_hand = cast(PartialFits, load_bundle(first).classifier)
    examples = load_examples(months[1], start.settings.target, start.settings.text)
    by_hand.partial_fit(LabelledReviews.of_examples(examples, examples.labelled))
    assert (more.predict_proba(batch) == by_hand.predict_proba(batch)).all()  # type: ignore[attr-defined]
    with pytest.raises(NotEnoughData, match=f"evaluate {start.id} on it"):
        evaluate(load_bundle(second), months[0])


def test_the_same_bytes_and_nothing_done_twice(months: list[PreparedData], tmp_path: Path) -> None:
    train(months[0], tmp_path / "first")
    one = train_incrementally(tmp_path / "first", months[1], tmp_path / "one")
    other = train_incrementally(tmp_path / "first", months[1], tmp_path / "other")
    assert one.bundle.id == other.bundle.id
    again = train_incrementally(tmp_path / "first", months[1], tmp_path / "one")
    assert (one.already, again.already) == (False, True)
    with pytest.raises(UsageError, match="another bundle"):
        train_incrementally(tmp_path / "first", months[2], tmp_path / "one")
    with pytest.raises(UsageError, match="already"):
        train_incrementally(tmp_path / "one", months[0], tmp_path / "more")


def test_families_that_cannot_say_so(months: list[PreparedData], tmp_path: Path) -> None:
    for model in ("tfidf-svc", "naive-bayes"):
        train(months[0], tmp_path / model, model=model)
        with pytest.raises(UsageError, match=r"learn on"):
            train_incrementally(tmp_path / model, months[1], tmp_path / "more")


def test_on_the_command_line(
    months: list[PreparedData], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, more = str(tmp_path / "first"), str(tmp_path / "more")
    train(months[0], tmp_path / "first")
    words = ["train", str(months[1].path), "--continue-from", first, "--out", more]
    with pytest.raises(SystemExit) as stop:
        main(words)
    assert stop.value.code == 0
    assert "learned from" in capsys.readouterr().out
    with pytest.raises(SystemExit) as stop:
        main([*words, "--target", "stars"])
    assert stop.value.code == 2
    assert "takes all settings from the bundle" in capsys.readouterr().err
