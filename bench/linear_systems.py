"""One system on one data set in a process of its own: ``python -m bench.linear_systems JOB.json``.

The job names the system, its settings and two Parquet files; the result is one line of JSON. What
is timed begins with texts in memory and ends with a label for each text. Each system uses one
thread.
"""

import json
import os
import re
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[_name] = "1"

import numpy as np  # noqa: E402
import pyarrow as pa  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402

Settings = dict[str, Any]
Predict = Callable[[pa.Table], Any]


def linear(train: pa.Table, settings: Settings) -> Predict:
    """Ours."""
    from reviewdesk.models.labelled import LabelledReviews  # noqa: PLC0415
    from reviewdesk.models.linear.classifier import Linear  # noqa: PLC0415

    labels = [str(label) for label in range(int(np.max(train["label"].to_numpy())) + 1)]
    fitted = Linear(**settings).fit(LabelledReviews.of_batches(train.to_batches(), labels))
    return lambda test: fitted.predict_proba(test.combine_chunks().to_batches()[0])


def tfidf_svc(train: pa.Table, settings: Settings) -> Predict:
    """scikit-learn: TF-IDF and LinearSVC."""
    from sklearn.svm import LinearSVC  # noqa: PLC0415

    return _tfidf(train, settings, LinearSVC(C=settings["C"]), "decision_function")


def tfidf_logistic(train: pa.Table, settings: Settings) -> Predict:
    """scikit-learn: TF-IDF and LogisticRegression."""
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415

    model = LogisticRegression(C=settings["C"], max_iter=settings.get("max_iter", 100))
    return _tfidf(train, settings, model, "predict_proba")


def _tfidf(train: pa.Table, settings: Settings, model: Any, method: str) -> Predict:
    from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415

    words = TfidfVectorizer(**_reading(settings), sublinear_tf=True, dtype=np.float32)
    model.fit(words.fit_transform(_joined(train)), train["label"].to_numpy())
    score = getattr(model, method)
    return lambda test: _columns(score(words.transform(_joined(test))))


def _reading(settings: Settings) -> Settings:
    """Return how texts are read; with ``marks``, punctuation and single letters are tokens too."""
    pattern = r"[\w']+|[^\w\s]" if settings["marks"] else r"(?u)\b\w\w+\b"
    return {"ngram_range": (1, settings["ngrams"]), "min_df": 2, "token_pattern": pattern}


def nbsvm(train: pa.Table, settings: Settings) -> Predict:
    """scikit-learn: binary n-grams scaled by log-count ratios and LinearSVC (Wang and Manning).

    Of many labels, each is told from all others in this way. With ``unit``, scaled rows are brought
    to unit length, as Mesnil et al. 2014 do.
    """
    from sklearn.feature_extraction.text import CountVectorizer  # noqa: PLC0415
    from sklearn.preprocessing import normalize  # noqa: PLC0415
    from sklearn.svm import LinearSVC  # noqa: PLC0415

    def scale(rows: Any, ratio: Any) -> Any:
        scaled = rows.multiply(ratio).tocsr()
        return normalize(scaled, copy=False) if settings["unit"] else scaled

    words = CountVectorizer(**_reading(settings), binary=True, dtype=np.float32)
    rows, labels = words.fit_transform(_joined(train)), train["label"].to_numpy()
    k = int(labels.max()) + 1
    models: list[tuple[Any, Any] | None] = []
    for label in range(k) if k > 2 else (1,):
        own = labels == label
        if not own.any():  # among few rows
            models.append(None)
            continue
        p, q = (np.asarray(rows[one].sum(axis=0)).ravel() + 1 for one in (own, ~own))
        ratio = np.log((p / p.sum()) / (q / q.sum())).astype(np.float32)
        models.append((ratio, LinearSVC(C=settings["C"]).fit(scale(rows, ratio), own)))

    def predict(test: pa.Table) -> Any:
        found = words.transform(_joined(test))
        never = np.full(len(test), -np.inf)
        scores = [
            never if one is None else one[1].decision_function(scale(found, one[0]))
            for one in models
        ]
        return np.stack(scores, axis=1) if k > 2 else _columns(scores[0])

    return predict


def fasttext(train: pa.Table, settings: Settings) -> Predict:
    """FastText in C++, through its Python package."""
    import fasttext as library  # noqa: PLC0415

    k = int(np.max(train["label"].to_numpy())) + 1
    lines = _spaced(_joined(train))
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".txt") as file:
        for label, line in zip(train["label"].to_pylist(), lines, strict=True):
            file.write(f"__label__{label} {line}\n")
        file.flush()
        model = library.train_supervised(file.name, thread=1, verbose=0, **settings)

    def predict(test: pa.Table) -> Any:
        labels, shares = model.predict(_spaced(_joined(test)), k=k)
        found = np.zeros((len(test), k), np.float32)
        for row, (names, values) in enumerate(zip(labels, shares, strict=True)):
            found[row, [int(name[9:]) for name in names]] = values
        return found

    return predict


def vowpal(train: pa.Table, settings: Settings) -> Predict:
    """Vowpal Wabbit, from files, as its command line does it."""
    from vowpalwabbit import pyvw  # noqa: PLC0415

    k = int(np.max(train["label"].to_numpy())) + 1
    loss = "--loss_function logistic " + (f"--oaa {k}" if k > 2 else "")
    folder = tempfile.mkdtemp()
    lines = Path(folder) / "train.vw"
    _write_vw(lines, train, k)
    arguments = (
        f"-d {lines} -c -k --passes {settings['passes']} -l {settings['rate']} -b 24 --quiet "
        f"--ngram {settings['ngrams']} --holdout_off {loss} -f {folder}/model"
    )
    workspace = pyvw.Workspace(arguments)
    workspace.finish()

    def predict(test: pa.Table) -> Any:
        tests, out = Path(folder) / "test.vw", Path(folder) / "out"
        _write_vw(tests, test, k)
        pyvw.Workspace(f"-t -d {tests} -i {folder}/model -p {out} --quiet").finish()
        said = np.loadtxt(out)
        if k == 2:
            return _columns(said)
        return np.eye(k)[said.astype(int) - 1]

    return predict


def _write_vw(path: Path, table: pa.Table, k: int) -> None:
    lines = _spaced(_joined(table))
    with path.open("w", encoding="utf-8") as file:
        for label, line in zip(table["label"].to_pylist(), lines, strict=True):
            name = (-1, 1)[label] if k == 2 else label + 1
            file.write(f"{name} | {line.replace(':', ' ').replace('|', ' ')}\n")


def _joined(table: pa.Table) -> list[str]:
    heads, bodies = (table[name].to_pylist() for name in ("review_headline", "review_body"))
    return [f"{a} {b}" if a else b or "" for a, b in zip(heads, bodies, strict=True)]


def _spaced(texts: Sequence[str]) -> list[str]:
    """Do what fastText's own scripts do: lower case, and spaces around punctuation."""
    mark = re.compile(r"([.!?,'/()\"])")
    return [mark.sub(r" \1 ", text.lower()).replace("\n", " ") for text in texts]


def _columns(scores: Any) -> Any:
    return np.stack([-scores, scores], axis=1) if scores.ndim == 1 else scores


def network(train: pa.Table, settings: Settings) -> Predict:
    """Our networks."""
    from bench import networks_peers  # noqa: PLC0415

    return networks_peers.network(train, settings)


def walkthrough(train: pa.Table, settings: Settings) -> Predict:
    """The plain PyTorch loop of published walk-throughs."""
    from bench import networks_peers  # noqa: PLC0415

    return networks_peers.walkthrough(train, settings)


SYSTEMS: Final[dict[str, Callable[[pa.Table, Settings], Predict]]] = {
    "linear": linear,
    "linear-pairs": linear,
    "linear-marks": linear,
    "fastText": fasttext,
    "fastText-100": fasttext,
    "fastText-tutorial": fasttext,
    "TF-IDF + LinearSVC": tfidf_svc,
    "TF-IDF + logistic": tfidf_logistic,
    "NB-SVM": nbsvm,
    "VW": vowpal,
    "network": network,
    "PyTorch loop": walkthrough,
}


def main() -> None:
    """Run one job and print its figures."""
    job = json.loads(Path(sys.argv[1]).read_text())
    began = time.process_time()
    train, test = pq.read_table(job["train"]), pq.read_table(job["test"])
    read = time.process_time() - began
    some = train.take(np.arange(0, len(train), max(len(train) // 1000, 1)))
    SYSTEMS[job["system"]](some, job["settings"])(test.slice(0, 10))  # imports, compiled code
    start = time.process_time()
    clock = [(start, time.perf_counter())]
    predict = SYSTEMS[job["system"]](train, job["settings"])
    clock.append((time.process_time(), time.perf_counter()))
    scores = np.asarray(predict(test))
    clock.append((time.process_time(), time.perf_counter()))
    np.save(job["scores"], scores.astype(np.float32))
    spent = np.diff(np.array(clock), axis=0)
    figures = {
        "start_cpu": start - read,
        "train_cpu": spent[0, 0],
        "train_wall": spent[0, 1],
        "predict_cpu": spent[1, 0],
        "predict_wall": spent[1, 1],
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
