"""Texts in languages that a bundle has not learned from: it says so wherever it answers."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import reviewdesk as rd
from reviewdesk.bundle import Bundle
from reviewdesk.desk.analysis import analyse
from reviewdesk.desk.judges import Pasted, judges_of
from reviewdesk.desk.texts import Texts
from reviewdesk.scoring.explain import explain
from reviewdesk.scoring.languages import unseen_language_of

FRENCH = "Le produit est arrivé cassé et personne ne répond quand on appelle."
ENGLISH = "It came broken and nobody answers when we call, so we want our money back."


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    random = np.random.default_rng(0)
    words = (["broken", "late", "useless"], ["lovely", "quick", "sturdy"])
    texts = [
        f"We ordered this {random.choice(words[row % 2])} thing {row} days ago and use it at home."
        for row in range(120)
    ]
    frame = pd.DataFrame({"text": texts, "label": ["bad", "good"] * 60})
    model = rd.train(frame, label="label", out=tmp_path_factory.mktemp("seen") / "bundle")
    return model.bundle


def test_unseen_languages_are_told(bundle: Bundle) -> None:
    texts = pa.array([FRENCH, ENGLISH, FRENCH[:30], None])
    assert unseen_language_of(bundle, texts) == ["fr", "", "", ""]


def test_explain_and_the_page_say_so(bundle: Bundle) -> None:
    assert explain(bundle, ENGLISH).unseen_language == ""
    found = explain(bundle, f"{FRENCH} broken")
    assert (found.unseen_language, found.to_json()["unseen_language"]) == ("fr", "fr")
    judges = judges_of({"label": bundle})
    (shown,) = analyse(judges, Pasted("", f"{FRENCH} broken"), Texts.english())["judgements"]
    assert shown["certainty"].endswith("is in French, of which the desk has read next to nothing.")
    assert shown["clear"] is False
