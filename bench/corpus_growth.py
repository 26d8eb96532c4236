"""How the distinct words, pairs and triples of generated reviews grow, beside real ones.

python -m bench.corpus_growth --reviews 74434

Prints, for an eighth of the reviews up to all of them, how many distinct words, pairs and triples
of words their bodies hold, and the exponents with which these grow with the number of words (Heaps'
law). The real file is the largest of Amazon's in REVIEWDESK_DATA; its rows are shuffled with a
seed, because a file lies in the order of time. Generated reviews lie in no order.
"""

import argparse
import re
import sys
import tempfile
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bench.machine import data_folder, machine
from reviewdesk.settings import CleanSettings, DemoSettings, SourceSettings
from reviewdesk.sources.catalog import open_inputs
from reviewdesk.sources.generated import generate
from reviewdesk.text.clean import clean_text

WORD: Final = re.compile(r"\w+")
SHARES: Final = (8, 4, 2, 1)
HEADER: Final = (
    "| reviews | part | words | distinct words | pairs | triples | exponents of the step |"
    "\n|---|---|---|---|---|---|---|"
)


def main() -> int:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reviews", type=int, default=74_434)
    parser.add_argument(
        "--file", default="amazon_us/amazon_reviews_us_Digital_Software_v1_00.tsv.gz"
    )
    arguments = parser.parse_args()
    real = bodies(data_folder() / arguments.file)
    order = np.random.default_rng(0).permutation(len(real))
    print(f"{machine()}\n\n{HEADER}")
    show("real", [real[row] for row in order[: arguments.reviews]])
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / "reviews.tsv"
        generate(file, DemoSettings(reviews=arguments.reviews))
        show("generated", bodies(file))
    return 0


def bodies(file: Path) -> list[str]:
    """Return the cleaned bodies of a file."""
    (found,) = open_inputs([str(file)], SourceSettings())
    columns = [batch.reviews["review_body"] for batch in found.read()]
    cleaned = [clean_text(column, CleanSettings()) for column in columns]
    return [text or "" for text in pa.concat_arrays(cleaned).to_pylist()]


def show(name: str, texts: list[str]) -> None:
    """Print the lines of one corpus."""
    counts = [growth(texts, len(texts) // share) for share in SHARES]
    for place, (share, now) in enumerate(zip(SHARES, counts, strict=True)):
        before = np.log(counts[place - 1])
        steps = np.log(now) - before
        grown = " / ".join(f"{step / steps[0]:.2f}" for step in steps[1:]) if place else ""
        figures = " | ".join(f"{count:,}" for count in now)
        print(f"| {name} | {len(texts) // share:,} | {figures} | {grown} |")
    steps = np.log(counts[-1]) - np.log(counts[0])
    print(f"| {name} | 1x to 8x | | | | | {' / '.join(f'{s / steps[0]:.3f}' for s in steps[1:])} |")


def growth(texts: list[str], reviews: int) -> NDArray[np.int64]:
    """Return the words of the first reviews, and the distinct words, pairs and triples, (4,)."""
    numbers: dict[str, int] = {}
    words: list[int] = []
    lengths = []
    for text in texts[:reviews]:
        found = WORD.findall(text.lower())
        words.extend(numbers.setdefault(word, len(numbers)) for word in found)
        lengths.append(len(found))
    review = np.repeat(np.arange(reviews), lengths)
    grams = np.array(words, dtype=np.int64)
    counts = [len(grams), len(numbers)]
    for apart in (1, 2):
        together = review[apart:] == review[:-apart]
        grams = grams[:-1] * len(numbers) + np.array(words)[apart:]
        _, places = np.unique(grams, return_inverse=True)
        counts.append(int(np.unique(grams[together]).size))
        grams = places.astype(np.int64)
    return np.array(counts)


if __name__ == "__main__":
    sys.exit(main())
