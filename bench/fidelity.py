"""Write generated reviews as many programs do, read them back, and compare field by field.

python -m bench.fidelity --pairs 10000

A pair is a dialect and the reviews that are written in it, both drawn by the seed and the pair's
number. Nothing is told to the reader. What is read back is

    right     every row and every field is what was written
    refused   there is an error, in a sentence
    told      rows or values are missing, and are counted as rejects or as unreadable, or a note
              names the column
    SILENT    anything else: lost or merged rows, other values, a traceback

``--failures FILE`` writes the smallest example of each kind of silent difference. Exits with 1 if
there is one.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Final

from bench.dialects.base import Dialect
from bench.dialects.columnar import COLUMNAR
from bench.dialects.comparison import OUTCOMES, SHOWN, judged, written
from bench.dialects.databases import DATABASES
from bench.dialects.frames import FRAMES
from bench.dialects.jsons import JSONS
from bench.dialects.reviews import Reviews, generate
from bench.dialects.separated import SEPARATED
from bench.dialects.spreadsheets import SPREADSHEETS

DIALECTS: Final = (*SEPARATED, *SPREADSHEETS, *JSONS, *DATABASES, *COLUMNAR, *FRAMES)


def main() -> int:
    """Print a table by dialect."""
    arguments = parsed(sys.argv[1:])
    dialects = [one for one in DIALECTS if arguments.only in one.name]
    outcomes: dict[str, Counter[str]] = {one.name: Counter() for one in dialects}
    failures: dict[tuple[str, str], str] = {}
    pairs = range(arguments.pairs) if arguments.pair is None else [arguments.pair]
    for number in pairs:
        dialect, reviews, compressed = drawn(arguments.seed, number, dialects)
        verdict = judged(dialect, reviews, compressed)
        outcomes[dialect.name][verdict.outcome] += 1
        key = (dialect.name, verdict.kind)
        if verdict.outcome == "SILENT" and key not in failures:
            about = f"--seed {arguments.seed} --pair {number}"
            failures[key] = f"{about}\n{smallest(dialect, reviews, compressed)}"
    print(table(outcomes))
    if arguments.failures:
        report = [f"## {name}: {kind}\n{text}\n" for (name, kind), text in sorted(failures.items())]
        Path(arguments.failures).write_text("\n".join(report))
    return 1 if failures else 0


def parsed(words: Sequence[str]) -> argparse.Namespace:
    """Return the command line's values."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--pairs", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--pair", type=int, default=None, help="the number of the only one")
    parser.add_argument("--only", default="", help="a part of the names of dialects")
    parser.add_argument(
        "--failures", default="", help="the file for examples of silent differences"
    )
    return parser.parse_args(words)


def drawn(seed: int, number: int, dialects: Sequence[Dialect]) -> tuple[Dialect, Reviews, bool]:
    """Return a pair, and whether its file is compressed."""
    random = Random(f"{seed}-{number}")
    reviews = generate(random)
    compressed = random.random() < 0.1
    dialect = random.choice(dialects)
    return dialect, reviews, compressed and dialect.gzip


def table(outcomes: dict[str, Counter[str]]) -> str:
    """Return how often each dialect came out how."""
    lines = [f"| dialect | pairs | {' | '.join(OUTCOMES)} |", "|---|---|---|---|---|---|"]
    total: Counter[str] = Counter()
    for name, counts in outcomes.items():
        lines.append(_row(name, counts))
        total += counts
    return "\n".join([*lines, _row("all", total)])


def _row(name: str, counts: Counter[str]) -> str:
    return f"| {name} | {counts.total():,} | {' | '.join(f'{counts[one]:,}' for one in OUTCOMES)} |"


def smallest(dialect: Dialect, reviews: Reviews, compressed: bool) -> str:
    """Return a small example of a silent difference: what was read, and the file."""
    verdict = judged(dialect, reviews, compressed)

    def fails(less: Reviews) -> bool:
        return judged(dialect, less, compressed).kind == verdict.kind

    if fails(reviews.named({})):
        reviews = reviews.named({})
    reviews = _fewer_rows(reviews, fails)
    for column in reviews.columns:
        rest = [name for name in reviews.columns if name != column]
        if column != "review_body" and rest and fails(reviews.of(rest)):
            reviews = reviews.of(rest)
    reviews = _fewer_rows(_shorter_texts(reviews, fails), fails)
    verdict = judged(dialect, reviews, compressed)
    with written(dialect, dialect.kept(reviews), compressed=False) as place:
        files = [place] if place.is_file() else sorted(place.glob("part-*"))
        content = files[0].read_bytes()
    file = f"{place.name}  {content[:SHOWN]!r}"
    if b"\0" in content[:SHOWN] or len(content) > SHOWN:
        file = f"{place.name}  {len(content):,} bytes"
    rows = f"{len(reviews.rows)} rows of {', '.join(reviews.header)}"
    return f"{rows}\n{verdict.example}\n{file}"


def _fewer_rows(reviews: Reviews, fails: Callable[[Reviews], bool]) -> Reviews:
    """Leave rows out, many at first, as long as it still fails."""
    size = len(reviews.rows) // 2
    while size:
        start = 0
        while start < len(reviews.rows):
            rest = reviews.rows[:start] + reviews.rows[start + size :]
            if rest and fails(replace(reviews, rows=rest)):
                reviews = replace(reviews, rows=rest)
            else:
                start += size
        size //= 2
    return reviews


def _shorter_texts(reviews: Reviews, fails: Callable[[Reviews], bool]) -> Reviews:
    """Cut texts to their halves as long as it still fails."""
    for number, row in enumerate(reviews.rows[:10]):
        for column in [name for name in row if isinstance(row[name], str)]:
            text = row[column]
            while len(text) > 1:
                middle = len(text) // 2
                for half in (text[:middle], text[middle:]):
                    rows = list(reviews.rows)
                    rows[number] = {**rows[number], column: half}
                    if half.strip() and fails(replace(reviews, rows=rows)):
                        reviews, text = replace(reviews, rows=rows), half
                        break
                else:
                    break
    return reviews


if __name__ == "__main__":
    sys.exit(main())
