"""Builds the profiles that tell languages apart, ``src/reviewdesk/text/languages.npz``.

They come from the n-gram frequencies of lingua 1.4 (Apache License 2.0, Peter M. Stahl), which were
counted in the news of the Leipzig corpora. Of each alphabet, the runs of one to four letters that
tell its languages apart best are kept, with how much likelier than on average each language has
their last letter after the others, in tenths of a nat.

    pip download --no-deps "lingua-language-detector==1.4.2"
    pip install brotli
    python -m bench.language_profiles lingua_language_detector-1.4.2-py3-none-any.whl
"""

import importlib
import json
import math
import sys
import zipfile
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from reviewdesk.text.profiles import ALPHABETS, FILE, PER_NAT

LENGTHS: Final = ("unigrams", "bigrams", "trigrams", "quadrigrams")
ROWS: Final = (30_000, 6_000, 3_000)
"""How many runs of two letters or more are kept of each alphabet."""

RARE: Final = 2e-6
"""Runs that no language has more often are left out."""

FLOOR: Final = math.log(1e-6)
BACK: Final = math.log(0.4)
"""What it costs to leave out the first letter of a run that a language does not have (Brants 2007,
Large language models in machine translation)."""

Frequencies = dict[str, float]


def frequencies(wheel: zipfile.ZipFile, language: str) -> Frequencies:
    """Return how likely each run's last letter is after the others, in a language."""
    brotli: Any = importlib.import_module("brotli")
    found: Frequencies = {}
    for length in LENGTHS:
        name = f"lingua/language-models/{language}/{length}.json.br"
        fractions = json.loads(brotli.decompress(wheel.read(name)))["ngrams"]
        for fraction, runs in fractions.items():
            above, below = map(int, fraction.split("/"))
            found.update(dict.fromkeys(runs.split(), above / below))
    return found


def joint(found: Frequencies) -> Frequencies:
    """Return how likely each run is among those of its length."""
    whole: Frequencies = {}
    for run in sorted(found, key=len):
        whole[run] = found[run] * (whole.get(run[:-1], 0.0) if len(run) > 1 else 1.0)
    return whole


def log_likely(found: Frequencies, run: str) -> float:
    """Return how likely the last letter is after the others; shorter runs stand in."""
    cost = 0.0
    while run:
        if run in found:
            return max(FLOOR, math.log(found[run]) + cost)
        run, cost = run[1:], cost + BACK
    return FLOOR


def profiles(languages: Sequence[Frequencies], most: int) -> Iterator[tuple[str, NDArray[Any]]]:
    """Yield the runs that are kept, and by how much each language is likelier than the mean."""
    whole = [joint(one) for one in languages]
    likeliest: Frequencies = {}
    for one in whole:
        for run, share in one.items():
            likeliest[run] = max(share, likeliest.get(run, 0.0))

    def row(run: str) -> NDArray[Any]:
        values = np.array([log_likely(one, run) for one in languages])
        centred: NDArray[Any] = values - values.mean()
        return centred

    tells: list[tuple[float, str]] = []
    for run, share in likeliest.items():
        if len(run) > 1 and share > RARE:
            shares = np.array([one.get(run, 0.0) for one in whole])
            tells.append((-float((shares * np.abs(row(run) - row(run[1:]))).mean()), run))
    singles = [run for run, share in likeliest.items() if len(run) == 1 and share > RARE / 2]
    for run in (*singles, *(run for _, run in sorted(tells)[:most])):
        yield run, np.clip(np.round(row(run) * PER_NAT), -127, 127).astype(np.int8)


def main() -> None:
    """Write the file."""
    runs: list[str] = []
    rows: list[NDArray[Any]] = []
    lanes = max(len(alphabet) for alphabet in ALPHABETS)
    with zipfile.ZipFile(sys.argv[1]) as wheel:
        for alphabet, most in zip(ALPHABETS, ROWS, strict=True):
            found = [frequencies(wheel, language) for language in alphabet]
            for run, row in profiles(found, most):
                runs.append(run)
                rows.append(np.pad(row, (0, lanes - len(row))))
    order = sorted(range(len(runs)), key=lambda place: (len(runs[place]), runs[place]))
    data: dict[str, Any] = {
        str(length): np.array([[ord(c) for c in runs[n]] for n in places], np.uint16)
        for length, group in groupby(order, key=lambda place: len(runs[place]))
        if (places := list(group))
    }
    np.savez_compressed(FILE, rows=np.array(rows, np.int8)[order].T.copy(), **data)
    print(f"{len(runs):,} runs of letters, {Path(FILE).stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
