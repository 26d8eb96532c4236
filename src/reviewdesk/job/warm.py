"""Every kernel used once, so that its compiled code is kept for the processes to come."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from reviewdesk.bundle import load_bundle
from reviewdesk.examples.examples import load_examples
from reviewdesk.explore.explore import explore
from reviewdesk.job.main_job import JobSettings, run_job
from reviewdesk.job.places import BUNDLE, PREPARED
from reviewdesk.models.labelled import LabelledReviews
from reviewdesk.models.linear.classifier import Linear
from reviewdesk.models.vectors.classifier import FastText
from reviewdesk.models.vectors.docvec import DocVec
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.progress import SILENT, Progress
from reviewdesk.scoring.explain import explain
from reviewdesk.settings import (
    CleanSettings,
    DemoSettings,
    PrepareSettings,
    SourceSettings,
    SplitSettings,
    TargetSettings,
    TextSettings,
)
from reviewdesk.sources.catalog import open_inputs
from reviewdesk.sources.generated import generate
from reviewdesk.text.compiled import cache_directory

REVIEWS: Final = 1_500
TARGETS: Final = ("sentiment", "category")  # two labels, and many: other kernels each


@dataclass(frozen=True)
class Warmed:
    """Where compiled code is kept.

    Args:
        directory: the private directory; None where there is no safe place.
        kernels: how many compiled kernels are in it now.
    """

    directory: Path | None
    kernels: int

    def to_json(self) -> dict[str, Any]:
        """Return the same as JSON values."""
        place = str(self.directory) if self.directory else None
        return {"directory": place, "kernels": self.kernels}


def warm(progress: Progress = SILENT) -> Warmed:
    """Do the main job on a few generated reviews in a temporary folder, and look at the result.

    Args:
        progress: shows how far it has come.

    Raises:
        StorageError: there is no room for a few megabytes.
    """
    with (
        tempfile.TemporaryDirectory(prefix="reviewdesk-warm-") as folder,
        progress.task("Compiling", 4, "steps") as task,
    ):
        job = Path(folder)
        _job(job)
        task.advance()
        data = PreparedData.open(job / PREPARED)
        explore(data)
        task.advance()
        for target in TARGETS:
            explain(load_bundle(job / target / BUNDLE), "It broke after a <b>week</b>.")
        task.advance()
        _rarely(data)
        task.advance()
    directory = cache_directory()
    return Warmed(directory, len(list(directory.rglob("*.nbc"))) if directory else 0)


def _job(job: Path) -> None:
    source = SourceSettings()
    reviews = job / "reviews.tsv"
    generate(reviews, DemoSettings(reviews=REVIEWS))
    settings = JobSettings(
        targets=TARGETS,
        source=source,
        clean=CleanSettings(),
        prepare=PrepareSettings(tokens=True, stem=True),
        target=TargetSettings(),
        text=TextSettings(),
        split=SplitSettings(),
        model="linear",
        model_settings={},
        folds=2,
    )
    run_job(open_inputs([str(reviews)], source), job, settings)


def _rarely(data: PreparedData) -> None:
    """Use what larger data needs, and runs of characters."""
    examples = load_examples(data, TargetSettings(), TextSettings())
    batches = [*examples.batches(examples.labelled)]
    many = batches * 20  # more than so little memory holds
    train = LabelledReviews.of_batches(many, examples.labels)
    Linear(ngrams=3, characters=5, memory_mb=16).fit(train)
    once = LabelledReviews.of_batches(batches, examples.labels)  # one batch may be of one label
    FastText(epoch=1, bucket=1_000).fit(once).predict_proba(batches[0])
    DocVec(epoch=1).fit(once).predict_proba(batches[0])
