from pathlib import Path

import pytest

from reviewdesk.errors import UsageError
from reviewdesk.explore.explore import explore
from reviewdesk.explore.sentences import sentences
from reviewdesk.prepare.prepared import PreparedData
from tests.prepare.test_languages import mixed

__all__ = ["mixed"]


def test_the_mix_is_told_and_one_language_is_counted_on_request(mixed: PreparedData) -> None:
    every = explore(mixed)
    assert every.reviews == 151
    (said,) = [sentence for sentence in sentences(every) if "Languages" in sentence]
    assert "German 67\N{NO-BREAK SPACE}%, French 33\N{NO-BREAK SPACE}%" in said
    assert "1 is too short" in said
    french = explore(mixed, languages=["fr"])
    assert french.reviews == 50
    assert french.everything.total["mean_stars"] == pytest.approx(3.0)
    assert french.languages == {"fr": 50}


def test_a_language_that_nobody_writes(mixed: PreparedData, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no review is in ru; there are: de 100, fr 50, unknown 1"):
        explore(mixed, languages=["ru"])
