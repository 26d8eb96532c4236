"""Split tests: where they stand, to look at and to compute with."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from reviewdesk.api.notebook import framed
from reviewdesk.api.options import settings_from
from reviewdesk.api.tables import Table, arrow_table
from reviewdesk.experiments.design import ExperimentSettings, Metric, design
from reviewdesk.experiments.folder import figures_of, outcomes_of
from reviewdesk.experiments.page import experiment_page
from reviewdesk.experiments.status import Status, status
from reviewdesk.experiments.summary import summarise


class ExperimentStatus:
    """Where a split test stands.

    Args:
        status: all figures, at all looks.
    """

    def __init__(self, status: Status) -> None:
        self.status = status

    @property
    def sentence(self) -> str:
        """The summary, for people."""
        return summarise(self.status).sentence

    @property
    def kind(self) -> str:
        """The result in a word, such as ``better``, ``undecided`` or ``ratio``."""
        return summarise(self.status).kind

    def to_json(self) -> dict[str, Any]:
        """Return result and figures as JSON values."""
        return figures_of(self.status)

    def html(self, out: str | Path | None = None) -> str:
        """Return the page, and write it where a file is named."""
        page = experiment_page(self.status, "Experiment")
        if out is not None:
            page.write(Path(out))
        return page.render()

    def __repr__(self) -> str:
        return f"<{self.sentence}>"

    def _repr_html_(self) -> str:
        return framed(self.html())


def experiment(
    data: Table | str | Path,
    arms: str,
    metrics: Sequence[str],
    *,
    truth: str | Path | None = None,
    guardrails: Sequence[str] = (),
    **options: Any,
) -> ExperimentStatus:
    """Compare arms by their outcomes; see ``reviewdesk experiment status``.

    Args:
        data: a DataFrame, or a file, with one answer a row; or a folder of captured requests.
        arms: with their shares, as in ``A:0.9,B:0.1``; the control first.
        metrics: columns with what is better, as in ``["correct:higher"]``.
        truth: the folder of the captures' ground truth.
        guardrails: columns that must not get worse, as in ``["latency_ms:lower:5"]``.
        options: settings of ``reviewdesk experiment start``, such as ``unit_column`` and ``alpha``.

    Raises:
        UsageError: an arm, a metric or a setting is none.
        MissingColumn: a column is not there.
        InputError: an outcome is no number, or no row is of an arm.
    """
    if isinstance(data, str | Path):
        table = outcomes_of([Path(data)], None if truth is None else Path(truth))
    else:
        table = arrow_table(data)
    (settings,) = settings_from(options, ExperimentSettings)
    parsed = [
        *(Metric.parse(word) for word in metrics),
        *(Metric.parse(word, guardrail=True) for word in guardrails),
    ]
    return ExperimentStatus(status(table, design(arms, parsed, settings)))
