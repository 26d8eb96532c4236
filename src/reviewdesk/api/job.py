"""The main job in one call."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from reviewdesk.api.model import Model
from reviewdesk.api.notebook import framed
from reviewdesk.api.options import settings_from
from reviewdesk.api.reviews import READING, Reviews, places_of
from reviewdesk.api.tables import Files, Table
from reviewdesk.job.main_job import JobResult, JobSettings, run_job, with_label
from reviewdesk.job.places import reviews_of
from reviewdesk.job.unlabelled import Described
from reviewdesk.job.update import update_job
from reviewdesk.prepare.corrections import NONE, Corrections
from reviewdesk.prepare.prepare import source_for
from reviewdesk.progress import Progress
from reviewdesk.settings import SplitSettings, TargetSettings, TextSettings
from reviewdesk.sources.catalog import open_inputs
from reviewdesk.training.described import checked_classes


class Job:
    """What the main job wrote.

    Args:
        result: where everything is.
    """

    def __init__(self, result: JobResult) -> None:
        self.result = result

    @property
    def reviews(self) -> Reviews:
        """The prepared reviews."""
        return Reviews(self.result.data)

    @property
    def models(self) -> dict[str, Model]:
        """The model of each target."""
        return {one.target: Model.load(one.bundle) for one in self.result.targets}

    @property
    def rows(self) -> dict[str, Path]:
        """Of each target the file with the rows that were given, and their labels."""
        return {one.target: one.rows for one in self.result.targets if one.rows}

    @property
    def new(self) -> list[str]:
        """What is new since the last time, in plain words."""
        return list(self.result.new)

    @property
    def tried(self) -> dict[str, list[str]]:
        """Of each target what was tried, what won by how much, and what it costs to serve."""
        return {one.target: list(one.tried) for one in self.result.targets}

    def html(self) -> str:
        """Return the report."""
        return self.result.report.read_text(encoding="utf-8")

    def update(self, source: Files, findings: str | Path | None = None) -> dict[str, Any]:
        """Take new files in, as ``reviewdesk update`` does; return what is new.

        Args:
            source: the new files.
            findings: the folder of the job's findings, which are found again; None for none.
        """
        files = [source] if isinstance(source, str | Path) else list(source)
        folder, place = self.result.folder, None if findings is None else Path(findings)
        done = update_job(folder, [str(one) for one in files], place, progress=Progress())
        return done.to_json()

    def __repr__(self) -> str:
        return f"<job in {self.result.folder}: {', '.join(self.models)}>"

    def _repr_html_(self) -> str:
        return framed(self.html())


def run(
    source: Files | Table,
    out: str | Path,
    targets: str | Sequence[str] = (),
    *,
    model: str = "linear",
    model_settings: Mapping[str, Any] | None = None,
    folds: int = 5,
    best: bool = False,
    time_limit: str = "",
    refit: bool = True,
    rows: bool = True,
    append: bool = False,
    corrections: str | Path = "",
    classes: Mapping[str, str] | None = None,
    encoder: str = "",
    audit: str | Path = "",
    overwrite: bool = False,
    **settings: Any,
) -> Job:
    """Prepare, train, evaluate, label every review and report, as ``reviewdesk run`` does.

    Args:
        source: review files, folders or patterns; or a DataFrame.
        out: the folder for everything.
        targets: what to predict; nothing named means sentiment, or with ``label="column"`` the
            labels of one's own in that column alone.
        model: name of the family.
        model_settings: the family's own settings.
        folds: parts to cross-fit the predictions of every review in.
        best: find the best model instead: families compared, tuned and blended.
        time_limit: about how long that may take, as in ``"30m"``.
        refit: whether models learn from all reviews once they were measured.
        rows: write the rows of the files back with all their columns and their labels beside.
        append: add the files to the reviews of the job that is in the folder.
        corrections: a file of what people decided to change in the reviews.
        classes: without labels, classes that are described in words, as in
            ``{"delivery": "it came late", "price": "too dear"}``.
        encoder: what reads these words; by default one that is installed.
        audit: where no review has stars or labels, a CSV with fifty questions, written when it is
            not there; once its column ``answer`` is filled in, the same call measures.
        overwrite: replace an earlier job's results.
        settings: those of ``reviewdesk run``.

    Raises:
        UsageError: a setting is wrong, or another job's results are in the folder.
        InputError: the files cannot be used for a target.
    """
    steps = settings_from(settings, *READING, TargetSettings, TextSettings, SplitSettings)
    files, clean, prepare, target, text, split = steps
    if append:
        files = source_for(reviews_of(Path(out)), files)
    named = (targets,) if isinstance(targets, str) else tuple(targets)
    described = Described(checked_classes((classes or {}).items()), encoder)
    named, files = with_label(named, target, files, append=append or bool(described))
    with TemporaryDirectory(prefix="reviewdesk-") as aside:
        asked = JobSettings(
            targets=named,
            source=files,
            clean=clean,
            prepare=prepare,
            target=target,
            text=text,
            split=split,
            model=model,
            model_settings=dict(model_settings or {}),
            folds=folds,
            best=best,
            time_limit=time_limit,
            refit=refit,
            rows=rows,
            append=append,
            corrections=Corrections.read(Path(corrections)) if corrections else NONE,
            described=described,
            audit=Path(audit) if audit else None,
        )
        inputs = open_inputs(places_of(source, Path(aside)), files)
        return Job(run_job(inputs, Path(out), asked, overwrite=overwrite, progress=Progress()))
