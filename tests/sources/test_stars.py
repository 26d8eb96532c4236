from collections import Counter

import pytest

from reviewdesk.sources.stars import (
    FIVE,
    HALVES,
    HUNDRED,
    NOT_STARS,
    PLUS_MINUS,
    TEN,
    TEN_FROM_ZERO,
    YES_NO,
    decide_scale,
    parse_stars,
    rating_evidence,
    read_rating,
    stars_of,
)


@pytest.mark.parametrize(
    ("text", "stars"),
    [
        *(("1", 1), ("5", 5), ("4.0", 4), ("4.", None), ("4/5", 4), ("4 / 5", 4), ("4.0/5.0", 4)),
        *(("8/10", 4), ("1/10", 1), ("10/10", 5), ("0/10", 1), ("7.5/10", 4), ("11/10", None)),
        *(("four", 4), ("Five Stars", 5), ("1 star", 1), ("3 out of 5", 3)),
        *(("3 out of 5 stars", 3), ("3 of 5", 3), ("Rated 4 out of 5", 4), ("4-star", 4)),
        *(
            ("bubble_50", 5),
            ("5,0 von 5 Sternen", 5),
            ("4 sur 5", 4),
            ("4,0 su 5 stelle", 4),
            ("2 de 5", 2),
        ),
        *(("4,0 van de 5 sterren", 4), ("4 van 5", 4), ("3 Sterne", 3), ("4 estrellas", 4)),
        *(("★★★★", 4), ("★★★☆☆", 3), ("☆★", None), ("★★★★★★", None), ("☆☆☆☆☆", None)),
        *(("⭐⭐⭐", 3), ("⭐️⭐️", 2), ("★★½", None), ("80%", 4), ("85/100", 5)),
        *(("0", None), ("6", None), ("-1", None), ("4.5", None), ("nan", None), ("inf", None)),
        *(("", None), ("star_rating", None), ("4e0", None), ("٤", None), ("1" * 60, None)),
        *(("true", None), ("4.5 out of 5 stars", None), ("5,0", 5), ("x" * 99, None)),
    ],
)
def test_ratings(text: str, stars: int | None) -> None:
    assert parse_stars(text) == stars


def column(name: str, texts: list[str]) -> tuple[str, list[int | None]]:
    evidence = Counter(rating_evidence(read_rating(text)) for text in texts)
    scale = decide_scale(evidence, name)
    assert not scale.question
    assert (name in scale.sentence) == (scale.name != FIVE)
    return scale.name, [stars_of(read_rating(text), scale.name) for text in texts]


@pytest.mark.parametrize(
    ("texts", "scale", "stars"),
    [
        ("1 -1 1", PLUS_MINUS, [5, 1, 5]),
        ("1 0 -1", PLUS_MINUS, [5, 3, 1]),
        ("1 0 0", YES_NO, [5, 1, 1]),
        ("1.0 0.0", YES_NO, [5, 1]),
        ("true false", YES_NO, [5, 1]),
        ("True 0", YES_NO, [5, 1]),
        ("1 2 3 4 5 6 7 8 9 10", TEN, [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]),
        ("0 1 5 9 10", TEN_FROM_ZERO, [1, 1, 3, 5, 5]),
        ("2.5 7.9 9.6 10", TEN, [2, 4, 5, 5]),
        ("0 20 21 80 100", HUNDRED, [1, 1, 2, 4, 5]),
        ("0.5 1.5 2.5 4 4.5 5", HALVES, [1, 2, 3, 4, 5, 5]),
        ("4.1 4.23 3.9 4.0", NOT_STARS, [None, None, None, None]),
        ("0.93 0.2 0.41", NOT_STARS, [None, None, None]),
        ("5 4,0 3 4.5", FIVE, [5, 4, 3, None]),
        ("5 4 3 11 eleven", FIVE, [5, 4, 3, None, None]),
        ("0 5 4 2", FIVE, [None, 5, 4, 2]),
        ("8", TEN, [4]),
        ("85", HUNDRED, [5]),
        ("3/5 8/10 2", FIVE, [3, 4, 2]),
    ],
)
def test_a_scale_is_decided_over_the_column(
    texts: str, scale: str, stars: list[int | None]
) -> None:
    assert column("grade", texts.split()) == (scale, stars)


def test_few_numbers_above_a_scale_are_mistakes() -> None:
    assert column("grade", ["5", "4", "3", "2", "1"] * 100 + ["7", "9", "10"])[0] == FIVE
    assert column("grade", ["10", "7", "3", "8"] * 100 + ["11"] * 3)[0] == TEN


def test_the_name_decides_where_only_ones_are_there() -> None:
    assert column("star_rating", ["1"] * 9) == (FIVE, [1] * 9)
    assert column("recommended", ["1"] * 9) == (YES_NO, [5] * 9)
    evidence = {rating_evidence(read_rating("1")): 9}
    assert "--stars-scale 1-5, 1/0 or 1/-1" in decide_scale(evidence, "score").question
