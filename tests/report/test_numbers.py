import math

from reviewdesk.report.numbers import count, plural, score, share


def test_figures_as_people_read_them() -> None:
    assert count(1234567) == "1,234,567"
    assert share(0.8934) == "89.3\N{NO-BREAK SPACE}%"
    assert share(0.97, decimals=0) == "97\N{NO-BREAK SPACE}%"
    assert score(0.95449) == "0.954"
    assert plural(1, "review", "reviews") == "1 review"
    assert plural(2000, "review", "reviews") == "2,000 reviews"


def test_what_is_not_defined_is_a_dash() -> None:
    assert share(math.nan) == score(math.nan) == "–"
