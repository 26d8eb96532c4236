"""Words that praise and blame: lists, negation, and in which language a text is."""

import pytest

from reviewdesk.text.opinions.reading import opinion
from reviewdesk.text.opinions.spoken import spoken
from reviewdesk.text.opinions.word_list import LISTS, UNSPACED, word_list

PRAISE = {
    "de": "Sehr gute Qualität, die Verkäuferin war freundlich und es funktioniert einwandfrei.",
    "en": "Great quality, the seller was friendly and it works perfectly.",
    "es": "Muy buena calidad, el vendedor fue amable y funciona perfectamente.",
    "fr": "Très bonne qualité, le vendeur était aimable et il fonctionne parfaitement.",
    "id": "Kualitas bagus banget, seller ramah dan barang berfungsi dengan baik.",
    "it": "Ottima qualità, il venditore era gentile e funziona perfettamente.",
    "ja": "品質が良くて、とても満足しています。おすすめです。",
    "nl": "Goede kwaliteit, de verkoper was vriendelijk en het werkt perfect.",
    "pl": "Bardzo dobra jakość, sprzedawca był uprzejmy i działa doskonale.",
    "pt": "Muito boa qualidade, o vendedor foi atencioso e funciona perfeitamente.",
    "zh": "质量很好，卖家非常热情，用起来很方便。",
}
BLAME = {
    "de": "Leider nach zwei Tagen kaputt, sehr enttäuscht, das Geld nicht wert.",
    "en": "Unfortunately it broke after two days, very disappointed, not worth the money.",
    "es": "Desgraciadamente se rompió a los dos días, muy decepcionado, no lo recomiendo.",
    "fr": "Malheureusement cassé après deux jours, très déçu, je ne recommande pas du tout.",
    "id": "Baru dua hari sudah rusak, kecewa banget, tidak sesuai dengan foto.",
    "it": "Purtroppo si è rotto dopo due giorni, molto deluso, non lo consiglio.",
    "ja": "二日で壊れました。がっかりです。二度と買わない。",
    "nl": "Helaas na twee dagen kapot, zeer teleurgesteld, niet aan te raden.",
    "pl": "Niestety zepsuł się po dwóch dniach, jestem bardzo rozczarowany, nie polecam.",
    "pt": "Infelizmente quebrou em dois dias, muito decepcionado, não recomendo.",
    "zh": "用了两天就坏了，非常失望，服务态度差。",
}


@pytest.mark.parametrize("language", LISTS)
def test_each_language_tells_praise_from_blame(language: str) -> None:
    words = word_list(language)
    assert opinion(PRAISE[language], words).score > 1
    assert opinion(BLAME[language], words).score < -1


@pytest.mark.parametrize("language", LISTS)
def test_no_word_praises_and_blames(language: str) -> None:
    words = word_list(language)
    for start, value in words.prefixes.items():
        against = [
            word
            for word, other in words.values.items()
            if word.startswith(start) and " " not in word and value * other < 0
        ]
        # A whole word counts before a beginning, so that exceptions can be listed.
        assert all(words.value(word) == words.values[word] for word in against)
    assert {*words.values} & {*words.prefixes} == set() or language not in UNSPACED
    assert len(words.values) + len(words.prefixes) > 150


def test_texts_are_read_in_their_languages() -> None:
    texts = [*PRAISE.values(), *BLAME.values()]
    assert spoken(texts) == [*PRAISE, *BLAME]


def test_a_text_that_says_little_is_in_the_language_of_the_others() -> None:
    assert spoken([*[PRAISE["de"]] * 9, PRAISE["en"], "Xyz 500"])[-1] == "de"
    assert spoken([]) == []


@pytest.mark.parametrize(
    ("language", "praise", "negated"),
    [
        ("en", "it is good", "it is not good"),
        ("en", "I would call it good", "I would never call it good"),
        ("de", "das gefällt mir", "das gefällt mir nicht"),
        ("fr", "j'aime", "j'aime pas"),
        ("zh", "房间干净", "房间不太干净"),
        ("ja", "便利です", "便利ではない"),
    ],
)
def test_negation_turns_praise_round(language: str, praise: str, negated: str) -> None:
    words = word_list(language)
    assert opinion(praise, words).score > 0
    assert opinion(negated, words).score < 0


def test_negation_ends_with_its_clause() -> None:
    words = word_list("en")
    assert opinion("not that. good", words).score > 0


def test_long_texts_do_not_count_more() -> None:
    words = word_list("en")
    once, often = opinion("good", words), opinion("good. " * 100, words)
    assert (once.words, often.words) == (1, 100)
    assert often.score < 100 * once.score / 5
    assert opinion("", words) == (0.0, 0)
