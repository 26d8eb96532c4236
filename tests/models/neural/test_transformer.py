"""Fine-tuned encoders: any kind of AutoModel, to the bit, served without torch."""

import itertools
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from reviewdesk.errors import Stopped, UsageError
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
