import io
import json
import os
import shutil
import stat
import tarfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from reviewdesk.bundle import (
    FORMAT_VERSION,
    Bundle,
    BundleSettings,
    _identity,
    load_bundle,
    save_bundle,
)
from reviewdesk.errors import BundleError, MissingColumn, StorageError, UsageError
from reviewdesk.formats.archive import write_archive
from reviewdesk.models.base import Classifier
from reviewdesk.models.catalog import CLASSIFIERS
from reviewdesk.models.labelled import LabelledReviews
from reviewdesk.runlog import RunLog
from reviewdesk.settings import CleanSettings, SplitSettings, TargetSettings, TextSettings
from tests.killing import Killer

TEXTS = ("review_headline", "review_body")
LABELS = ["negative", "positive"]
FILES = ["classifier.json", "manifest.json", "weights.npz"]


def reviews(headlines: Sequence[str | None], bodies: Sequence[str]) -> pa.RecordBatch:
    return pa.record_batch(
        {
            "review_id": [f"r{i}" for i in range(len(bodies))],
            "review_headline": pa.array(headlines, pa.string()),
            "review_body": pa.array(bodies, pa.string()),
        }
    )


def fitted(*columns: str) -> Classifier:
    good = ["great phone works well", "love it great sound", "works great love this"] * 10
    bad = ["broke after a week", "bad sound broke", "returned it bad bad"] * 10
    bodies = [f"{text} {i}" for i, text in enumerate(good + bad)]
    batch = reviews(["so good"] * 30 + ["so bad"] * 30, bodies).append_column(
        "label", pa.array([1] * 30 + [0] * 30, pa.int32())
    )
    classifier: Classifier = CLASSIFIERS.load("tfidf-svc")()
    batch = batch.select([*(columns or TEXTS), "label"])
    return classifier.fit(LabelledReviews.of_batches(batch, LABELS))


def settings(text: TextSettings | None = None) -> BundleSettings:
    return BundleSettings(
        target=TargetSettings(),
        text=text or TextSettings(),
        split=SplitSettings(seed=3),
        clean=CleanSettings(),
    )


def save(path: Path, classifier: Classifier, **changes: Any) -> Bundle:
    values: dict[str, Any] = {
        "settings": settings(),
        "metrics": {"accuracy": 0.75},
        "data_fingerprint": "abc",
        "rows": {"train": 60},
    }
    return save_bundle(path, classifier, **{**values, **changes})


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return fitted()


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory, classifier: Classifier) -> Path:
    path = tmp_path_factory.mktemp("bundle") / "bundle"
    save(path, classifier)
    return path


@pytest.fixture
def copy(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / "bundle"))


def edit(bundle: Path, change: Callable[[dict[str, Any]], Any], *, resign: bool = True) -> None:
    """Change a manifest as someone would who knows how ids are made."""
    manifest = json.loads((bundle / "manifest.json").read_text())
    change(manifest)
    if resign:
        manifest["id"] = _identity(manifest)
    (bundle / "manifest.json").write_text(json.dumps(manifest))


def contents(path: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in path.iterdir()}


def test_a_bundle_comes_back(original: Path, classifier: Classifier) -> None:
    bundle = load_bundle(original)
    assert bundle.family == "tfidf-svc"
    assert bundle.labels == LABELS
    assert bundle.target == "sentiment"
    assert bundle.metrics == {"accuracy": 0.75}
    assert bundle.data_fingerprint == "abc"
    assert bundle.settings == settings()
    batch = reviews(["Great", None, "Five Stars"], ["works well", "broke", ""])
    np.testing.assert_array_equal(
        bundle.predict_proba(batch), classifier.predict_proba(batch.drop_columns("review_id"))
    )


def test_the_saved_bundle_is_the_loaded_one(tmp_path: Path, classifier: Classifier) -> None:
    saved = save(tmp_path / "b", classifier)
    assert saved.manifest == load_bundle(tmp_path / "b").manifest


def test_a_bundle_holds_what_its_manifest_says_and_only_its_owner_reads_it(original: Path) -> None:
    assert sorted(contents(original)) == FILES
    for path in (original, *original.iterdir()):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0


def test_the_same_classifier_makes_the_same_bytes(
    original: Path, tmp_path: Path, classifier: Classifier
) -> None:
    save(tmp_path / "b", classifier)
    assert contents(tmp_path / "b") == contents(original)
    save(tmp_path / "1.tar.gz", fitted())
    save(tmp_path / "2.tar.gz", classifier)
    assert (tmp_path / "1.tar.gz").read_bytes() == (tmp_path / "2.tar.gz").read_bytes()


def test_the_id_names_settings_weights_and_metrics(
    original: Path, tmp_path: Path, classifier: Classifier
) -> None:
    bundle = load_bundle(original)
    assert bundle.id.startswith("tfidf-svc-")
    others = [
        save(tmp_path / "1", classifier, metrics={"accuracy": 0.5}).id,
        save(
            tmp_path / "2", classifier, settings=settings(TextSettings(fields=("review_body",)))
        ).id,
        save(tmp_path / "3", classifier, data_fingerprint="other").id,
    ]
    assert len({bundle.id, *others}) == 4


def test_a_log_stays_beside_a_directory_and_out_of_its_identity(
    original: Path, tmp_path: Path, classifier: Classifier
) -> None:
    log = RunLog("train", {})
    assert save(tmp_path / "b", classifier, log=log).id == load_bundle(original).id
    assert json.loads((tmp_path / "b" / "log.json").read_text())["step"] == "train"
    assert load_bundle(tmp_path / "b").id == load_bundle(original).id
    save(tmp_path / "b.tar.gz", classifier, log=log)
    with tarfile.open(tmp_path / "b.tar.gz") as tar:
        assert tar.getnames() == FILES


@pytest.mark.slow  # a minute; tests/test_exchange.py has the short form
def test_an_archive_killed_before_every_step_is_the_older_one_or_the_new(
    tmp_path: Path, classifier: Classifier
) -> None:
    older = save(tmp_path / "bundle.tar.gz", classifier, metrics={"accuracy": 0.5}).metrics
    keep = shutil.copy(tmp_path / "bundle.tar.gz", tmp_path / "keep")
    newer = save(tmp_path / "new", classifier).metrics
    seen = []
    with Killer("tests.replacing:replace_archive") as killer:
        step, killed = 0, True
        while killed:
            step += 1
            shutil.copy(keep, tmp_path / "bundle.tar.gz")
            killed = killer.kill(tmp_path, step)
            seen.append(load_bundle(tmp_path / "bundle.tar.gz").metrics)
    assert [one for one in seen if one not in (older, newer)] == []
    assert (seen[0], seen[-1], len(seen) > 3) == (older, newer, True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bundle.tar.gz", "keep", "new"]


def test_an_archive_is_the_same_bundle(
    original: Path, tmp_path: Path, classifier: Classifier
) -> None:
    save(tmp_path / "b.tar.gz", classifier)
    assert load_bundle(tmp_path / "b.tar.gz").manifest == load_bundle(original).manifest
    assert [p.name for p in tmp_path.iterdir()] == ["b.tar.gz"]


@pytest.mark.parametrize("arcname", [".", "bundle", ""])
def test_archives_of_other_tools_are_read(original: Path, tmp_path: Path, arcname: str) -> None:
    """SageMaker's model.tar.gz is a tar of the directory; people also pack it from above."""
    with tarfile.open(tmp_path / "model.tar.gz", "w:gz") as tar:
        tar.add(original, arcname=arcname or "/")
    assert load_bundle(str(tmp_path / "model.tar.gz")).id == load_bundle(original).id


def test_nothing_is_replaced_unasked(copy: Path, classifier: Classifier) -> None:
    before = contents(copy)
    with pytest.raises(UsageError, match="there already"):
        save(copy, classifier, data_fingerprint="other")
    assert contents(copy) == before
    save(copy, classifier, data_fingerprint="other", overwrite=True)
    assert load_bundle(copy).data_fingerprint == "other"
    assert [p.name for p in copy.parent.iterdir()] == ["bundle"]


def test_leftovers_of_a_killed_run_are_no_part_of_a_bundle(
    tmp_path: Path, classifier: Classifier
) -> None:
    (tmp_path / ".b.partial").mkdir()
    (tmp_path / ".b.partial" / "old").write_text("half")
    save(tmp_path / "b", classifier)
    assert sorted(contents(tmp_path / "b")) == FILES


def test_a_classifier_that_cannot_be_saved_leaves_nothing(
    tmp_path: Path, classifier: Classifier
) -> None:
    with pytest.raises(TypeError):
        save(tmp_path / "b", classifier, metrics={"accuracy": object()})
    assert not list(tmp_path.iterdir())


class TestText:
    def test_cleaning_is_the_bundles(self, original: Path) -> None:
        raw = reviews(["<b>A</b>"], ["Works<br />&#34;well&#34;"])
        cleaned = load_bundle(original).clean(raw)
        assert cleaned.column("review_headline").to_pylist() == ["A"]
        assert "<" not in cleaned.column("review_body")[0].as_py()

    def test_only_the_bundles_fields_are_read(self, tmp_path: Path) -> None:
        body = settings(TextSettings(fields=("review_body",)))
        bundle = save(tmp_path / "b", fitted("review_body"), settings=body)
        with_headline = reviews(["broke bad broke"], ["works great"])
        without = with_headline.drop_columns("review_headline")
        np.testing.assert_array_equal(
            bundle.predict_proba(with_headline), bundle.predict_proba(without)
        )

    def test_a_missing_field_is_named(self, original: Path) -> None:
        batch = reviews([None], ["works"]).drop_columns("review_headline")
        with pytest.raises(MissingColumn, match="review_headline"):
            load_bundle(original).predict_proba(batch)

    def test_default_headlines_are_empty_when_they_were_in_training(
        self, tmp_path: Path, classifier: Classifier
    ) -> None:
        text = TextSettings(drop_default_headlines=True)
        bundle = save(tmp_path / "b", classifier, settings=settings(text))
        assert bundle.text(reviews(["Five Stars"], ["ok"])).to_pylist() == [
            {"review_headline": None, "review_body": "ok"}
        ]

    def test_no_reviews_have_no_probabilities(self, original: Path) -> None:
        found = load_bundle(original).predict_proba(reviews([], []))
        assert found.shape == (0, 2)
        assert found.dtype == np.float32


class TestRefused:
    @pytest.mark.parametrize("name", FILES)
    def test_every_flipped_byte(self, copy: Path, name: str) -> None:
        whole = (copy / name).read_bytes()
        for at in range(0, len(whole), max(1, len(whole) // 200)):
            flipped = bytearray(whole)
            flipped[at] ^= 0x15
            (copy / name).write_bytes(flipped)
            with pytest.raises(BundleError):
                load_bundle(copy)

    @pytest.mark.parametrize("name", FILES)
    def test_a_missing_file(self, copy: Path, name: str) -> None:
        (copy / name).unlink()
        with pytest.raises(BundleError, match=f"{name}"):
            load_bundle(copy)

    @pytest.mark.parametrize("name", FILES)
    def test_a_truncated_file(self, copy: Path, name: str) -> None:
        whole = (copy / name).read_bytes()
        (copy / name).write_bytes(whole[: len(whole) // 2])
        with pytest.raises(BundleError):
            load_bundle(copy)

    @pytest.mark.parametrize("name", ["evil.py", ".hidden", "deep/evil.py", "MANIFEST.JSON"])
    def test_an_extra_file(self, copy: Path, name: str) -> None:
        (copy / name).parent.mkdir(exist_ok=True)
        (copy / name).write_text("print()")
        with pytest.raises(BundleError, match="does not know"):
            load_bundle(copy)

    @pytest.mark.parametrize("name", FILES)
    def test_a_link_in_place_of_a_file(self, copy: Path, tmp_path: Path, name: str) -> None:
        (copy / name).rename(tmp_path / "elsewhere")
        (copy / name).symlink_to(tmp_path / "elsewhere")
        with pytest.raises(BundleError, match="not a plain file"):
            load_bundle(copy)

    def test_a_link_to_a_directory(self, copy: Path) -> None:
        (copy / "deep").symlink_to("/etc")
        with pytest.raises(BundleError, match="not a plain file"):
            load_bundle(copy)

    def test_a_named_pipe(self, copy: Path) -> None:
        (copy / "weights.npz").unlink()
        os.mkfifo(copy / "weights.npz")
        with pytest.raises(BundleError, match="not a plain file"):
            load_bundle(copy)

    @pytest.mark.parametrize("name", ["../outside", "/etc/passwd", "deep/../../outside", ""])
    def test_a_manifest_that_leads_out(self, copy: Path, name: str) -> None:
        (copy.parent / "outside").write_bytes(b"")
        edit(copy, lambda manifest: manifest["files"].update({name: "0" * 64}))
        with pytest.raises(BundleError, match="is missing"):
            load_bundle(copy)

    def test_a_manifest_that_was_edited(self, copy: Path) -> None:
        edit(copy, lambda m: m["metrics"].update(accuracy=0.99), resign=False)
        with pytest.raises(BundleError, match="was changed"):
            load_bundle(copy)

    @pytest.mark.parametrize("version", [0, FORMAT_VERSION + 1, "1", None])
    def test_another_format_version(self, copy: Path, version: Any) -> None:
        edit(copy, lambda manifest: manifest.update(format_version=version))
        with pytest.raises(BundleError, match="format version"):
            load_bundle(copy)

    @pytest.mark.parametrize("family", ["no-such", "", "os:system", "reviewdesk.bundle:Bundle"])
    def test_an_unknown_family(self, copy: Path, family: str) -> None:
        edit(copy, lambda manifest: manifest.update(family=family))
        with pytest.raises(BundleError, match="no model family"):
            load_bundle(copy)

    @pytest.mark.parametrize(
        "labels", [[], ["positive", "negative"], ["a", "b", "c"], [1, 2], [None], "ab"]
    )
    def test_labels_that_do_not_fit(self, copy: Path, labels: Any) -> None:
        edit(copy, lambda manifest: manifest.update(labels=labels))
        with pytest.raises(BundleError):
            load_bundle(copy)

    @pytest.mark.parametrize("name", ["id", "labels", "settings", "data", "files", "family"])
    @pytest.mark.parametrize("value", [None, 7, [7], "text", {"a": {}}])
    def test_manifests_of_a_wrong_shape(self, copy: Path, name: str, value: Any) -> None:
        edit(copy, lambda manifest: manifest.update({name: value}), resign=name != "id")
        with pytest.raises(BundleError):
            load_bundle(copy)

    @pytest.mark.parametrize("name", ["metrics", "versions"])
    @pytest.mark.parametrize("value", [None, 7, [7], "text"])
    def test_manifests_without_objects(self, copy: Path, name: str, value: Any) -> None:
        edit(copy, lambda manifest: manifest.update({name: value}))
        with pytest.raises(BundleError):
            load_bundle(copy)

    @pytest.mark.parametrize("part", ["target", "text", "split", "clean"])
    @pytest.mark.parametrize("value", [None, 7, [], {"unknown": 1}])
    def test_settings_that_are_none(self, copy: Path, part: str, value: Any) -> None:
        edit(copy, lambda manifest: manifest["settings"].update({part: value}))
        with pytest.raises(BundleError):
            load_bundle(copy)

    @pytest.mark.parametrize(
        "text",
        ["", "{}", "[]", "null", "not json", "[" * 100_000, '{"a": ' + "9" * 5000 + "}", "\0"],
    )
    def test_manifests_that_are_none(self, copy: Path, text: str) -> None:
        (copy / "manifest.json").write_text(text)
        with pytest.raises(BundleError):
            load_bundle(copy)

    def test_text_columns_that_do_not_fit(self, tmp_path: Path, classifier: Classifier) -> None:
        body = settings(TextSettings(fields=("review_body",)))
        save(tmp_path / "b", classifier, settings=body)
        with pytest.raises(BundleError, match="other text columns"):
            load_bundle(tmp_path / "b")

    def test_pickled_weights(self, copy: Path, tmp_path: Path) -> None:
        class Trap:
            def __reduce__(self) -> tuple[Any, ...]:
                return (Path.touch, (tmp_path / "sprung",))

        with np.load(copy / "weights.npz") as weights:
            arrays: dict[str, Any] = {name: weights[name] for name in weights}
        name = sorted(arrays)[0]
        np.savez(copy / "weights.npz", **{**arrays, name: np.array([Trap()], dtype=object)})
        self._sign_weights(copy)
        with pytest.raises(BundleError):
            load_bundle(copy)
        assert not (tmp_path / "sprung").exists()

    def test_weights_of_wrong_names(self, copy: Path) -> None:
        np.savez(copy / "weights.npz", other=np.zeros(3))
        self._sign_weights(copy)
        with pytest.raises(BundleError):
            load_bundle(copy)

    def test_weights_of_wrong_shapes(self, copy: Path) -> None:
        with np.load(copy / "weights.npz") as weights:
            arrays: dict[str, Any] = {name: weights[name] for name in weights}
        for name, array in arrays.items():
            np.savez(copy / "weights.npz", **{**arrays, name: array[..., :0] if array.ndim else 0})
            self._sign_weights(copy)
            with pytest.raises(BundleError):
                load_bundle(copy)

    def test_a_directory_that_is_no_bundle(self, tmp_path: Path) -> None:
        with pytest.raises(BundleError, match="no manifest"):
            load_bundle(tmp_path)

    def test_a_place_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(StorageError, match="does not exist"):
            load_bundle(tmp_path / "b")

    def test_a_file_that_is_no_archive(self, tmp_path: Path) -> None:
        (tmp_path / "b.tar.gz").write_text("hello")
        with pytest.raises(BundleError, match="not a whole"):
            load_bundle(tmp_path / "b.tar.gz")

    def test_a_hostile_archive(self, original: Path, tmp_path: Path) -> None:
        with tarfile.open(tmp_path / "b.tar.gz", "w:gz") as tar:
            for path in original.iterdir():
                tar.add(path, arcname=path.name)
            member = tarfile.TarInfo("../escaped")
            member.size = 1
            tar.addfile(member, io.BytesIO(b"x"))
        with pytest.raises(BundleError, match="outside its own directory"):
            load_bundle(tmp_path / "b.tar.gz")

    def test_a_damaged_bundle_in_an_archive(self, copy: Path, tmp_path: Path) -> None:
        (copy / "weights.npz").write_bytes(b"")
        write_archive(copy, tmp_path / "b.tar.gz")
        with pytest.raises(BundleError, match="damaged"):
            load_bundle(tmp_path / "b.tar.gz")

    def test_errors_are_one_sentence_and_name_the_place(self, copy: Path) -> None:
        (copy / "weights.npz").write_bytes(b"")
        with pytest.raises(BundleError) as caught:
            load_bundle(copy)
        assert str(copy) in str(caught.value)
        assert "\n" not in str(caught.value)

    @staticmethod
    def _sign_weights(bundle: Path) -> None:
        import hashlib

        digest = hashlib.sha256((bundle / "weights.npz").read_bytes()).hexdigest()
        edit(bundle, lambda manifest: manifest["files"].update({"weights.npz": digest}))


@pytest.fixture(autouse=True)
def nothing_is_left_in_the_temporary_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    top = tmp_path.parent / f"{tmp_path.name}-temporary"
    top.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(top))
    yield
    assert not list(top.iterdir())
