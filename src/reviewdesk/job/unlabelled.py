"""A job on reviews that have neither stars nor labels: what they say by lists of words."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from reviewdesk.bundle import Bundle, BundleSettings, bundle_already_at, save_bundle
from reviewdesk.errors import UsageError
from reviewdesk.job.audit import Judged, answers_of, drawn, judge
from reviewdesk.job.places import BUNDLE, PREDICTIONS
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.progress import SILENT, Progress
from reviewdesk.report.numbers import plural, share
from reviewdesk.runlog import RunLog
from reviewdesk.scoring.predict import predict
from reviewdesk.settings import SENTIMENT, SplitSettings, TargetSettings, TextSettings
from reviewdesk.text.opinions.word_list import LANGUAGES
from reviewdesk.training.figures import Estimate
from reviewdesk.training.unlabelled import Basis, learn_without_labels

FORMAT: Final = "reviewdesk.unlabelled"
FORMAT_VERSION: Final = 1


@dataclass(frozen=True)
class Unlabelled:
    """What was said of reviews that nobody had labelled.

    Args:
        bundle: the bundle's id.
        data: the reviews' fingerprint.
        basis: on what it rests.
        said: how many reviews were given each label.
        judged: what a person said of some of them; None where nobody was asked.
    """

    bundle: str
    data: str
    basis: Basis
    said: Mapping[str, int]
    judged: Judged | None

    @property
    def title(self) -> str:
        """The result in a few words."""
        if self.judged is None:
            return "Sentiment: told without labels, not measured"
        return f"Sentiment: right for {share(self.judged.accuracy.value)} of reviews"

    @property
    def figures(self) -> dict[str, Estimate]:
        """What was measured; empty where nothing was."""
        return {} if self.judged is None else {"accuracy": self.judged.accuracy}

    def sentences(self) -> list[str]:
        """Return what was found and on what it rests, the most important first."""
        measured = [] if self.judged is None else self.judged.sentences()
        return [*measured, *self._rests_on(), *([] if measured else [ASK])]

    def _rests_on(self) -> list[str]:
        basis = self.basis
        languages = ", ".join(
            f"{LANGUAGES[code]} {rows:,}" for code, rows in basis.languages.items()
        )
        measured = "" if self.judged else "; how often it is right has not been measured"
        words = f" and {basis.words:,} words of the lists" if basis.words else ""
        total = sum(self.said.values())
        shares = ", ".join(f"{share(rows / total)} {name}" for name, rows in self.said.items())
        return [
            "No review has stars or labels. What is said of them rests on lists of words that "
            f"praise and blame ({languages}){measured}.",
            f"The lists read {plural(basis.read, 'review', 'reviews')} and know a word of "
            f"{share(basis.known / basis.read)} of them; linear learned from the "
            f"{sum(basis.learnt.values()):,} that they are surest about{words}, and read all "
            f"{basis.reviews:,}: {shares}.",
        ]

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "bundle": self.bundle,
            "target": SENTIMENT,
            "data": self.data,
            "measured": self.judged is not None,
            "rests_on": self.basis.to_json(),
            "said": dict(self.said),
            "judged": None if self.judged is None else self.judged.to_json(),
            "findings": self.sentences(),
        }


ASK: Final = (
    "Fifty answers measure it: give the same command with --audit answers.csv, which writes fifty "
    "reviews drawn at random; fill in the column answer with positive or negative, and give the "
    "command again."
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
    audit: Path | None = None,
    overwrite: bool = False,
    progress: Progress = SILENT,
) -> Unlabelled:
    """Learn the sentiment of reviews by lists of words, and label every review.

    Args:
        data: the reviews.
        folder: where the bundle and the predictions go.
        target: sentiment.
        text: which text is read.
        split: how reviews would be held out if they had labels; an update of the job reads it.
        audit: answers of a person, by which it is measured.
        overwrite: replace what was made of other reviews.
        progress: shows how far it has come.

    Raises:
        UsageError: something else is in the folder.
        NotEnoughData: the lists know too few of the words.
        InputError: the answers cannot be used.
        StorageError: something cannot be read or written.
    """
    answers = answers_of(data, audit) if audit else None
    log = RunLog("train", {"target": target.to_json()}, {"data": data.fingerprint})
    with log.timed("fit"):
        classifier, basis, generated = learn_without_labels(data, text, progress=progress)
    settings = BundleSettings(
        target=target,
        text=text,
        split=split,
        clean=data.clean_settings,
        model=classifier.settings.to_json(),
    )
    out = folder / BUNDLE
    _check_replaceable(out, settings, data, overwrite)
    rows = {
        "reviews": data.rows,
        "labelled": 0,
        "train": sum(basis.learnt.values()),
        "test": 0,
        "generated": generated,
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
        judged = judge(answers, len(drawn(data)), place)
        bundle = save(judged.to_json())
        said = predict(bundle, data, place, overwrite=True, progress=progress)
    return Unlabelled(bundle.id, data.fingerprint, basis, said.labels, judged)


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
