"""A training job: channels become prepared reviews, and these a bundle in the model directory."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from reviewdesk.aws.channels import channel_folder
from reviewdesk.aws.container import Channel, Container, Hosts
from reviewdesk.aws.hyperparameters import WORD_VECTOR_MODES, TrainingSettings
from reviewdesk.aws.job_log import JobLog, say
from reviewdesk.aws.shards import Shards
from reviewdesk.bundle import Bundle
from reviewdesk.errors import InputError, UsageError
from reviewdesk.examples.examples import load_examples
from reviewdesk.formats.fasttext_model import write_fasttext
from reviewdesk.formats.word_vectors import WordVectors, write_text_vectors
from reviewdesk.models.running import Run
from reviewdesk.models.vectors.neighbours import Neighbourhood, read_pairs
from reviewdesk.models.vectors.word_learning import WordVectorSettings
from reviewdesk.prepare.layout import MANIFEST
from reviewdesk.prepare.prepare import prepare
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.settings import SEVERAL, TargetSettings
from reviewdesk.sources.catalog import open_inputs
from reviewdesk.sources.fasttext import BETWEEN, PREFIX
from reviewdesk.storage import open_private, private_directory, storage_errors, write_json
from reviewdesk.training.feature_files import FEATURE_MODEL, holds_features, train_features
from reviewdesk.training.train import train
from reviewdesk.training.word_vectors import train_word_vectors

TRAIN_CHANNELS: Final = ("train", "training")
VALIDATION: Final = "validation"
EVALUATION: Final = "evaluation"
"""The channel with pairs of words and people's scores of them, as WS-353."""
EVALUATION_FILE: Final = "eval.json"
VECTORS_TEXT: Final = "vectors.txt"
VECTORS_BINARY: Final = "vectors.bin"
MOST_TRAIN_ROWS: Final = 100_000
"""Of more reviews that were learnt from, so many are predicted to say how many are right."""

OF_REVIEWS: Final = frozenset({"target", "label", "labels", "fields"})
"""Hyper-parameters that say what is read and predicted of reviews."""

ALONE: Final = Hosts()
CATEGORY: Final = "product_category"
NO_LABEL: Final = b"none"


class TrainingJob:
    """What a container does when it is started with ``train``.

    Args:
        container: its folders.
        settings: what its hyper-parameters say.
        work: a folder for what is needed on the way; what is there from an interrupted run is
            taken up.
        stop: says whether the job was asked to end.
    """

    def __init__(
        self,
        container: Container,
        settings: TrainingSettings,
        work: Path,
        stop: Callable[[], bool],
    ) -> None:
        self.container, self.settings = container, settings
        self.work, self.stop = private_directory(work), stop
        self._spool = self.work / "pipes"
        self._whole: dict[str, Path] = {}

    def send_parts(self, channels: Mapping[str, Channel], hosts: Hosts) -> None:
        """Send this host's parts of dealt channels to the one that learns.

        Raises:
            InputError: a channel is empty, or the other host cannot be reached.
        """
        folders = self._parts(channels)
        if folders:
            Shards(hosts, folders).send()

    def _parts(self, channels: Mapping[str, Channel]) -> dict[str, Path]:
        """Return a folder with this host's part of each channel of which each host has one."""
        return {
            name: channel_folder(one, self.container, self._spool, self.settings.attributes)
            for name, one in channels.items()
            if one.sharded
        }

    def run(self, channels: Mapping[str, Channel], hosts: Hosts = ALONE) -> None:
        """Learn from the channels and fill the model directory.

        Raises:
            ReviewdeskError: it cannot be done; the sentence is for ``output/failure``.
        """
        name = next((one for one in TRAIN_CHANNELS if one in channels), "")
        if len(hosts.names) > 1 and (parts := self._parts(channels)):
            self._whole = Shards(hosts, parts).gather(self._spool / "all")
        if not name:
            there = ", ".join(channels) or "none"
            raise InputError(f"there is no channel train; the job has these channels: {there}")
        folder = self._folder(channels[name])
        if self.settings.model == FEATURE_MODEL and holds_features(folder):
            self._learn_features(
                folder, self._folder(channels[VALIDATION]) if VALIDATION in channels else None
            )
            return
        data = self._prepared(name, folder)
        if self.settings.mode in WORD_VECTOR_MODES:
            self._learn_words(data, self._pairs(channels))
            return
        validation = None
        if VALIDATION in channels:
            validation = self._prepared(VALIDATION, self._folder(channels[VALIDATION]))
        self._learn(data, validation)

    def _folder(self, channel: Channel) -> Path:
        """Return a folder with all files of a channel."""
        return self._whole.get(channel.name) or channel_folder(
            channel, self.container, self._spool, self.settings.attributes
        )

    def _pairs(self, channels: Mapping[str, Channel]) -> list[tuple[str, str, float]]:
        """Return the pairs of words to measure vectors on, if there is a channel of them."""
        if EVALUATION not in channels:
            return []
        files = _files(self._folder(channels[EVALUATION]))
        return [pair for path in files for pair in read_pairs(path)]

    def _prepared(self, channel: str, folder: Path) -> PreparedData:
        """Return the reviews of a channel, prepared here unless they came so."""
        if (folder / MANIFEST).is_file():
            return PreparedData.open(folder)
        if self.settings.mode in WORD_VECTOR_MODES:
            folder = _with_labels(folder, private_directory(self._spool / f"{channel}-lines"))
        source = self.settings.source
        if "several_labels" not in self.settings.given:
            source = replace(source, several_labels="all")
        data = prepare(
            open_inputs([str(folder)], source),
            self.work / f"prepared-{channel}",
            prepare=self.settings.prepare,
            clean=self.settings.clean,
            source=source,
            overwrite=True,
        )
        for used in (self._spool, self._spool / "all"):
            shutil.rmtree(used / channel, ignore_errors=True)
        say(f"{channel}: {data.rows:,} reviews")
        return data

    def _run(self, log: JobLog) -> Run:
        """Return how a family learns here."""
        return Run(
            self.work / "learning",
            self.settings.processes,
            self.settings.time_limit,
            stop=self.stop,
            keep_stopped=True,
            after_epoch=log.epoch,
        )

    def _learn_features(self, folder: Path, validation: Path | None) -> None:
        """Learn from LIBSVM lines, which hold labels and features in place of reviews."""
        settings = self.settings
        told = sorted(settings.given.intersection(OF_REVIEWS))
        if told:
            raise UsageError(f"LIBSVM files have labels and features; leave {', '.join(told)} out")
        log = JobLog()
        result = train_features(
            folder,
            self.work / "bundle",
            model=settings.model,
            split=settings.split,
            model_settings=settings.model_settings,
            overwrite=True,
            validation=validation,
            run=self._run(log),
        )
        log.finished()
        self._fill(result.path)
        _say_measured(log, result.bundle)

    def _learn(self, data: PreparedData, validation: PreparedData | None) -> None:
        settings = self.settings
        log = JobLog(int(settings.model_settings.get("epoch", 0)))
        run = self._run(log)
        result = train(
            data,
            self.work / "bundle",
            model=settings.model,
            target=self._target(data),
            text=settings.text,
            split=settings.split,
            model_settings=settings.model_settings,
            refit=settings.refit,
            overwrite=True,
            validation=validation,
            run=run,
        )
        log.finished()
        self._fill(result.path)
        if not self.stop():
            _say_accuracy(log, result.bundle, data)
        _say_measured(log, result.bundle)

    def _target(self, data: PreparedData) -> TargetSettings:
        """Return what is predicted: the labels of training files, unless something is asked for."""
        target = self.settings.target
        files = {one.get("source") for one in data.manifest["inputs"]}
        if "target" in self.settings.given or files != {"fasttext"}:
            return target
        several = any(
            BETWEEN in (label or "")
            for batch in data.batches(columns=[CATEGORY])
            for label in batch.column(CATEGORY).unique().to_pylist()
        )
        return replace(target, target=SEVERAL if several else "category")

    def _learn_words(self, data: PreparedData, pairs: Sequence[tuple[str, str, float]]) -> None:
        """Learn vectors of words, measure them on pairs, and leave them as BlazingText does."""
        log = JobLog()
        settings = WordVectorSettings.from_json(self.settings.model_settings)
        out = self.work / VECTORS_TEXT
        learnt = train_word_vectors(data, out, settings, self.settings.text)
        log.finished()
        model = self.container.model
        words = [word.decode() for word in learnt.vocabulary.spelling]
        with storage_errors(str(model)):
            model.mkdir(parents=True, exist_ok=True)
        vectors = WordVectors(words, learnt.vectors)
        write_text_vectors(model / VECTORS_TEXT, vectors)
        write_fasttext(model / VECTORS_BINARY, learnt.to_fasttext())
        say(f"Number of words: {len(words)}")
        if pairs:
            figures = Neighbourhood(vectors).evaluate_pairs(pairs)
            write_json(model / EVALUATION_FILE, figures.to_json())
            log.correlation(figures.correlation, figures.pairs, figures.missing)

    def _fill(self, bundle: Path) -> None:
        """Copy a bundle's files into the model directory, which is often a mount of its own."""
        model = self.container.model
        with storage_errors(str(model)):
            model.mkdir(parents=True, exist_ok=True)
            names = sorted(path.name for path in bundle.iterdir())
            for name in sorted(names, key=lambda name: name == MANIFEST):
                shutil.copyfile(bundle / name, model / name)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _with_labels(folder: Path, into: Path) -> Path:
    """Write lines of plain text as training files, in which every line has a label, and return it.

    So they are told from tables, whatever the texts look like.
    """
    files = _files(folder)
    with open_private(into / "data.txt") as out:
        for path in files:
            with storage_errors(str(path)), path.open("rb") as lines:
                out.writelines(
                    b"%b%b %b\n" % (PREFIX.encode(), NO_LABEL, line.strip())
                    for line in lines
                    if line.strip()
                )
    return into


def _say_accuracy(log: JobLog, bundle: Bundle, data: PreparedData) -> None:
    """Say how many of the reviews that were learnt from are given their label."""
    settings = bundle.settings
    examples = load_examples(data, settings.target, settings.text, labels=bundle.labels)
    rows = examples.labelled & (np.cumsum(examples.labelled) <= MOST_TRAIN_ROWS)
    right = count = 0
    for batch in examples.batches(rows):
        said = bundle.predict_proba(batch).argmax(axis=1)
        labels = batch.column("label")
        if examples.sets is None:
            right += int((said == labels.to_numpy()).sum())
        else:
            right += sum(
                one in (own or ()) for one, own in zip(said, labels.to_pylist(), strict=True)
            )
        count += len(batch)
    log.accuracy("train", right / max(count, 1), count)


def _say_measured(log: JobLog, bundle: Bundle) -> None:
    """Say what was measured on reviews that were not learnt from."""
    figures = bundle.metrics.get("figures", {})
    rows = bundle.manifest["data"]["rows"]
    if not figures:
        return
    accuracy = figures.get("accuracy")
    if accuracy:
        log.accuracy("validation", accuracy["value"], rows.get("validation") or rows["test"])
    log.figures(figures)
