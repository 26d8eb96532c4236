import json

import numpy as np
import pytest

from reviewdesk.training.known_words import (
    SURENESS,
    KnownWords,
    by_known_words,
    sentence,
    sureness,
)


def classes(off: float = 0.0, products: int = 400) -> tuple[KnownWords, ...]:
    random = np.random.default_rng(0)
    known = random.choice([0, 1, 4, 40], 4000)
    confidence = 0.5 + random.random(4000) / 2
    correct = random.random(4000) < confidence - off * (known == 1)
    return by_known_words(known, confidence, correct, np.arange(4000) % products)


def test_reviews_stand_by_known_words_and_by_how_sure_it_was() -> None:
    found = classes()
    assert [one.name for one in found] == ["0", "1", "3 to 4", "33 or more"]
    assert sum(one.rows for one in found) == 4000
    assert all(sum(part.rows for part in one.sureness) == one.rows for one in found)
    assert [part.at_least for part in found[0].sureness] == [0.5, 0.65, 0.8, 0.925]
    json.dumps([one.to_json() for one in found], allow_nan=False)


def test_where_few_known_words_have_wrong_probabilities_it_is_said() -> None:
    assert sentence(classes(off=0.3))[0].startswith(
        "Its probabilities are off where it knows 1 word of a text (it says 7"
    )
    assert not classes(off=0.3)[2].off


def test_of_few_products_nothing_is_said() -> None:
    assert all(one.accuracy.too_few for one in classes(products=4))
    assert sentence(classes(off=0.3, products=4)) == []


@pytest.mark.parametrize(("probability", "begins"), [(0.2, 0.0), (0.65, 0.65), (1.0, 0.925)])
def test_degrees(probability: float, begins: float) -> None:
    assert sureness(probability) == begins
    assert begins in SURENESS
