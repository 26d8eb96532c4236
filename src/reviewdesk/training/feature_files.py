"""Training from LIBSVM files: an export of reviews, or files as they come."""

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from reviewdesk.bundle import Bundle, BundleSettings, bundle_already_at, save_bundle
from reviewdesk.engines.local_copies import in_local_copies
from reviewdesk.errors import UsageError
from reviewdesk.examples.export import FORMAT as EXPORT_FORMAT
from reviewdesk.formats.fasttext import LABELS_FILE
from reviewdesk.models.neural.mlp import FeatureData, Mlp
from reviewdesk.models.running import Run
from reviewdesk.models.sparse.chunks import BY_HASH, LEARNT, TEST, VALIDATION, Dealing, FeatureFile
from reviewdesk.models.sparse.lines import SEVERAL_LABELS, parse_lines
from reviewdesk.prepare.layout import MANIFEST
from reviewdesk.prepare.lock import locked
from reviewdesk.progress import SILENT, Progress
from reviewdesk.runlog import RunLog
from reviewdesk.schema import REJECTS
from reviewdesk.settings import CleanSettings, SplitSettings, TargetSettings, TextSettings
from reviewdesk.storage import (
    file_sha256,
    read_json,
    storage_errors,
    write_then_rename,
)
from reviewdesk.training.family import new_classifier
from reviewdesk.training.measures import evaluate_probabilities
from reviewdesk.training.train import TrainResult

FEATURE_MODEL: Final = "mlp"
"""The family that learns from features."""
HEAD_BYTES: Final = 65_536
_SIDES: Final = {"train": LEARNT, "validation": VALIDATION, "test": TEST}
_ORDERED: Final = "stars"


def holds_features(path: Path) -> bool:
    """Say whether a place is a LIBSVM file, a folder of such, or an export in that format."""
    if path.is_file():
        return _is_libsvm(path)
    if not path.is_dir():
        return False
    manifest = path / MANIFEST
    if manifest.exists():
        return _export_settings(manifest) is not None
    files = _files(path)
    return bool(files) and all(map(_is_libsvm, files))


@in_local_copies("out")
def train_features(
    path: Path,
    out: Path,
    *,
    model: str = "mlp",
    split: SplitSettings | None = None,
    model_settings: Mapping[str, Any] | None = None,
    overwrite: bool = False,
    processes: int = 1,
    time_limit: float | None = None,
    progress: Progress = SILENT,
    validation: Path | None = None,
    run: Run | None = None,
) -> TrainResult:
    """Train a classifier on LIBSVM files, measure it on rows that are held out, and save it.

    Rows of an export are on the side that it says. Of other files a share of the rows is held out
    and a share set aside, by a hash of their features, so that equal rows are on one side. Lines
    that cannot be read are counted and kept in ``OUT.rejects.parquet``.

    Args:
        path: a LIBSVM file, a folder of such, or an export in that format.
        out: the bundle: a directory, or an archive when it ends in ``.tar.gz``.
        model: name of a family that learns from features: ``mlp``.
        split: which share is held out where the files do not say it.
        model_settings: the family's own settings.
        overwrite: replace what is at ``out``.
        processes: how many processes learn together.
        time_limit: learning ends after so many seconds with what it has learnt.
        progress: shows how far it has come.
        validation: LIBSVM files to measure on in place of rows that are held out; not beside an
            export, which holds its own.
        run: how learning runs, in place of ``processes``, ``time_limit`` and ``progress``.

    Raises:
        UsageError: the family reads reviews only, or something else is at ``out``.
        InputError: the labels are no classes.
        NotEnoughData: there are fewer than two labels.
        StorageError: something cannot be read or written.
        Stopped: the process was asked to end; the same call goes on.
    """
    exported = _export_settings(path / MANIFEST) if (path / MANIFEST).exists() else None
    classifier = new_classifier(model, {**_own(exported), **(model_settings or {})})
    if not isinstance(classifier, Mlp):
        raise UsageError(
            f"{model} reads reviews, not LIBSVM files; `--model mlp` learns from these"
        )
    classifier.run = run or Run(
        out.with_name(f".{out.name}.learning"), processes, time_limit, progress=progress
    )
    split = split or SplitSettings()
    data = _feature_data(path, exported)
    if validation is not None:
        if exported is not None:
            raise UsageError("an export holds rows to measure on already; leave validation out")
        split = replace(split, test_share=0.0)
        measured = [FeatureFile(one, TEST) for one in _feature_files(validation)]
        data = replace(data, files=[*data.files, *measured])
    settings = _settings(exported, split, classifier)
    digests = [(one.path.name, one.side, file_sha256(one.path)) for one in data.files]
    fingerprint = hashlib.sha256(json.dumps(digests).encode()).hexdigest()
    log = RunLog("train", settings.to_json(), {"data": fingerprint})
    with locked(out.with_name(f".{out.name}.lock"), str(out)):
        found = None if overwrite else _finished(out, settings, fingerprint)
        bundle = found or _train(classifier, data, settings, fingerprint, out, log, overwrite)
        shutil.rmtree(out.with_name(f".{out.name}.learning"), ignore_errors=True)
    return TrainResult(out, bundle, None, log, already=found is not None)


def _train(
    classifier: Mlp,
    data: FeatureData,
    settings: BundleSettings,
    fingerprint: str,
    out: Path,
    log: RunLog,
    overwrite: bool,
) -> Bundle:
    dealing = Dealing(
        settings.split.test_share, classifier.settings.validation_share, settings.split.seed
    )
    with log.timed("fit"):
        classifier.fit_files(data, dealing)
    with log.timed("measure"):
        probabilities, true = classifier.test_rows()
        metrics = {}
        if len(true):
            metrics = evaluate_probabilities(true, probabilities, classifier.labels_).to_json()
    rows = classifier.row_counts()
    log.rows = {"in": rows["reviews"], "train": rows["train"], "test": rows["test"]}
    _keep_rejects(classifier, out)
    return save_bundle(
        out, classifier, settings=settings, metrics=metrics, data_fingerprint=fingerprint,
        rows=rows, log=log, overwrite=overwrite,
    )  # fmt: skip


def _keep_rejects(classifier: Mlp, out: Path) -> None:
    rejects = out.with_name(f"{out.name}.rejects.parquet")
    if not classifier.bad_lines:
        rejects.unlink(missing_ok=True)
        return
    rows = [
        {"file": one.file, "line": one.line, "reason": "bad_record", "raw": one.raw}
        for one in classifier.bad_lines
    ]
    with write_then_rename(rejects) as file:
        pq.write_table(pa.Table.from_pylist(rows, REJECTS), file)


def _feature_data(path: Path, exported: Mapping[str, Any] | None) -> FeatureData:
    if exported is None:
        return FeatureData([FeatureFile(one, BY_HASH) for one in _feature_files(path)])
    files_ = read_json(path / MANIFEST)["files"]
    names = {one["number"]: one["name"] for one in read_json(path / LABELS_FILE)}
    ordered = exported["target"]["target"] == _ORDERED
    return FeatureData(
        [FeatureFile(path / Path(one["file"]).name, _SIDES[one["side"]]) for one in files_],
        names, tuple(exported["text"]["fields"]), "ordered" if ordered else "one",
    )  # fmt: skip


def _settings(
    exported: Mapping[str, Any] | None, split: SplitSettings, classifier: Mlp
) -> BundleSettings:
    """Return what a bundle says of its training; of files as they come, labels are categories."""
    given = exported or {}
    target = TargetSettings.from_json(given.get("target", {"target": "category"}))
    clean = CleanSettings.from_json(given.get("clean", {}))
    return BundleSettings(
        target=target,
        text=TextSettings.from_json(given.get("text", {})),
        split=SplitSettings.from_json(given["split"]) if "split" in given else split,
        clean=clean,
        model=classifier.settings.to_json(),
    )


def _own(exported: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return how an export has made features of reviews."""
    if exported is None:
        return {}
    return {name: exported["export"][name] for name in ("buckets", "ngrams")}


def _finished(out: Path, settings: BundleSettings, fingerprint: str) -> Bundle | None:
    bundle = bundle_already_at(out)
    if bundle is None:
        return None
    if (bundle.settings.to_json(), bundle.data_fingerprint) == (settings.to_json(), fingerprint):
        return bundle
    raise UsageError(
        f"{out} holds a bundle of other data or settings; choose another place or replace it on "
        "purpose"
    )


def _export_settings(manifest: Path) -> Mapping[str, Any] | None:
    """Return the settings of an export in LIBSVM's format; None where it is something else."""
    found = read_json(manifest)
    if not isinstance(found, dict) or found.get("format") != EXPORT_FORMAT:
        return None
    settings: Mapping[str, Any] = found["settings"]
    return settings if settings["export"]["format"] == "libsvm" else None


def _files(folder: Path) -> list[Path]:
    with storage_errors(str(folder)):
        return sorted(path for path in folder.iterdir() if path.is_file())


def _feature_files(path: Path) -> list[Path]:
    return [path] if path.is_file() else _files(path)


def _is_libsvm(path: Path) -> bool:
    """Say whether the whole lines at a file's start are LIBSVM's."""
    with storage_errors(str(path)), path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    whole = head[: head.rfind(b"\n") + 1] or head
    lines = parse_lines(whole)
    several = int((lines.bad[:, 1] == SEVERAL_LABELS).sum())
    good = len(lines.labels) + several
    return good > len(lines.bad) - several and (len(lines.rows.indices) > 0 or several > 0)
