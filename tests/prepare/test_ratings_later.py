"""Ratings without a text where files are added, people erased, and reviews corrected."""

from pathlib import Path
from typing import Any

import pytest

from reviewdesk.engines.base import Engine
from reviewdesk.engines.duckdb import DuckDBEngine
from reviewdesk.prepare.corrections import NONE, Correction, Corrections
from reviewdesk.prepare.erase import erase
from reviewdesk.prepare.prepare import prepare
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.settings import CleanSettings, PrepareSettings, SourceSettings

from .corpus import for_readers, opened, review, write_lines
from .test_conserved import check_sums
from .test_ratings import blank, ratings


def put(
    out: Path,
    *files: Path,
    append: bool = False,
    corrections: Corrections = NONE,
    engine: Engine | None = None,
    **settings: Any,
) -> PreparedData:
    """Prepare files, or add them."""
    return prepare(
        opened(*files) if files else [],
        out,
        prepare=PrepareSettings(**settings),
        clean=CleanSettings(),
        source=SourceSettings(),
        append=append,
        corrections=corrections,
        engine=engine,
    )


def two_months(folder: Path) -> tuple[Path, Path]:
    """Write files in which ratings meet again, get a text, and share ids with texts."""
    some = {"review_date": "2015-01-02"}
    first = [
        *(review(n) for n in range(12)),
        *(blank(100 + n, ("", "!!!")[n % 2]) for n in range(20)),
        blank(1),  # it has a text
        *({"review_body": "", "star_rating": n % 5 + 1} for n in range(4)),  # by nobody
        *(blank(300 + n, review_id="0", customer_id=f"Q{n}") for n in range(2)),
    ]
    second = [
        *(review(n) for n in range(8, 20)),
        *(blank(100 + n, "") for n in range(4)),  # the same again
        *(blank(110 + n, star_rating=2, **some) for n in range(3)),  # as they are now
        review(115),  # now it has a text
        blank(8),
        *(review(400 + n, review_id="0") for n in range(2)),  # an id that is none
        *(blank(200 + n) for n in range(3)),
    ]
    return write_lines(folder / "a.jsonl", first), write_lines(folder / "b.jsonl", second)


@pytest.mark.parametrize(
    "settings", [{}, {"partition_by": "both", "format": "csv"}, {"duplicates": "keep"}], ids=str
)
def test_adding_a_month_and_a_cluster_give_what_one_run_gives(
    settings: dict[str, Any], tmp_path: Path
) -> None:
    one, two = two_months(tmp_path)
    once = put(tmp_path / "once", one, two, **settings)
    put(tmp_path / "months", one, **settings)
    put(tmp_path / "months", two, append=True)
    engine = DuckDBEngine(temp_directory=tmp_path / "spill")
    put(tmp_path / "cluster", one, two, engine=engine, **settings)
    expected = for_readers(tmp_path / "once")
    assert for_readers(tmp_path / "months") == expected
    assert for_readers(tmp_path / "cluster") == expected
    # 20 without a text, one of which has one now; 4 by nobody; 2 of an id that is none; 3 new
    kept = 4 + 3 + 1 + 1 + 1  # the same again, two that have a text, one that got one
    assert once.ratings == 19 + 4 + 2 + 3 + (kept if settings.get("duplicates") else 0)


def test_who_gave_stars_only_is_erased_and_does_not_come_back(tmp_path: Path) -> None:
    one, two = two_months(tmp_path)
    data = tmp_path / "data"
    put(data, one)
    for customer in ("C101", "C110", "C3"):  # without letters, without a text, with a text
        assert erase(data, customer).reviews == 1
    assert {row["customer_id"] for row in ratings(PreparedData.open(data))}.isdisjoint(
        {"C101", "C110"}
    )
    now = put(data, two, append=True)
    names = {row["customer_id"] for row in [*ratings(now), *now.table().to_pylist()]}
    assert names.isdisjoint({"C101", "C110", "C3"})
    assert now.manifest["dropped"]["erased"] == 3 + 2
    check_sums(now, now.manifest["rows"]["read"])
    again = PreparedData.open(data)
    prepared_anew = prepare(
        opened(one, two),
        data,
        prepare=PrepareSettings(min_chars=1),
        clean=CleanSettings(),
        source=SourceSettings(),
        overwrite=True,
    )
    assert prepared_anew.manifest["dropped"] == again.manifest["dropped"]
    assert prepared_anew.fingerprint == again.fingerprint


@pytest.mark.parametrize("later", [False, True])
def test_ratings_are_corrected_as_reviews_are(later: bool, tmp_path: Path) -> None:
    rows = [review(1), *(blank(n) for n in (10, 11, 12)), blank(13, star_rating=None)]
    file = write_lines(tmp_path / "a.jsonl", rows)
    changes = Corrections(
        (
            Correction("R000010", "product_category", "", "Garden"),
            Correction("R000011", "star_rating", "", ""),  # nobody gave stars
            Correction("R000013", "star_rating", "", "4"),  # somebody did
        )
    )
    if later:
        put(tmp_path / "d", file)
        data = put(tmp_path / "d", append=True, corrections=changes)
    else:
        data = put(tmp_path / "d", file, corrections=changes)
    found = {row["review_id"]: row for row in ratings(data)}
    # what had neither stars nor a text is not kept, so that a later correction fits nothing
    assert found.keys() == {"R000010", "R000012", *(() if later else ("R000013",))}
    assert data.manifest["corrections"]["fitting"] == (2 if later else 3)
    assert found["R000010"]["product_category"] == "Garden"
    data.verify()


def test_a_correction_brings_nobody_back(tmp_path: Path) -> None:
    rows = [review(1, customer_id="typo"), blank(2, customer_id="typo"), review(3)]
    file = write_lines(tmp_path / "a.jsonl", rows)
    same = Corrections(tuple(Correction(f"R{n:06d}", "customer_id", "typo", "C9") for n in (1, 2)))
    put(tmp_path / "d", file, corrections=same)
    assert erase(tmp_path / "d", "C9").reviews == 2
    more = write_lines(tmp_path / "b.jsonl", [*rows, review(4)])
    data = put(tmp_path / "d", more, append=True)
    assert (data.rows, data.ratings) == (2, 0)
    check_sums(data, 7)
    assert data.manifest["dropped"]["erased"] == 4
    assert "C9" not in (tmp_path / "d" / "corrections.json").read_text()


def test_what_was_corrected_for_others_stays_when_somebody_is_erased(tmp_path: Path) -> None:
    file = write_lines(tmp_path / "a.jsonl", [review(n) for n in range(4)])
    changes = [Correction(f"R{n:06d}", "product_category", "", "Garden") for n in (1, 2)]
    put(tmp_path / "d", file, corrections=Corrections(tuple(changes)))
    erase(tmp_path / "d", "C1")
    assert Corrections.of(tmp_path / "d").changes == (changes[1],)
    more = [review(2, review_headline="edited", review_date="2019-01-01"), review(5)]
    data = put(tmp_path / "d", write_lines(tmp_path / "b.jsonl", more), append=True)
    found = {row["review_id"]: row["product_category"] for row in data.table().to_pylist()}
    assert found["R000002"] == "Garden"
    assert data.manifest["corrections"] == {"given": 1, "fitting": 1, "reviews": 2}
