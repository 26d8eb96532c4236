"""Fine-tuned encoders: any kind of AutoModel, to the bit, served without torch."""

import itertools
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from reviewdesk.errors import Stopped, UsageError
from reviewdesk.models.neural.subwords import Subwords
from reviewdesk.models.neural.transformer import Transformer
from reviewdesk.models.running import Run
from tests.models.corpus import LABELS, learn, reviews

from .tiny import configurations, tiny_encoder

TOLD = {
    "epochs": 3, "batch": 16, "learning_rate": 2e-3, "embedding_rate": 2e-2, "most_words": 32,
    "dropout": 0.0, "save_seconds": 0.0,
}  # fmt: skip
TRAIN, TEST = reviews(160), reviews(60, seed=1)


@pytest.mark.parametrize("kind", configurations())
def test_every_kind_of_encoder_learns_and_is_the_same_from_disk(kind: str, tmp_path: Path) -> None:
    fitted = learn(Transformer(**{"from": tiny_encoder(kind)}, **TOLD), [TRAIN], LABELS)
    found = fitted.predict_proba(TEST)
    assert (found.argmax(axis=1) == TEST.column("label").to_numpy()).mean() > 0.7
    assert fitted.predict_proba(TEST.slice(7, 1)).tobytes() == found[7:8].tobytes()
    fitted.save(tmp_path)
    assert (Transformer.load(tmp_path).predict_proba(TEST) == found).all()


def test_stopped_anywhere_it_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    told = {**TOLD, "encoder": tiny_encoder(), "dropout": 0.2, "accumulate": 2}
    whole = learn(Transformer(**told), [TRAIN], LABELS)
    for stop_after in (5, 9, None):
        asked = itertools.count()
        stopped = Transformer(**told)
        stop = (lambda: False) if stop_after is None else (lambda: next(asked) >= stop_after)  # noqa: B023
        stopped.run = Run(tmp_path / "run", stop=stop)
        if stop_after is None:
            learn(stopped, [TRAIN], LABELS)
        else:
            with pytest.raises(Stopped):
                learn(stopped, [TRAIN], LABELS)
    assert stopped.network_ == whole.network_


def test_frozen_levels_stay_and_lower_layers_learn_less(tmp_path: Path) -> None:
    from safetensors.torch import load, load_file

    folder = tiny_encoder()
    begun = load_file(Path(folder) / "model.safetensors")
    told = {**TOLD, "encoder": folder, "frozen": 2, "layer_decay": 0.5}
    ended = load(learn(Transformer(**told), [TRAIN], LABELS).network_)
    for name, before in begun.items():
        after = ended.get(f"encoder.{name}")
        if after is not None and ("embeddings" in name or "layer.0." in name):
            assert (after == before).all()
        elif after is not None and "layer.1." in name and name.endswith("dense.weight"):
            assert not (after == before).all()


def test_int8_is_smaller_and_nearly_as_right(tmp_path: Path) -> None:
    told = {**TOLD, "encoder": tiny_encoder()}
    plain = learn(Transformer(**told), [TRAIN], LABELS)
    small = learn(Transformer(**told, int8=True), [TRAIN], LABELS)
    assert small.network_ == plain.network_
    assert len(small.graph_.data) < 0.95 * len(plain.graph_.data)
    same = small.predict_proba(TEST).argmax(axis=1) == plain.predict_proba(TEST).argmax(axis=1)
    assert same.mean() > 0.8


def test_it_is_used_without_torch_or_transformers(tmp_path: Path) -> None:
    fitted = learn(Transformer(**TOLD, encoder=tiny_encoder()), [TRAIN], LABELS)
    fitted.save(tmp_path)
    code = (
        "import sys\nfrom pathlib import Path\n"
        "for name in ('torch', 'transformers'): sys.modules[name] = None\n"
        "from reviewdesk.models.neural.transformer import Transformer\n"
        "print(Transformer.load(Path(sys.argv[1])).predict_proba(['works great'])[0].tolist())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
    )
    found = np.array(numbers_of(done.stdout), np.float32)
    np.testing.assert_array_equal(found, fitted.predict_proba(["works great"])[0])


def numbers_of(text: str) -> list[float]:
    return [float(one) for one in text.strip().strip("[]").split(",")]


@pytest.mark.parametrize("name", ["", "bert-base-uncased", "nowhere/at/all"])
def test_no_encoder_is_downloaded_and_it_says_how_to_bring_one(name: str) -> None:
    with pytest.raises(UsageError, match="save_pretrained.*Nothing is downloaded"):
        learn(Transformer(**TOLD, encoder=name), [TRAIN], LABELS)


def test_a_folder_that_lacks_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(UsageError, match="lacks model.safetensors"):
        learn(Transformer(**TOLD, encoder=str(tmp_path)), [TRAIN], LABELS)


def long_reviews(rows: int, seed: int = 0) -> pa.RecordBatch:
    """Return reviews whose telling word stands in their middle, among words that say nothing."""
    random = np.random.default_rng(seed)
    plain = ["the", "box", "arrived", "and", "it", "was", "phone", "today", "a", "thing"]
    labels = random.integers(0, 2, rows)
    texts = []
    for row in range(rows):
        words = random.choice(plain, 80).tolist()
        tone = ("broken", "awful", "refund") if labels[row] == 0 else ("great", "love", "perfect")
        words[30:50] = random.choice(tone, 20).tolist()
        texts.append(" ".join(words))
    empty = pa.nulls(rows, pa.string())
    return pa.record_batch(
        {"review_headline": empty, "review_body": texts, "label": pa.array(labels, pa.int32())}
    )


@pytest.mark.slow
def test_windows_read_what_beginning_and_end_leave_out(tmp_path: Path) -> None:
    train, test = long_reviews(160), long_reviews(60, seed=1)
    told = {**TOLD, "encoder": tiny_encoder(), "most_words": 16, "epochs": 4}
    true = test.column("label").to_numpy()
    right = {}
    for windows in (1, 8):
        fitted = learn(Transformer(**told, windows=windows), [train], ["bad", "good"])
        probabilities = fitted.predict_proba(test)
        right[windows] = (probabilities.argmax(axis=1) == true).mean()
    assert right[8] > 0.9 > right[1] + 0.2
    assert fitted.predict_proba(test.slice(7, 1)).tobytes() == probabilities[7:8].tobytes()
    fitted.save(tmp_path)
    assert (Transformer.load(tmp_path).predict_proba(test) == probabilities).all()
    explanation = fitted.explain({"review_body": "it was great " + "a thing " * 20})
    scores = explanation.weights.sum(axis=0) + explanation.bias
    text = {"review_body": ["it was great " + "a thing " * 20], "review_headline": [""]}
    np.testing.assert_allclose(scores, fitted.decision_scores(pa.record_batch(text))[0], atol=1e-5)


def test_scores_of_windows_are_averaged() -> None:
    train = long_reviews(80)
    told = {**TOLD, "encoder": tiny_encoder(), "most_words": 16, "epochs": 1}
    fitted = learn(Transformer(**told, windows=20), [train], ["bad", "good"])
    text = str(train.column("review_body")[0])
    (pieces,) = fitted.subwords_.windows([text], 20)
    assert len(pieces) > 4
    mean = fitted.decision_scores(pieces).mean(axis=0)
    np.testing.assert_allclose(fitted.decision_scores([text])[0], mean, atol=1e-5)


@pytest.mark.slow
def test_windows_of_a_review_stay_on_one_side(tmp_path: Path) -> None:
    train = long_reviews(160)
    of_one_product = train.append_column("group", pa.array(np.zeros(160, np.uint64)))
    for batch in (train, of_one_product):
        classifier = Transformer(**TOLD | {"epochs": 1, "most_words": 16}, encoder=tiny_encoder(),
                                 windows=8)  # fmt: skip
        learn(classifier, [batch], ["bad", "good"])
        reviews = np.concatenate(classifier._reviews)
        learnt, aside = (reviews[rows] for rows in (classifier._tokens.learnt,
                                                    classifier._tokens.validation))  # fmt: skip
        assert len(aside) > 8
        assert not np.isin(aside, learnt).any()


@pytest.mark.parametrize("kind", configurations())
def test_windows_hold_every_word_once_and_are_read_whole(kind: str) -> None:
    data = (Path(tiny_encoder(kind)) / "tokenizer.json").read_bytes()
    subwords = Subwords(("review_body",), data, 12)
    texts = ["", "great", "great phone, it was a thing " * 7, "x" * 60, "broken\n\nrefund " * 30]
    for text, pieces in zip(texts, subwords.windows(texts, 99), strict=True):
        assert "".join("".join(pieces).split()) == "".join(text.split())
        _, ends = subwords.ids_of_texts(pieces)
        assert np.diff(ends).max() <= 12
    every = subwords.windows(texts[4:], 99)[0]
    assert subwords.windows(texts[4:], 3)[0] == [*every[:2], every[-1]]
