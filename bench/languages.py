"""Languages: whether they are told, how fast, and whether reviews in them are learnt as well.

``python -m bench.languages tell`` sets the languages that are told beside lingua's and py3langid's;
``python -m bench.languages learn`` sets ``linear`` beside the best of scikit-learn's TF-IDF of
words and of characters with LinearSVC, on stars or sentiment, held out by text; with ``--words``
beside those of words alone.

Both need REVIEWDESK_DATA, and the extra ``bench``.
"""

import gzip
import json
import os
import sys
import tarfile
import time
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS", "RAYON_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import numpy as np  # noqa: E402
import pyarrow as pa  # noqa: E402
from numpy.typing import NDArray  # noqa: E402
from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.svm import LinearSVC  # noqa: E402

from bench.machine import data_folder, machine  # noqa: E402
from reviewdesk.models.estimator import Linear  # noqa: E402
from reviewdesk.text.hashing import hash64, unit_interval  # noqa: E402
from reviewdesk.text.languages import FEWEST_CHARACTERS, language_column  # noqa: E402

MOST_TEXTS: Final = 4_000
SPLITS: Final = 3
TEST_SHARE: Final = 0.2
FOURTEEN: Final = (
    "en",
    "de",
    "fr",
    "es",
    "it",
    "pt",
    "nl",
    "id",
    "ru",
    "ar",
    "zh",
    "ja",
    "ko",
    "th",
)
Tell = Callable[[Sequence[str]], list[str]]


def real_texts(folder: Path) -> dict[str, list[str]]:
    """Return real reviews of at least forty characters: German, Chinese, Indonesian, English."""
    texts = {name: texts_of(folder, name) for name in ("german", "chinese", "indonesian")}
    with tarfile.open(folder / "imdb" / "aclImdb_train.tar.gz") as archive:
        names = (one for one in archive if one.name.endswith(".txt") and "/pos/" in one.name)
        files = (archive.extractfile(one) for one in islice(names, MOST_TEXTS // 4))
        texts["english films"] = [file.read().decode() for file in files if file]
    return {
        name: [text for text in some if len(text) >= FEWEST_CHARACTERS][:MOST_TEXTS]
        for name, some in texts.items()
    }


def texts_of(folder: Path, name: str) -> list[str]:
    """Return the texts of one of the three sets of languages."""
    with gzip.open(folder / "languages" / f"{name}.jsonl.gz", "rt", encoding="utf-8") as file:
        return [json.loads(line)["text"] for line in file]


def ours(texts: Sequence[str]) -> list[str]:
    """Tell languages as reviewdesk does."""
    codes: list[str] = language_column(pa.array(texts)).to_pylist()
    return codes


def py3langid(texts: Sequence[str]) -> list[str]:
    """Tell languages as py3langid does."""
    from py3langid import classify  # noqa: PLC0415

    return [str(classify(text)[0]) for text in texts]


def lingua(codes: Sequence[str] = ()) -> Tell:
    """Return lingua, of some languages or all that it knows."""
    from lingua import IsoCode639_1, LanguageDetectorBuilder  # noqa: PLC0415

    known = [getattr(IsoCode639_1, code.upper()) for code in codes]
    builder = (
        LanguageDetectorBuilder.from_iso_codes_639_1(*known)
        if known
        else LanguageDetectorBuilder.from_all_languages()
    )
    detector = builder.build()

    def tell(texts: Sequence[str]) -> list[str]:
        told = (detector.detect_language_of(text) for text in texts)
        return [one.iso_code_639_1.name.lower() if one else "unknown" for one in told]

    return tell


def timed(tell: Tell, texts: Sequence[str]) -> tuple[list[str], float]:
    """Return the languages, and texts a second of processor time."""
    begin = time.process_time()
    codes = tell(texts)
    return codes, len(texts) / max(time.process_time() - begin, 1e-9)


def tell() -> None:
    """Print how often each agrees with lingua, and how fast each is."""
    few, every = lingua(FOURTEEN), lingua()
    for warm in (ours, py3langid, few, every):
        warm(["This is a text that is long enough for its language to be told."])
    print(machine())
    print(
        "| reviews | texts | characters | as lingua of 14 | as lingua of all | py3langid as lingua"
        " of 14 | a CPU second | py3langid | lingua of 14 |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for name, texts in real_texts(data_folder()).items():
        own, speed = timed(ours, texts)
        other, other_speed = timed(py3langid, texts)
        told, told_speed = timed(few, texts)
        all_told, _ = timed(every, texts)
        mean = sum(map(len, texts)) / len(texts)
        print(
            f"| {name} | {len(texts):,} | {mean:.0f} | {same(own, told):.2%} |"
            f" {same(own, all_told):.2%} | {same(other, told):.2%} | {speed:,.0f} |"
            f" {other_speed:,.0f} | {told_speed:,.0f} |"
        )


def same(left: Sequence[str], right: Sequence[str]) -> float:
    """Return how often two lists hold the same at the same place."""
    return sum(a == b for a, b in zip(left, right, strict=True)) / len(left)


def labelled(folder: Path, name: str) -> tuple[list[str], NDArray[np.int64]]:
    """Return the distinct texts of a set, and 1 for sentiment or four stars or more, else 0."""
    rows: dict[str, int] = {}
    with gzip.open(folder / "languages" / f"{name}.jsonl.gz", "rt", encoding="utf-8") as file:
        for row in map(json.loads, file):
            liked = row["sentiment"] == "positive" if "sentiment" in row else row["stars"] >= 4
            rows.setdefault(row["text"], int(liked))
    return list(rows), np.array(list(rows.values()))


def learn(names: Sequence[str], *, words_alone: bool = False) -> None:
    """Print how often each is right on a fifth held out by text, three times.

    Args:
        names: of the sets.
        words_alone: whether scikit-learn's TF-IDF of characters, which takes long, is left out.
    """
    systems: dict[str, Callable[[], Any]] = {
        "linear": Linear,
        "linear, characters=0": lambda: Linear(characters=0),
        "words 1-2": lambda: svc("word", (1, 2)),
        "words 1-2, C=0.3": lambda: svc("word", (1, 2), 0.3),
    }
    if not words_alone:
        systems |= {
            "characters 1-4": lambda: svc("char", (1, 4)),
            "characters 2-5": lambda: svc("char", (2, 5)),
        }
    print("| reviews | texts | system | split 1 | 2 | 3 | mean | less linear, 95 % |")
    print("|---|---|---|---|---|---|---|---|")
    for name in names:
        texts, labels = labelled(data_folder(), name)
        array = np.array(texts, object)
        rights: dict[str, list[NDArray[Any]]] = {}
        for seed in range(SPLITS):
            test = unit_interval(hash64(pa.array(texts), seed)) < TEST_SHARE
            for system, make in systems.items():
                fitted = make().fit(array[~test].tolist(), labels[~test].tolist())
                rights.setdefault(system, []).append(
                    np.asarray(fitted.predict(array[test].tolist())) == labels[test]
                )
        own = np.concatenate(rights["linear"]).astype(float)
        for system, right in rights.items():
            gain = np.concatenate(right) - own
            spread = 1.96 * gain.std() / np.sqrt(len(gain) / SPLITS)
            means = [one.mean() for one in right]
            shown = " | ".join(f"{mean:.4f}" for mean in (*means, np.mean(means)))
            interval = f"{gain.mean() - spread:+.4f} to {gain.mean() + spread:+.4f}"
            print(f"| {name} | {len(texts):,} | {system} | {shown} | {interval} |", flush=True)


def svc(analyzer: str, runs: tuple[int, int], cost: float = 1.0) -> Any:
    """Return scikit-learn's TF-IDF with LinearSVC."""
    return make_pipeline(
        TfidfVectorizer(analyzer=analyzer, ngram_range=runs, sublinear_tf=True),
        LinearSVC(C=cost),
    )


if __name__ == "__main__":
    if sys.argv[1] == "learn":
        given = [word for word in sys.argv[2:] if word != "--words"]
        learn(given or ["german", "chinese", "indonesian"], words_alone="--words" in sys.argv)
    else:
        tell()
