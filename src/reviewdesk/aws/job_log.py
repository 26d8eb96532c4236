"""What a training job prints, so that metric definitions find it: BlazingText's lines and ours.

``Validation accuracy: 0.91`` comes after each epoch; ``#train_accuracy: 0.98`` and
``#validation_accuracy: 0.92`` at the end, ``#mean_rho: 0.62`` of vectors of words, and
``validation:NAME=0.92`` for all that was measured.
"""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from reviewdesk.models.running import Epoch


def say(line: str) -> None:
    """Print a line where metric definitions read it at once."""
    print(line, flush=True)  # noqa: T201  (the log of a container is its standard output)


@dataclass
class JobLog:
    """The log of one job.

    Args:
        epochs: how many there will be; 0 where nobody knows.
    """

    epochs: int = 0
    _begun: float = field(default_factory=time.perf_counter, init=False)

    def epoch(self, epoch: Epoch) -> None:
        """Say how an epoch went."""
        share = f"  Progress: {epoch.number / self.epochs:.2%}" if self.epochs else ""
        say(f"##### Alpha: {epoch.rate:.4f}{share}  Loss: {epoch.loss:.4f} #####")
        say(f"-------------- End of epoch: {epoch.number:g}")
        if epoch.accuracy is not None:
            say(f"Validation accuracy: {epoch.accuracy:.6f}")
            if epoch.improved:
                say("Validation accuracy improved! Storing best weights...")

    def finished(self) -> None:
        """Say that learning is over."""
        say("Training finished.")
        say(f"Total training time in seconds: {time.perf_counter() - self._begun:.2f}")

    def accuracy(self, side: str, value: float, examples: int) -> None:
        """Say how many of the examples of a side, ``train`` or ``validation``, are right."""
        say(f"\n#{side}_accuracy: {value:.4f}\nNumber of {side} examples: {examples}")

    def correlation(self, value: float, pairs: int, missing: int) -> None:
        """Say how vectors of words agree with people; nothing where too few pairs have vectors.

        The value stands in ``mean_rho``, as BlazingText calls it.
        """
        if math.isfinite(value):
            say(f"\n#mean_rho: {value:.4f}")
        say(f"Number of pairs: {pairs}, without a vector: {missing}")

    def figures(self, figures: Mapping[str, Any]) -> None:
        """Say all that was measured on reviews that were not learnt from."""
        for name, figure in figures.items():
            value = figure.get("value") if isinstance(figure, dict) else figure
            if isinstance(value, int | float) and not isinstance(value, bool):
                say(f"validation:{name}={value:.6f}")
