import pytest

from reviewdesk.errors import MissingColumn, UsageError
from reviewdesk.sources.mapping import NAMES_SHOWN, map_columns, shown


@pytest.mark.parametrize(
    ("available", "guesses"),
    [
        (["comment"], {"review_body": "comment"}),
        (["id", "Text", "Score"], {"review_body": "Text", "star_rating": "Score"}),
        (["review_body", "text"], {}),
        (
            ["overall", "reviewText", "summary", "asin", "reviewerID", "unixReviewTime"],
            {
                "review_body": "reviewText",
                "star_rating": "overall",
                "review_headline": "summary",
                "product_id": "asin",
                "customer_id": "reviewerID",
                "review_date": "unixReviewTime",
            },
        ),
        (
            ["Review Text", "review-date"],
            {"review_body": "Review Text", "review_date": "review-date"},
        ),
        (["text", "review", "body"], {"review_body": "body"}),
        (["text", "TEXT"], {"review_body": "text"}),
    ],
)
def test_close_names_are_guessed(available: list[str], guesses: dict[str, str]) -> None:
    assert map_columns(available, {}, "x.csv").guesses == guesses


def test_what_is_told_wins_and_is_no_guess() -> None:
    found = map_columns(["text", "note", "stars"], {"review_body": "note"}, "x.csv")
    assert found.columns == {"review_body": "note", "star_rating": "stars"}
    assert found.guesses == {"star_rating": "stars"}


def test_a_column_is_used_once() -> None:
    found = map_columns(["title", "text"], {"product_title": "title"}, "x.csv")
    assert "review_headline" not in found.columns
    with pytest.raises(UsageError, match="more than once"):
        map_columns(["text"], {"review_body": "text", "review_headline": "text"}, "x.csv")


def test_a_bare_id_is_not_taken_for_the_reviews_id() -> None:
    assert map_columns(["id", "text"], {}, "x.csv").columns == {"review_body": "text"}


def test_a_missing_text_names_the_columns_and_the_remedy() -> None:
    with pytest.raises(MissingColumn) as caught:
        map_columns(["stars", "words"], {}, "x.csv")
    assert str(caught.value) == (
        "no column of x.csv is known to hold the reviews' text; it has: 'stars', 'words'; "
        "say which with --map review_body=COLUMN, or put the columns' names in its first line"
    )


def test_a_told_column_that_is_not_there_is_named() -> None:
    with pytest.raises(MissingColumn, match=r"x\.csv has no column 'comment'; it has: 'text'$"):
        map_columns(["text"], {"review_body": "comment"}, "x.csv")


def test_an_unknown_column_of_ours_is_named() -> None:
    with pytest.raises(UsageError, match="no column 'body' to map to; there are: marketplace, "):
        map_columns(["text"], {"body": "text"}, "x.csv")


def test_odd_names_are_shown_safely() -> None:
    assert shown(['a"b', "x'; DROP TABLE reviews; --", "\x1b[31m"]) == (
        "'a\"b', \"x'; DROP TABLE reviews; --\", '\\x1b[31m'"
    )
    assert len(shown(["x" * 10_000])) < 100
    assert shown([str(number) for number in range(NAMES_SHOWN + 1)]).endswith("'39' and more")


def test_a_review_in_the_first_line_is_not_quoted() -> None:
    review = "My name is Jane Doe and it broke"
    with pytest.raises(MissingColumn, match="names in its first line") as caught:
        map_columns(["5", review, "x" * 41], {}, "no-header.csv")
    assert "Jane" not in str(caught.value)
    assert "'5', a text of 32 characters, a text of 41 characters" in str(caught.value)


def test_columns_that_are_left_over_and_look_like_missing_ones_are_named() -> None:
    found = map_columns(["text", "stars", "added_on_date", "user handle", "x"], {}, "x.csv")
    assert found.left_over == ("added_on_date", "user handle", "x")
    assert found.resembling == {"added_on_date": "review_date", "user handle": "customer_id"}
    assert "star_rating" not in found.not_found
    assert "review_date" in found.not_found
