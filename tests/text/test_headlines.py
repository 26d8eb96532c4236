import pyarrow as pa
import pytest

from reviewdesk.text.headlines import is_default_headline


@pytest.mark.parametrize(
    ("headline", "default"),
    [
        ("Five Stars", True),
        ("  five STARS!", True),
        ("Fünf Sterne", True),
        ("Fu\u0308nf Sterne", True),
        ("Five stars for the case", False),
        ("Great", False),
        ("", False),
        (None, False),
    ],
)
def test_a_headline_that_is_nothing_but_the_rating(headline: str | None, default: bool) -> None:
    assert is_default_headline(pa.array([headline], pa.string())).to_pylist() == [default]


def test_a_headline_of_marks_without_end_is_none() -> None:
    endless = "Five Stars" + "\u0301\u0316" * 500_000  # its normal form would take an hour
    assert is_default_headline(pa.array([endless])).to_pylist() == [False]
