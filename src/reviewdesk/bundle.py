"""A trained classifier on disk: a directory of weights and a manifest, or a ``.tar.gz`` of it.

    bundle/
    ├── manifest.json   family, settings, labels, metrics, data fingerprint, versions, digests
    ├── weights.npz     whatever files the family saves; never pickle
    ├── held_out.npz    predictions of the reviews held out, where it learnt from them afterwards
    └── log.json        when and how long; no part of the bundle's identity, not in archives

The same data, settings and seed make the same bytes, but for the log. A bundle's id is its family
and a digest over its manifest, which holds the digests of all its files; so the id names these very
weights and settings, and a changed byte anywhere is found before anything is parsed.
"""

import hashlib
import json
import os
import shutil
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, NoReturn

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.engines.local_copies import local_copy
from reviewdesk.errors import BundleError, UsageError
from reviewdesk.examples.headlines import blank_default_headlines
from reviewdesk.exchange import finish_replacement, replace_directory
from reviewdesk.formats.archive import MAX_MEMBERS, unpack_archive, write_archive
from reviewdesk.models.base import Classifier, KnowsWords, ReadsFeatures
from reviewdesk.models.catalog import CLASSIFIERS
from reviewdesk.models.held_out import HeldOutPredictions
from reviewdesk.models.sparse.sparse_rows import FEATURES
from reviewdesk.models.without_labels import rests_on
from reviewdesk.runlog import RunLog, versions
from reviewdesk.schema import require_columns
from reviewdesk.settings import CleanSettings, SplitSettings, TargetSettings, TextSettings
from reviewdesk.storage import (
    address_of,
    file_sha256,
    private_directory,
    storage_errors,
    sync_directory,
    write_json,
)
from reviewdesk.text.clean import clean_batch

FORMAT: Final = "reviewdesk.bundle"
FORMAT_VERSION: Final = 1
MANIFEST: Final = "manifest.json"
LOG: Final = "log.json"
ARCHIVE_SUFFIX: Final = ".tar.gz"
MAX_MANIFEST_BYTES: Final = 16 << 20
FEW_GENERATED: Final = 0.01
"""Of real product_ids, one in 7,800 looks generated."""

EXAMPLE: Final = (
    "it learned from generated reviews, which reviewdesk made up as an example; what it says of "
    "real reviews cannot be relied on"
)


@dataclass(frozen=True, kw_only=True)
class BundleSettings:
    """Everything that was decided before a classifier was trained.

    Args:
        target: what it predicts.
        text: which text it reads.
        split: which reviews were held out.
        clean: how the text was cleaned.
        model: the family's own settings, by name; plain JSON values.
        refit: whether the classifier learns from all reviews once it was measured.
    """

    target: TargetSettings
    text: TextSettings
    split: SplitSettings
    clean: CleanSettings
    model: Mapping[str, Any] = field(default_factory=dict)
    refit: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the settings as plain JSON values."""
        return {
            "target": self.target.to_json(),
            "text": self.text.to_json(),
            "split": self.split.to_json(),
            "clean": self.clean.to_json(),
            "model": dict(self.model),
            "refit": self.refit,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "BundleSettings":
        """Return settings from a manifest's ``settings``.

        Raises:
            UsageError: a name is unknown or a value is not allowed.
        """
        return cls(
            target=TargetSettings.from_json(data["target"]),
            text=TextSettings.from_json(data["text"]),
            split=SplitSettings.from_json(data["split"]),
            clean=CleanSettings.from_json(data["clean"]),
            model=dict(data["model"]),
            refit=bool(data.get("refit", False)),
        )


class Bundle:
    """A classifier together with all that is needed to use it and to know where it came from.

    Args:
        manifest: what ``manifest.json`` holds.
        classifier: fitted; its labels are the manifest's.
        held_out: what was predicted of the reviews held out of the data, before the classifier
            learnt from them as well; None where it did not.
    """

    def __init__(
        self,
        manifest: Mapping[str, Any],
        classifier: Classifier,
        held_out: HeldOutPredictions | None = None,
    ) -> None:
        self.manifest = manifest
        self.classifier = classifier
        self.held_out = held_out
        self.settings = BundleSettings.from_json(manifest["settings"])
        self.id: str = manifest["id"]
        self.family: str = manifest["family"]
        self.labels: list[str] = list(manifest["labels"])
        self.metrics: Mapping[str, Any] = manifest["metrics"]
        self.data_fingerprint: str = manifest["data"]["fingerprint"]
        continued: Mapping[str, Any] = manifest["data"].get("continues", {})
        self.continues: str | None = continued.get("bundle")
        self.earlier_data: list[str] = list(continued.get("fingerprints", []))

    @property
    def target(self) -> str:
        """What the labels are, as in ``sentiment`` or ``category-year``."""
        return self.settings.target.target

    @property
    def learned_anew(self) -> int:
        """From how many reviews it learned once it was measured; 0 where it did not."""
        return int(self.manifest["data"]["rows"]["labelled"]) if self.held_out else 0

    @property
    def generated(self) -> int:
        """How many of the reviews that it learned from were made up by ``demo-data``."""
        return int(self.manifest["data"].get("rows", {}).get("generated", 0))

    @property
    def is_example(self) -> bool:
        """Whether it learned from generated reviews, so that it is no judge of real ones."""
        reviews = int(self.manifest["data"].get("rows", {}).get("reviews", 0))
        return self.generated > FEW_GENERATED * reviews

    @property
    def rests_on(self) -> str:
        """On what its labels rest where nobody had labelled a review; empty where somebody had."""
        basis = self.manifest["data"].get("rows", {}).get("without_labels")
        return rests_on(basis, self.metrics) if basis else ""

    @property
    def reads_features(self) -> bool:
        """Whether it reads rows of features, as LIBSVM lines hold them."""
        return isinstance(self.classifier, ReadsFeatures)

    @property
    def reads(self) -> list[str]:
        """The columns that it reads: of reviews, or of rows of features in their place."""
        texts = [one for one in self.settings.text.fields if one in self.classifier.columns_]
        return [*texts, *([FEATURES] if self.reads_features else [])]

    def learned_from(self, fingerprint: str) -> bool:
        """Say whether prepared data of a fingerprint is among what was learned from."""
        return fingerprint in (self.data_fingerprint, *self.earlier_data)

    def clean(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return raw reviews cleaned as those were that the classifier learned from.

        Rows of features stay as they are.
        """
        if FEATURES in batch.schema.names:
            return batch
        return clean_batch(batch, self.settings.clean)

    def predict_proba(self, batch: pa.RecordBatch) -> NDArray[np.float32]:
        """Return the labels' probabilities for cleaned reviews.

        Args:
            batch: n reviews with the columns of ``settings.text.fields``.

        Returns:
            Shape (n, k); column j is the probability of ``labels[j]``.

        Raises:
            MissingColumn: a text column is missing.
        """
        return self.classifier.predict_proba(self.text(batch))

    def known_words(self, batch: pa.RecordBatch) -> NDArray[np.int64] | None:
        """Return how many words of each cleaned review are known, (n,).

        None where the family cannot say.
        """
        if not isinstance(self.classifier, KnowsWords):
            return None
        return self.classifier.known_words(self.text(batch))

    def text(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return what the classifier reads of cleaned reviews: its text columns and no others.

        Headlines that the shop filled in are empty when the classifier learned without them.

        Of rows of features, these.

        Raises:
            MissingColumn: a text column is missing.
            UsageError: it reads reviews, and these are rows of features.
        """
        if FEATURES in batch.schema.names:
            if not self.reads_features:
                raise UsageError(
                    f"a bundle of the family {self.family} reads reviews, not rows of features"
                )
            return batch.select([FEATURES])
        fields = self.settings.text.fields
        require_columns(batch.schema, fields, f"a bundle that reads {' and '.join(fields)}")
        texts = batch.select(list(fields))
        return (
            blank_default_headlines(texts) if self.settings.text.drop_default_headlines else texts
        )


def save_bundle(
    path: Path,
    classifier: Classifier,
    *,
    settings: BundleSettings,
    metrics: Mapping[str, Any],
    data_fingerprint: str,
    rows: Mapping[str, Any],
    held_out: HeldOutPredictions | None = None,
    continued: Bundle | None = None,
    log: RunLog | None = None,
    overwrite: bool = False,
) -> Bundle:
    """Write a fitted classifier as a bundle, whole or not at all.

    Args:
        path: the directory to make, or the archive when it ends in ``.tar.gz``.
        classifier: fitted.
        settings: what it was trained with.
        metrics: how it did on the held-out side; plain JSON values.
        data_fingerprint: the prepared data's.
        rows: how many reviews were trained and tested on, left out and why; plain JSON values.
        held_out: what was predicted of the test side, where the classifier has learnt it since.
        continued: the bundle whose classifier has learned on, if any.
        log: written beside the manifest of a directory.
        overwrite: replace what is at ``path``.

    Raises:
        UsageError: something is at ``path`` already.
        StorageError: it cannot be written.
    """
    finish_replacement(path)
    if path.exists() and not overwrite:
        raise UsageError(f"{path} is there already; choose another place or replace it on purpose")
    with _aside(path) as aside:
        directory = private_directory(aside / "bundle")
        classifier.save(directory)
        if held_out is not None:
            held_out.save(directory)
        manifest = {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "family": classifier.family,
            "labels": list(classifier.labels_),
            "settings": settings.to_json(),
            "metrics": dict(metrics),
            "data": {
                "fingerprint": data_fingerprint,
                "rows": dict(rows),
                **({"continues": _earlier(continued)} if continued else {}),
            },
            "versions": versions(),
            "files": {name: file_sha256(directory / name) for name in _files(directory)},
        }
        manifest["id"] = _identity(manifest)
        write_json(directory / MANIFEST, manifest)
        if path.name.endswith(ARCHIVE_SUFFIX):
            write_archive(directory, aside / path.name)
            with storage_errors(str(path)):
                (aside / path.name).replace(path)  # in one step: a kill leaves the older or this
                sync_directory(path.parent)
        else:
            if log is not None:
                log.write(directory / LOG)
            replace_directory(directory, path)
    return Bundle(manifest, classifier, held_out)


def _earlier(bundle: Bundle) -> dict[str, Any]:
    """Return what a continued bundle was, and all data that it had learned from."""
    return {"bundle": bundle.id, "fingerprints": [*bundle.earlier_data, bundle.data_fingerprint]}


def load_bundle(path: Path | str) -> Bundle:
    """Read a bundle that is not trusted.

    Args:
        path: its directory, or a ``.tar.gz`` of it (SageMaker's ``model.tar.gz`` is one); or the
            ``s3://`` address of either.

    Raises:
        BundleError: it is damaged, hostile, too new, or of a family that is not installed.
        StorageError: it cannot be opened.
    """
    source = address_of(path) if isinstance(path, Path) else path
    with local_copy(source) as here:
        finish_replacement(here)
        if here.is_dir():
            return _load(here, source)
        with storage_errors(source):
            here.stat()
        with (
            storage_errors("the temporary directory"),
            TemporaryDirectory(prefix="reviewdesk-") as top,
        ):
            directory = Path(top) / "bundle"
            unpack_archive(here, directory)
            return _load(_root(directory), source)


def bundle_already_at(out: Path) -> Bundle | None:
    """Return the bundle that is where one is to be written, if there is one.

    Raises:
        UsageError: something else is there.
        StorageError: it cannot be opened.
    """
    if not out.exists():
        return None
    try:
        return load_bundle(out)
    except BundleError as error:
        raise UsageError(
            f"{out} is there already and is no bundle; choose another place"
        ) from error


@contextmanager
def _aside(path: Path) -> Iterator[Path]:
    """Yield an empty directory beside a place, and remove what is left of it afterwards.

    All that is not finished is in it, so that a kill leaves nothing else behind, and the next run
    removes it.
    """
    aside = path.with_name(f".{path.name}.partial")
    with storage_errors(str(aside)):
        if aside.exists():
            shutil.rmtree(aside)
    private_directory(aside)
    try:
        yield aside
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _root(directory: Path) -> Path:
    """Return where the manifest is: archives of a directory have that directory at their top."""
    entries = list(directory.iterdir())
    if len(entries) == 1 and entries[0].is_dir():
        return entries[0]
    return directory


def _load(directory: Path, source: str) -> Bundle:
    """Read a bundle's directory; errors name the place that the user gave."""
    try:
        manifest = _read_manifest(directory)
        _check_files(directory, manifest["files"])
        classifier = _load_classifier(directory, manifest["family"])
        if list(classifier.labels_) != manifest["labels"]:
            _refuse("its weights are for other labels than its manifest")
        held_out = HeldOutPredictions.load(directory, len(classifier.labels_))
        bundle = Bundle(manifest, classifier, held_out)
        if not set(classifier.columns_) <= set(bundle.settings.text.fields):
            _refuse("its weights are for other text columns than its manifest")
        return bundle
    except (BundleError, UsageError) as error:
        raise BundleError(f"the bundle {source} was refused: {error}") from error


def _load_classifier(directory: Path, family: str) -> Classifier:
    if family not in CLASSIFIERS.names():
        _refuse(f"this installation has no model family {family!r}")
    found = CLASSIFIERS.load(family)
    if not issubclass(found, Classifier):
        _refuse(f"the model family {family!r} is not a classifier")
    try:
        return found.load(directory)
    except (LookupError, TypeError, ValueError, ArithmeticError) as error:
        # The digests are right, so these weights were made to be wrong or by another release.
        raise BundleError("its weights do not fit its model family") from error


def _read_manifest(directory: Path) -> dict[str, Any]:
    path = directory / MANIFEST
    if not os.path.lexists(path):
        _refuse(f"it has no {MANIFEST}")
    _check_plain_file(path)
    with storage_errors(str(path)):
        if path.stat().st_size > MAX_MANIFEST_BYTES:
            _refuse(f"its {MANIFEST} is larger than {MAX_MANIFEST_BYTES:,} bytes")
        raw = path.read_bytes()
    try:
        manifest = json.loads(raw)
    except (ValueError, RecursionError):
        _refuse(f"its {MANIFEST} is not JSON")
    _check_manifest(manifest)
    return dict(manifest)


def _check_manifest(manifest: Any) -> None:
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        _refuse(f"its {MANIFEST} is not that of a bundle")
    version = manifest.get("format_version")
    if version != FORMAT_VERSION:
        _refuse(f"its format version is {version!r}, this release reads {FORMAT_VERSION}")
    objects = dict.fromkeys(("settings", "metrics", "data", "versions", "files"), dict)
    for name, kind in {"id": str, "family": str, "labels": list, **objects}.items():
        if not isinstance(manifest.get(name), kind):
            _refuse(f"its {MANIFEST} has no {name}")
    if not isinstance(manifest["data"].get("fingerprint"), str):
        _refuse(f"its {MANIFEST} has no data fingerprint")
    if not all(isinstance(label, str) for label in manifest["labels"]):
        _refuse("its labels are not names")
    try:
        BundleSettings.from_json(manifest["settings"])
    except (LookupError, TypeError, AttributeError) as error:
        raise BundleError(f"its {MANIFEST} lacks settings") from error
    if manifest["id"] != _identity(manifest):
        _refuse(f"its {MANIFEST} was changed after it was written")


def _check_files(directory: Path, digests: Mapping[str, Any]) -> None:
    present = set(_files(directory)) - {MANIFEST, LOG}
    for name in sorted(set(digests) - present):
        _refuse(f"the file {name!r} is missing")
    for name in sorted(present - set(digests)):
        _refuse(f"it holds a file that its manifest does not know: {name!r}")
    with storage_errors(str(directory)):
        for name in sorted(present):
            if file_sha256(directory / name) != digests[name]:
                _refuse(f"the file {name!r} is damaged")


def _files(directory: Path) -> list[str]:
    """Return the names of all files below a directory, and refuse anything that is none."""
    names: list[str] = []
    with storage_errors(str(directory)):
        for path in directory.rglob("*"):
            if len(names) > MAX_MEMBERS:
                _refuse(f"it holds more than {MAX_MEMBERS:,} files")
            if path.is_symlink() or not path.is_dir():
                _check_plain_file(path)
                names.append(path.relative_to(directory).as_posix())
    return sorted(names)


def _check_plain_file(path: Path) -> None:
    with storage_errors(str(path)):
        if not stat.S_ISREG(path.lstat().st_mode):
            _refuse(f"{path.name!r} is a link, a device or another thing that is not a plain file")


def _identity(manifest: Mapping[str, Any]) -> str:
    """Return a bundle's id: its family and a digest of everything else in its manifest."""
    rest = {name: value for name, value in manifest.items() if name != "id"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"))
    return f"{manifest['family']}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def _refuse(reason: str) -> NoReturn:
    raise BundleError(reason)
