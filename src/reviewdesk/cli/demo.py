"""`reviewdesk demo`: everything once, on generated reviews."""

import subprocess
import sys
from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from reviewdesk.cli.output import note, program, say


def demo(
    out: Annotated[Path, typer.Option(help="Folder for everything.", metavar="DIR")] = Path("demo"),
    *,
    reviews: Annotated[int, typer.Option(help="How many reviews to generate.", min=500)] = 50_000,
    seed: Annotated[int, typer.Option(help="Another seed gives other reviews.", min=0)] = 0,
) -> None:
    """The main job and the findings on generated reviews, and how to open the desk.

    Shows each command before it runs it, so that you can give the same ones on a file of your own.
    Takes some minutes with 50,000 reviews, most of them for the findings. When it is interrupted,
    the same command goes on.

    Example:

        reviewdesk demo --out demo
    """
    for step in steps(out, reviews, seed):
        note(f"\n$ {program()} {' '.join(map(quote, step))}")
        # A process of its own gives its memory back, and is what a person would start.
        command = [sys.executable, "-m", "reviewdesk", *step]
        code = subprocess.run(command, check=False).returncode  # noqa: S603
        if code:
            raise typer.Exit(code)
    say("")
    say(f"The report: {out / 'job' / 'report.html'}")
    say(f"Who reviews what, as a map: {out / 'map.html'}")
    say(f"Work through what was found: {program()} desk {quote(str(out / 'job'))}")


def steps(out: Path, reviews: int, seed: int) -> list[list[str]]:
    """Return the commands that the demonstration gives, each as its words.

    Args:
        out: the folder for everything.
        reviews: how many to generate.
        seed: of what is generated.
    """
    raw, job, findings, graph = (
        str(out / name) for name in ("reviews.tsv.gz", "job", "findings", "graph")
    )
    targets = [word for name in ("sentiment", "stars", "category") for word in ("--target", name)]
    return [
        ["demo-data", "--reviews", str(reviews), "--seed", str(seed), "--out", raw],
        ["run", raw, *targets, "--out", job],
        ["find", "all", job, "--out", findings],
        ["find", "grade", findings, f"{raw}.truth", "--reviews", job],
        ["graph", "build", job, "--findings", findings, "--out", graph],
        ["graph", "map", graph, "--job", job, "--out", str(out / "map.html")],
    ]
