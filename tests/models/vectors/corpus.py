"""Made-up training lines with words of several scripts."""

import random
from pathlib import Path
from typing import Any

import fasttext

WORDS = [*(f"w{number}" for number in range(300)), "naïve", "日本", "don't", "é"]
ODD = ["", "   ", "__label__1 w3", "</s> w1", "w1 </s> w2", "__label__none w2", "\tw1\x00w2  "]


def text(chance: random.Random, label: int) -> str:
    own = WORDS[label : label + 20]
    return " ".join(
        chance.choice(own if chance.random() < 0.5 else WORDS) for _ in range(chance.randint(1, 20))
    )


def write_lines(path: Path, labels: int, count: int = 1500) -> Path:
    """Write a file that fastText learns from."""
    chance = random.Random(0)
    with path.open("w") as file:
        for _ in range(count):
            label = chance.randrange(labels)
            file.write(f"__label__{label} {text(chance, label)}\n")
    return path


def unseen_texts(labels: int, count: int = 1000) -> list[str]:
    """Return texts of which some have words that are in no training line."""
    chance = random.Random(1)
    ends = ["", " zzz unseen Ünseen"]
    texts = [text(chance, chance.randrange(labels)) + chance.choice(ends) for _ in range(count)]
    return [*texts, *ODD]


def train_theirs(lines: Path, **settings: Any) -> Any:
    """Return a model that fastText's own library learnt.

    With fewer threads it leaves rows as they were in memory.
    """
    given = {"dim": 12, "epoch": 1, "lr": 0.5, "bucket": 2000, "minCount": 2, "thread": 12}
    return fasttext.train_supervised(str(lines), verbose=0, **{**given, **settings})
