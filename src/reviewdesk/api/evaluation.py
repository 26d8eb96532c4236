"""How right a model is, to look at and to compute with."""

from pathlib import Path
from typing import Any

from reviewdesk.api.notebook import framed, small_table
from reviewdesk.job.main_job import write_evaluation
from reviewdesk.training.evaluate import Evaluation
from reviewdesk.training.evaluation_page import evaluation_page
from reviewdesk.training.figures import Estimate
from reviewdesk.training.multilabel import MultilabelEvaluation
from reviewdesk.training.summary import sentences


class Evaluated:
    """What was measured.

    Args:
        evaluation: all figures, with intervals.
    """

    def __init__(self, evaluation: Evaluation | MultilabelEvaluation) -> None:
        self.evaluation = evaluation

    @property
    def figures(self) -> dict[str, Estimate]:
        """Each figure by name, such as ``accuracy``, with its 95 % interval."""
        return dict(self.evaluation.measures.figures)

    @property
    def sentences(self) -> list[str]:
        """What the figures mean, in plain words; none where a review may have several labels."""
        return list(sentences(self.evaluation)) if isinstance(self.evaluation, Evaluation) else []

    def to_json(self) -> dict[str, Any]:
        """Return all figures as JSON values."""
        return self.evaluation.to_json()

    def html(self, out: str | Path | None = None) -> str:
        """Return the page, and write it with its figures beside it where a file is named."""
        if not isinstance(self.evaluation, Evaluation):
            return self._repr_html_()
        if out is not None:
            write_evaluation(self.evaluation, Path(out))
        return evaluation_page(self.evaluation).render()

    def __repr__(self) -> str:
        accuracy = self.figures["accuracy"]
        return f"<accuracy {accuracy.value:.3f} (95 % interval {accuracy.spread('{:.3f}'.format)})>"

    def _repr_html_(self) -> str:
        if isinstance(self.evaluation, Evaluation):
            return framed(self.html())
        rows = [(name, _with_interval(figure)) for name, figure in self.figures.items()]
        return small_table("Evaluation", rows)


def _with_interval(figure: Estimate) -> str:
    return f"{figure.value:.3f} ({figure.spread('{:.3f}'.format)})"
