import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reviewdesk.errors import BundleError
from reviewdesk.formats.weights import load_weights, save_weights
from reviewdesk.models.linear.classifier import Linear

from .corpus import LABELS, learn, reviews


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    learn(Linear(ngrams=1, strength=1.0), reviews(), LABELS).save(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ngrams", 9),
        ("ngrams", "1"),
        ("bits", 0),
        ("bits", 63),
        ("bits", True),
        ("strength", None),
        ("labels", ["one"]),
        ("labels", [1, 2, 3]),
        ("columns", []),
        ("columns", ["review_body", "review_body"]),
        ("columns", ["/etc/passwd"]),
        ("settings", {"ngrams": 1}),
        ("settings", None),
    ],
)
def test_damaged_settings_are_refused(saved: Path, name: str, value: Any) -> None:
    path = saved / "classifier.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), name: value}))
    with pytest.raises(BundleError):
        Linear.load(saved)


@pytest.mark.parametrize(("settings", "times"), [({}, 1), ({}, 9), ({"characters": 5}, 9)])
def test_no_word_of_a_customer_is_kept_in_clear(
    tmp_path: Path, settings: dict[str, Any], times: int
) -> None:
    texts = ["great phone"] * 30 + ["awful phone"] * 30 + ["great Xyzzyplugh wonder"] * times
    labels = [1] * 30 + [0] * 30 + [1] * times
    fitted = learn(Linear(ngrams=2, min_df=1, **settings), texts, labels)
    fitted.save(tmp_path)
    written = (tmp_path / "classifier.json").read_bytes()
    for array in load_weights(tmp_path / "weights.npz").values():
        assert array.dtype.kind in "iuf"
        written += array.tobytes()
    for part in ("xyzzy", "plugh", "wonder", "great", "phone", "zzyp"):
        assert part.encode() not in written.lower()
        assert part.encode("utf-32-le") not in written.lower()


@pytest.mark.parametrize("name", ["slots", "weights.table", "weights.bias", "calibration.shift"])
def test_damaged_weights_are_refused(saved: Path, name: str) -> None:
    arrays = load_weights(saved / "weights.npz")
    good = arrays[name]
    wrong = good.copy()
    if name == "slots":
        wrong[:2] = wrong[0]  # the same n-gram twice
    else:
        wrong.flat[0] = np.nan
    for other in (wrong, good[:-1], good.astype(np.int8)):
        save_weights(saved / "weights.npz", {**arrays, name: other})
        with pytest.raises(BundleError):
            Linear.load(saved)
    del arrays[name]
    save_weights(saved / "weights.npz", arrays)
    with pytest.raises(BundleError):
        Linear.load(saved)


def test_slots_beyond_the_table_are_refused(saved: Path) -> None:
    arrays = load_weights(saved / "weights.npz")
    slots = arrays["slots"].copy()
    slots[0] = 0xFFFFFFFF
    save_weights(saved / "weights.npz", {**arrays, "slots": slots})
    with pytest.raises(BundleError, match="vocabulary"):
        Linear.load(saved)
