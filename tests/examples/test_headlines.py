import pyarrow as pa
import pytest

from reviewdesk.examples.headlines import blank_default_headlines

HEADLINES = ["Five Stars", "five stars!", None, "", "Five stars for the price", "Cinq étoiles"]


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()])
def test_default_headlines_become_null_and_others_stay(kind: pa.DataType) -> None:
    batch = pa.record_batch(
        {"review_body": ["x"] * 6, "review_headline": pa.array(HEADLINES, kind), "label": [0] * 6}
    )
    found = blank_default_headlines(batch)
    assert found.schema == batch.schema
    assert found.column("review_headline").to_pylist() == [
        None,
        None,
        None,
        "",
        "Five stars for the price",
        None,
    ]
    assert found.drop_columns(["review_headline"]) == batch.drop_columns(["review_headline"])


def test_a_batch_without_headlines_is_left_alone() -> None:
    batch = pa.record_batch({"review_body": ["Five Stars"]})
    assert blank_default_headlines(batch) == batch
