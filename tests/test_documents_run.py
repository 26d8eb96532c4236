"""Every command in the documents does what it says: they are run, in order, in one folder."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = (
    "README.md",
    "docs/prepare.md",
    "docs/explore.md",
    "docs/train.md",
    "docs/tune.md",
    "docs/compare.md",
    "docs/evaluate.md",
    "docs/predict.md",
    "docs/find.md",
    "docs/graph.md",
    "docs/export.md",
    "docs/erase.md",
    "docs/bundles.md",
    "docs/networks.md",
    "docs/vectors.md",
    "docs/split-tests.md",
)


def commands(page: str) -> list[list[str]]:
    """Return the reviewdesk commands in a page's shell blocks; starting servers is left out."""
    text = (ROOT / page).read_text()
    blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    words = [shlex.split(line, comments=True) for line in lines]
    return [one for one in words if one[:1] == ["reviewdesk"] and one[1] not in ("serve", "desk")]


def shop(path: Path) -> None:
    """Write a small CSV of a shop's own, with columns of other names."""
    good = ["works very well", "lovely colour, happy", "great value and quick"]
    bad = ["broke after a week", "poor quality, sent back", "never again, useless"]
    lines = ["comment,score"]
    for row in range(120):
        texts, score = (good, 5) if row % 2 else (bad, 1)
        lines.append(f'"{texts[row % 3]}, bought for room number {row}",{score}')
    path.write_text("\n".join(lines) + "\n")


def tickets(path: Path) -> None:
    """Write messages with labels of their own."""
    late = ["the parcel never came", "still waiting for the parcel", "late by a week"]
    money = ["charged twice this month", "the refund is missing", "wrong sum on the bill"]
    lines = ["message,topic"]
    for row in range(120):
        texts, topic = (late, "delivery") if row % 2 else (money, "billing")
        lines.append(f'"{texts[row % 3]}, order number {row}",{topic}')
    path.write_text("\n".join(lines) + "\n")


def messages(path: Path) -> None:
    """Write texts without stars or labels."""
    good = ["works very well, great value", "lovely colour, I am happy", "excellent and quick"]
    bad = [
        "broke after a week, terrible",
        "poor quality, sent it back",
        "awful, useless, never again",
    ]
    texts = [f"{(good if row % 2 else bad)[row % 3]}, for room {row}" for row in range(300)]
    path.write_text("\n".join(["review_body", *texts]) + "\n")


def outcomes(path: Path) -> None:
    """Write the answers of two variants, of which one is better."""
    lines = ["unit,arm,correct,latency_ms"]
    for row in range(4_000):
        arm = "B" if row % 5 == 3 else "A"
        lines.append(f"{row},{arm},{int(row % 7 > (arm == 'A'))},{5 + row % 3}")
    path.write_text("\n".join(lines) + "\n")


@pytest.mark.timeout(1200)
def test_every_command_in_the_documents_works(tmp_path: Path) -> None:
    shop(tmp_path / "shop.csv")
    outcomes(tmp_path / "outcomes.csv")
    tickets(tmp_path / "tickets.csv")
    messages(tmp_path / "messages.tsv")
    done: set[str] = set()
    for page in PAGES:
        for words in commands(page):
            if (line := shlex.join(words)) in done:
                continue
            done.add(line)
            result = subprocess.run(
                [sys.executable, "-m", *words],
                cwd=tmp_path,
                capture_output=True,
                text=True,
                check=False,
            )
            assert result.returncode == 0, f"{page}: {line}\n{result.stderr}"
    assert len(done) > 12
