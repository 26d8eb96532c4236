"""Small corpora for the tests of preparing, and what a finished folder holds."""

import gzip
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from reviewdesk.prepare.earlier import FOLDER
from reviewdesk.prepare.prepare import prepare
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.progress import SILENT, Progress, Task
from reviewdesk.settings import CleanSettings, PrepareSettings, SourceSettings
from reviewdesk.sources import Input, open_inputs

LONG = "Long enough that two people would hardly write it in just these words. "


def review(number: int, **values: Any) -> dict[str, Any]:
    """Return one review as a JSON object; no two numbers give equal ones."""
    return {
        "review_id": f"R{number:06d}",
        "customer_id": f"C{number}",
        "product_id": f"P{number % 7}",
        "product_category": ("Toys", "Books", "Music")[number % 3],
        "star_rating": number % 5 + 1,
        "review_headline": "Five Stars" if number % 5 == 0 else f"Headline {number}",
        "review_body": f"Review {number} &amp; more.<br />Second line.",
        "review_date": f"20{10 + number % 3}-{number % 4 + 1:02d}-{number % 28 + 1:02d}",
        **values,
    }


def anonymous(body: str, **values: Any) -> dict[str, Any]:
    """Return a review of which nothing is known but its text."""
    return {"review_body": body, **values}


def write_lines(path: Path, rows: Sequence[dict[str, Any] | str]) -> Path:
    """Write JSON lines, compressed where the name says so; a text goes in as it stands."""
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    raw = "".join(f"{line}\n" for line in lines).encode()
    path.write_bytes(gzip.compress(raw, mtime=0) if path.suffix == ".gz" else raw)
    return path


def opened(*paths: Path) -> list[Input]:
    """Open files as inputs."""
    return open_inputs([str(path) for path in paths], SourceSettings())


def prepared(
    out: Path,
    *paths: Path,
    settings: PrepareSettings | None = None,
    clean: CleanSettings | None = None,
    overwrite: bool = False,
    progress: Progress = SILENT,
    inputs: list[Input] | None = None,
) -> PreparedData:
    """Prepare files, or inputs that are open already."""
    return prepare(
        opened(*paths) if inputs is None else inputs,
        out,
        prepare=settings or PrepareSettings(),
        clean=clean or CleanSettings(),
        source=SourceSettings(),
        overwrite=overwrite,
        progress=progress,
    )


class Interrupting(Progress):
    """Presses Ctrl-C when a task has advanced so many times.

    Args:
        title: of the task.
        after: the number of times.
    """

    def __init__(self, title: str, after: int) -> None:
        super().__init__(visible=False)
        self.title = title
        self.left = after

    @contextmanager
    def task(self, title: str, total: float | None = None, unit: str = "rows") -> Iterator[Task]:
        """Give the task out."""
        yield self if title == self.title else _Silent()

    def advance(self, amount: float = 1) -> None:
        """Count."""
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt

    def describe(self, title: str) -> None:
        """Take no notice."""


class _Silent:
    def advance(self, amount: float = 1) -> None:
        pass

    def describe(self, title: str) -> None:
        pass


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder with its bytes, but for the log, which holds times."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "log.json"
    }


def for_readers(folder: Path) -> dict[str, bytes]:
    """Return the same but what is kept for later files, which depends on how rows were staged."""
    return {name: data for name, data in contents(folder).items() if not name.startswith(FOLDER)}


def mixed_corpus(folder: Path, files: int = 3, rows: int = 400) -> list[Path]:
    """Write files with everything in them: copies, rejects, missing dates, texts by nobody."""
    random = np.random.default_rng(7)
    paths = []
    for file in range(files):
        lines: list[dict[str, Any] | str] = []
        for _ in range(rows):
            number = int(random.integers(rows * files))
            kind = random.integers(20)
            if kind == 0:
                lines.append(anonymous(str(random.choice(["Great!", "Works.", "Fine by me"]))))
            elif kind == 1:
                lines.append(anonymous(LONG + str(number % 5)))
            elif kind == 2:
                lines.append(review(number, review_id=f"copy-{file}-{number}"))
            elif kind == 3:
                lines.append(review(number, review_date=None))
            elif kind == 4:
                lines.append(review(number, review_body="?"))
            else:
                lines.append(review(number))
        lines[rows // 2] = "this line is no JSON"
        paths.append(write_lines(folder / f"reviews-{file}.jsonl.gz", lines))
    return paths
