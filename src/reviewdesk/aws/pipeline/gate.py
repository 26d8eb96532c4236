"""``gate``, as a processing job: how a new model does beside the live one on the same reviews."""

import math
import os
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

import pyarrow.fs as pafs

from reviewdesk.aws.pipeline.definition import GATE_FILE, LIVE, METRIC
from reviewdesk.aws.serve import open_model
from reviewdesk.bundle import Bundle
from reviewdesk.errors import InputError, ReviewdeskError, UsageError
from reviewdesk.formats.archive import unpacked
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.storage import filesystem, storage_errors, write_json
from reviewdesk.training.comparison import LOWER_IS_BETTER, compare
from reviewdesk.training.evaluate import evaluate
from reviewdesk.training.figures import Estimate

BASE_VARIABLE: Final = "SAGEMAKER_BASE_DIR"
BASE: Final = "/opt/ml"


def main(words: list[str] | None = None) -> int:
    """Compare the models of a processing job, write the figures, and return the exit code."""
    base = Path(os.environ.get(BASE_VARIABLE) or BASE) / "processing"
    try:
        metric = os.environ.get(METRIC) or "accuracy"
        figures = gate_figures(base / "input", os.environ.get(LIVE, ""), metric)
        write_json(base / "output" / GATE_FILE, figures)
    except ReviewdeskError as error:
        print(f"reviewdesk: {error}", file=sys.stderr, flush=True)  # noqa: T201
        return error.exit_code or 1
    return 0


def gate_figures(inputs: Path, live: str, metric: str) -> dict[str, Any]:
    """Return what the gate reads.

    Args:
        inputs: holds ``data``, a prepared folder, and ``candidate``, an archive of a model.
        live: the address of the live model's archive; empty, or not there, for none.
        metric: a figure of which more is better.

    Returns:
        ``value`` and its 95 % interval, and ``gain_at_best``: the better end of the interval of the
        difference to the live model on the same reviews, 0 where there is none.

    Raises:
        InputError: an input is not there.
        UsageError: there is no such figure, or less of it is better.
    """
    data = PreparedData.open(inputs / "data")
    archives = sorted((inputs / "candidate").glob("*.tar.gz"))
    if not archives:
        raise InputError(f"{inputs / 'candidate'} holds no .tar.gz of a model")
    if metric in LOWER_IS_BETTER:
        raise UsageError(f"the gate needs a figure of which more is better, and not {metric}")
    candidate = _opened(archives[0])
    before = _live(live)
    if before is None:
        measures, gain = evaluate(candidate, data).measures, 0.0
    else:
        both = compare({"live": before, "candidate": candidate}, data).bundles
        measures, gain = both[1].measures, _best(both[1].differences.get(metric))
    if metric not in measures.figures:
        raise UsageError(f"there is no figure {metric!r}; there are: {', '.join(measures.figures)}")
    value, low, high = measures.figures[metric]
    return {
        "metric": metric,
        "value": float(value),
        "low": None if math.isnan(low) else float(low),
        "high": None if math.isnan(high) else float(high),
        "gain_at_best": gain,
        "compared": before is not None,
        "rows": measures.rows,
    }


def _best(difference: Estimate | None) -> float:
    """Return the better end of a difference; the difference itself where it has no interval."""
    if difference is None:
        return 0.0
    value, _, high = difference
    return float(value if math.isnan(high) else high)


def _opened(archive: Path) -> Bundle:
    with unpacked(archive) as folder:
        return open_model(folder)


def _live(address: str) -> Bundle | None:
    """Return the live model; None where there is none yet."""
    if not address:
        return None
    files, path = filesystem(address.removeprefix("file://"))
    with storage_errors(address):
        if files.get_file_info(path).type != pafs.FileType.File:
            return None
        with tempfile.TemporaryDirectory(prefix="reviewdesk-live-") as folder:
            pafs.copy_files(path, str(Path(folder) / "model.tar.gz"), source_filesystem=files)
            return _opened(Path(folder) / "model.tar.gz")
