"""An experiment's folder: what was planned, and once it is stopped, how it ended."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Self

import pyarrow as pa
import pyarrow.parquet as pq

from reviewdesk.errors import InputError, UsageError
from reviewdesk.experiments.captured import captured_outcomes
from reviewdesk.experiments.design import Design
from reviewdesk.experiments.observations import nameless
from reviewdesk.experiments.status import Status, status
from reviewdesk.experiments.summary import cautions, summarise
from reviewdesk.experiments.table import read_outcomes
from reviewdesk.storage import (
    private_directory,
    read_record,
    write_json,
    write_record,
    write_then_rename,
)

FORMAT: Final = 1
RECORD: Final = "experiment.json"
RESULT: Final = "result.json"
OUTCOMES: Final = "outcomes.parquet"


@dataclass(frozen=True)
class Experiment:
    """A split test that was started.

    Args:
        path: its folder.
        design: what is compared.
        tables: where its outcomes come from: tables, or the folder of an endpoint's captures.
        truth: where the ground truth of captures is; None without.
        started: when, as in ``2026-01-31T12:00:00Z``.
        stopped: when it ended; empty while it runs.
    """

    path: Path
    design: Design
    tables: tuple[Path, ...]
    truth: Path | None
    started: str
    stopped: str = ""

    @property
    def name(self) -> str:
        """What it is called: its folder's name."""
        return self.path.resolve().name

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open an experiment's folder.

        Raises:
            StorageError: it is not there.
            InputError: it is none, or of another release.
        """
        record = read_record(path / RECORD)
        if record.get("format") != FORMAT:
            raise InputError(f"{path} is an experiment of another release")
        return cls(
            path,
            Design.from_json(record["design"]),
            tuple(map(Path, record["tables"])),
            Path(record["truth"]) if record["truth"] else None,
            record["started"],
            record["stopped"],
        )

    def status(self) -> Status:
        """Return where it stands; once it is stopped, how it ended."""
        return status(self._outcomes(), self.design)

    def stop(self) -> tuple[Self, Status]:
        """End it: keep its outcomes as they are now, without names, and what they say.

        Raises:
            UsageError: it has ended already.
        """
        if self.stopped:
            raise UsageError(f"{self.path} was stopped at {self.stopped}")
        outcomes = self._outcomes()
        last = status(outcomes, self.design)
        outcomes = nameless(outcomes, self.design)
        with write_then_rename(self.path / OUTCOMES) as file:
            pq.write_table(outcomes, file, compression="zstd", write_page_checksum=True)
        write_json(self.path / RESULT, figures_of(last))
        ended = replace(self, stopped=_now())
        ended.write()
        return ended, last

    def write(self) -> None:
        """Write what it is."""
        record = {
            "format": FORMAT,
            "design": self.design.to_json(),
            "tables": [str(path.absolute()) for path in self.tables],
            "truth": str(self.truth.absolute()) if self.truth else "",
            "started": self.started,
            "stopped": self.stopped,
        }
        write_record(self.path / RECORD, record)

    def _outcomes(self) -> pa.Table:
        if self.stopped:
            return read_outcomes([self.path / OUTCOMES])
        return outcomes_of(self.tables, self.truth)


def outcomes_of(places: Sequence[Path], truth: Path | None = None) -> pa.Table:
    """Return the rows of tables, or of one folder of captured requests.

    Args:
        places: tables, or one folder.
        truth: the folder of the captures' ground truth.

    Raises:
        UsageError: there are folders beside others, or truth beside tables.
        StorageError: a place cannot be read.
        InputError: a file is damaged or of another format.
    """
    if len(places) == 1 and places[0].is_dir():
        return captured_outcomes(places[0], truth, dealt=True)
    if truth is not None or any(place.is_dir() for place in places):
        raise UsageError("give tables, or one folder of captured requests with its ground truth")
    return read_outcomes(places)


def start(
    path: Path, design: Design, tables: Sequence[Path], truth: Path | None = None
) -> Experiment:
    """Start an experiment: write down what is compared before outcomes are looked at.

    Raises:
        UsageError: the folder holds another experiment, or there is nothing to read from.
    """
    if (path / RECORD).exists():
        raise UsageError(f"{path} holds an experiment; give another folder")
    if not tables:
        raise UsageError("say where outcomes come from: a table, or the folder of capture logs")
    begun = Experiment(path, design, tuple(tables), truth, _now())
    private_directory(path)
    begun.write()
    return begun


def figures_of(status: Status) -> dict[str, Any]:
    """Return result and figures as JSON values."""
    summary = summarise(status)
    return {
        "result": summary.kind,
        "sentence": summary.sentence,
        "stop": summary.stop,
        "cautions": cautions(status),
        **status.to_json(),
    }


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
