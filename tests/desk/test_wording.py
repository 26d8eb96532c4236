import pytest

from reviewdesk.desk.measured import Measured
from reviewdesk.desk.texts import Texts
from reviewdesk.desk.wording import certainty, often, verdict, words_against, words_for

SAY = Texts.english()


@pytest.mark.parametrize(
    ("probability", "told"),
    [
        (1.0, "99 times in 100"),
        (0.99, "99 times in 100"),
        (0.95, "19 times in 20"),
        (0.9, "9 times in 10"),
        (0.5, "5 times in 10"),
        (0.14, "1 time in 10"),
        (0.01, "1 time in 10"),
    ],
)
def test_often(probability: float, told: str) -> None:
    assert often(SAY, probability) == told


def test_certainty_says_what_was_measured_and_no_more() -> None:
    assert certainty(SAY, 0.85, Measured(1204, 0.9)) == (
        "Quite sure. Of 1,204 verdicts like this one on reviews that it had not seen, it was right "
        "about 9 times in 10."
    )
    assert certainty(SAY, 0.85, Measured(60, 0.6)).startswith("Not sure.")


def test_certainty_grows_with_the_probability() -> None:
    told = [certainty(SAY, one).partition(".")[0] for one in (0.3, 0.55, 0.7, 0.85, 0.99)]
    assert told == [
        "Little more than a guess",
        "Not sure",
        "Fairly sure",
        "Quite sure",
        "Very sure",
    ]


@pytest.mark.parametrize(
    ("target", "label", "probability", "told"),
    [
        ("sentiment", "negative", 0.9, "Negative"),
        ("sentiment", "positive", 0.55, "Unclear, leaning positive"),
        ("stars", "1", 0.9, "1 star"),
        ("stars", "4", 0.3, "4 stars"),
        ("category", "Toys", 0.9, "Toys"),
        ("category", "Pet_Supplies", 0.2, "Perhaps Pet Supplies"),
        ("category-year", "Pet_Supplies · 2014", 0.9, "Pet Supplies · 2014"),
        ("category-stars", "Pet_Supplies · 1", 0.2, "Perhaps Pet Supplies · 1 star"),
    ],
)
def test_verdict(target: str, label: str, probability: float, told: str) -> None:
    assert verdict(SAY, target, label, probability) == told


def test_headings_of_words() -> None:
    assert words_for(SAY, "sentiment", "negative") == "Sounded negative"
    assert words_against(SAY, "sentiment", "negative", "positive") == "Sounded positive"
    assert words_for(SAY, "stars", "1") == "Spoke for 1 star"
    assert words_against(SAY, "category", "Toys", None) == "Spoke against Toys"
