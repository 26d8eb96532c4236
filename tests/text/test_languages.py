import numpy as np
import pyarrow as pa
import pytest

from reviewdesk.errors import UsageError
from reviewdesk.text.language_names import LANGUAGE_NAMES
from reviewdesk.text.languages import (
    UNKNOWN,
    checked_languages,
    language,
    language_column,
)
from reviewdesk.text.profiles import LANGUAGES as TOLD
from tests.text.reviews import LANGUAGES, reviews_in

ENGLISH = "The delivery was two days late, but the quality is really very good."


def _long_enough(lines: list[str]) -> list[str]:
    """Return the lines, short ones of them joined until they have 40 characters."""
    texts = [""]
    for line in lines:
        if len(texts[-1]) >= 40:
            texts.append("")
        texts[-1] += (" " if texts[-1] else "") + line
    return texts if len(texts[-1]) >= 40 else texts[:-1]


@pytest.mark.parametrize("code", LANGUAGES)
def test_reviews_of_forty_characters_are_told(code: str) -> None:
    texts = _long_enough(reviews_in(code))
    assert len(texts) >= 15
    told = language_column(pa.array(texts)).to_pylist()
    assert told.count(code) >= 0.97 * len(texts)


@pytest.mark.parametrize("code", LANGUAGES)
def test_shorter_reviews_are_unknown(code: str) -> None:
    texts = [line[:39] for line in reviews_in(code)]
    assert set(language_column(pa.array(texts)).to_pylist()) == {UNKNOWN}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (ENGLISH, "en"),
        (ENGLISH.upper(), "en"),
        ("Доставка запізнилася на два дні, але якість мене дуже порадувала.", "uk"),
        ("Leveransen var två dagar sen, men kvaliteten är riktigt bra och jag är nöjd.", "sv"),
        ("Kargo iki gün geç geldi ama ürünün kalitesi gerçekten çok iyi, teşekkürler.", "tr"),
        ("Dostawa spóźniła się dwa dni, ale jakość jest naprawdę bardzo dobra.", "pl"),
        ("Η παράδοση άργησε δύο ημέρες αλλά η ποιότητα είναι πολύ καλή.", "el"),
        ("המשלוח הגיע באיחור של יומיים אבל האיכות באמת טובה מאוד", "he"),
        ("डिलीवरी दो दिन देर से आई लेकिन गुणवत्ता वाकई बहुत अच्छी है।", "hi"),
        ("Giao hàng trễ hai ngày nhưng chất lượng thật sự rất tốt, sẽ mua lại.", "vi"),
        ("1234567890 !!! 1234567890 ??? 1234567890 ... 1234567890", UNKNOWN),
        ("👍" * 60, UNKNOWN),
        ("", UNKNOWN),
        (
            "Samsung S24 很好用，手机运行速度很快，拍照特别清楚，电池一天够用，值得买。",
            "zh",
        ),
    ],
)
def test_other_languages(text: str, code: str) -> None:
    assert language(text) == code


def test_arrow_types_and_nulls() -> None:
    texts = [ENGLISH, None, "short", *reviews_in("de")[:2]]
    expected = ["en", UNKNOWN, UNKNOWN, "de", "de"]
    for kind in (pa.string(), pa.large_string(), pa.string_view()):
        assert language_column(pa.array(texts, kind)).to_pylist() == expected
    sliced = pa.array([None, *texts])[1:]
    assert language_column(sliced).to_pylist() == expected


def test_bytes_that_are_no_text_are_read_within_their_bounds() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (50, 90), np.uint8)
    values = pa.array([row.tobytes() for row in noise])
    assert len(language_column(values)) == 50


def test_codes_are_checked() -> None:
    assert checked_languages(["DE", "de", " unknown"]) == ("de", UNKNOWN)
    with pytest.raises(UsageError, match="'german' is no language"):
        checked_languages(["german"])


def test_every_language_that_is_told_has_a_name() -> None:
    assert set(LANGUAGE_NAMES) == {code for code in TOLD if code}
