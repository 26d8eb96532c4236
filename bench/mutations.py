"""Do the tests guard the finders' constants? Each is changed in turn, and failing tests counted.

    python -m bench.mutations --finder declining --sample 10 --seed 1

A copy of the source is changed, one constant at a time, and the finder's tests (and those of the
statistics, where the constant is one of theirs) run against it until one fails. Constants that only
say how much is done at once change no result and are not drawn: see ``SIZES_OF_WORK``.
"""

import argparse
import ast
import operator
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

ROOT: Final = Path(__file__).parents[1]
SOURCE: Final = Path("src/reviewdesk")
SHARED: Final = "shared"
"""Stands for what finders share, in place of a finder's name."""
SIZES_OF_WORK: Final = frozenset(
    {
        *("BATCH_ROWS", "BLOCK", "BLOCK_VALUES", "PENDING", "STEPS_AT_ONCE", "CHUNK", "NOBODY"),
        *("NONE", "NO_STAR", "NO_TERM", "NO_PROMISE", "FORMAT_VERSION", "THREADS"),
    }
)
SECONDS: Final = 900
HALF: Final = 0.5


class Mutation(NamedTuple):
    """One constant and what it becomes.

    Args:
        file: below the repository.
        name: of the constant.
        line: where its value stands, from 1.
        start: column of the value's first character.
        end: column behind its last one.
        before: the value, as it is written.
        after: as it is written then.
    """

    file: Path
    name: str
    line: int
    start: int
    end: int
    before: str
    after: str


def folders(finder: str) -> list[Path]:
    """Return where a finder's constants stand."""
    if finder != SHARED:
        return [SOURCE / "findings" / finder.replace("-", "_")]
    return [SOURCE / "stats", *sorted((ROOT / SOURCE / "findings").glob("*.py"))]


def tests_of(finder: str) -> list[str]:
    """Return the tests that guard them."""
    if finder != SHARED:
        return [f"tests/findings/{finder.replace('-', '_')}"]
    files = sorted((ROOT / "tests" / "findings").glob("test_*.py"))
    return ["tests/stats", *(str(path.relative_to(ROOT)) for path in files)]


def constants(finder: str) -> Iterator[tuple[Path, str, ast.expr]]:
    """Yield the numeric constants of a finder: file, name, value."""
    for folder in folders(finder):
        path = ROOT / folder
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            for name, value in _numbers(ast.parse(file.read_text())):
                if name.lstrip("_") not in SIZES_OF_WORK and _number(value) not in (None, 0):
                    yield file.relative_to(ROOT), name, value


def _numbers(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    """Yield constants of a module, and defaults of the fields of its classes."""
    bodies = [tree.body, *(node.body for node in tree.body if isinstance(node, ast.ClassDef))]
    for node in (node for body in bodies for node in body):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
            yield node.target.id, _setting(node.value)


def _setting(value: ast.expr) -> ast.expr:
    """Return a value, or the default in a declared setting."""
    if isinstance(value, ast.Call) and value.args:
        return value.args[0]
    return value


def _number(value: ast.expr) -> float | None:
    """Return what an expression of numbers is, or None."""
    match value:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return number
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            positive = _number(operand)
            return None if positive is None else -positive
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
            first, second = _number(left), _number(right)
            if first is not None and second is not None:
                return _ARITHMETIC[type(op)](first, second)
    return None


_ARITHMETIC: Final[Mapping[type[ast.operator], Callable[[Any, Any], float]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.LShift: operator.lshift,
}


def mutations(finder: str, sample: int, seed: int) -> list[Mutation]:
    """Return changes of a finder's constants, drawn at random: half or twice, or thereabouts."""
    drawn = random.Random(seed)
    every = list(constants(finder))
    made = []
    for file, name, value in drawn.sample(every, min(sample, len(every))):
        after = _changed(_number(value) or 0, larger=drawn.random() < HALF)
        end = value.end_col_offset or value.col_offset
        place = value.lineno, value.col_offset, end
        made.append(Mutation(file, name, *place, ast.unparse(value), after))
    return made


def _changed(number: float, *, larger: bool) -> str:
    if isinstance(number, int):
        return repr(number * 2 + (number == 0) if larger else number // 2)
    if 0 < number < 1:  # a share or probability stays one
        return repr((1 + number) / 2 if larger else number / 2)
    return repr(number * 2 if larger else number / 2)


def killed_by(mutation: Mutation, copy: Path, tests: list[str]) -> str:
    """Return the first test that fails with a constant changed; empty where none does."""
    file = copy / mutation.file
    original = (ROOT / mutation.file).read_text()
    lines = original.splitlines(keepends=True)
    line = lines[mutation.line - 1]
    lines[mutation.line - 1] = line[: mutation.start] + mutation.after + line[mutation.end :]
    file.write_text("".join(lines))
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider",
             "-m", "not slow", *tests],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(copy / "src")},
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return "the time"
    finally:
        file.write_text(original)
    if not done.returncode:
        return ""
    failed = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return failed[0].partition(" - ")[0] if failed else "the tests did not run"


def main() -> None:
    """Change constants and print which test noticed each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--finder", required=True, help="its name, or shared")
    parser.add_argument("--sample", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--copy", type=Path, required=True, help="folder for the changed source")
    parser.add_argument("--list", action="store_true", help="only say what would be changed")
    given = parser.parse_args()
    drawn = mutations(given.finder, given.sample, given.seed)
    if given.list:
        for one in drawn:
            print(f"{one.file}:{one.line} {one.name} {one.before} -> {one.after}")
        print(f"of {len(list(constants(given.finder)))} constants")
        return
    shutil.copytree(ROOT / "src", given.copy / "src", dirs_exist_ok=True)
    killed = 0
    for one in drawn:
        by = killed_by(one, given.copy, tests_of(given.finder))
        killed += bool(by)
        said = by or "SURVIVED"
        print(
            f"{one.file.name}:{one.line} {one.name} {one.before} -> {one.after}: {said}", flush=True
        )
    print(f"{given.finder}: {killed} of {len(drawn)} were noticed")


if __name__ == "__main__":
    main()
