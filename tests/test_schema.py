import pyarrow as pa
import pytest

from reviewdesk.errors import InputError, MissingColumn
from reviewdesk.schema import REVIEWS, prediction_labels, predictions_schema, require_columns


def test_the_reviews_table_has_the_15_columns_of_the_data_set_in_order() -> None:
    assert (
        REVIEWS.names
        == (
            "marketplace customer_id review_id product_id product_parent product_title "
            "product_category star_rating helpful_votes total_votes vine verified_purchase "
            "review_headline review_body review_date"
        ).split()
    )


def test_labels_travel_with_a_predictions_table() -> None:
    labels = ["a,b", 'c"', "é"]
    assert prediction_labels(predictions_schema(labels, "category")) == labels
    with pytest.raises(MissingColumn, match="not a predictions table"):
        prediction_labels(REVIEWS)


@pytest.mark.parametrize(
    "labels",
    [
        "not json", "5", "null", "[]", "[1, 2]", '"ab"', '{"a": 1}', '["a", "a"]', '["a", null]',
        '["\\ud800"]', "[" * 100_000, b"\xff",
    ],
)  # fmt: skip
def test_labels_have_to_be_distinct_texts(labels: str | bytes) -> None:
    schema = predictions_schema(["a"], "category").with_metadata({"labels": labels})
    with pytest.raises(InputError, match=r"a\.parquet names no labels: .* JSON list of distinct"):
        prediction_labels(schema, "a.parquet")


def test_a_missing_column_is_named_with_the_operation() -> None:
    with pytest.raises(MissingColumn, match="dancing needs the column b"):
        require_columns(pa.schema([("a", pa.int8())]), ("a", "b"), "dancing")
