"""The rules about copies, first on whole files as a user sees them, then against a plain oracle."""

from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reviewdesk.engines.duckdb import DuckDBEngine
from reviewdesk.prepare.copies import find_copies
from reviewdesk.prepare.duplicates import (
    DERIVED_ID,
    DUPLICATE_CONTENT,
    DUPLICATE_ID,
    OF_A_PERSON,
    OF_A_PERSON_AT_ONCE,
    TOO_LONG,
    TOO_SHORT,
    PlacedRun,
    find_duplicates,
    place_runs,
)
from reviewdesk.prepare.identity import CHANCE_CHARS
from reviewdesk.prepare.layout import Part
from reviewdesk.prepare.lengths import LengthBounds
from reviewdesk.prepare.runs import Key, RunBatch, StagedRun
from reviewdesk.prepare.staged import StagedGroup
from reviewdesk.prepare.staging import KEYS_FILE, first_place
from reviewdesk.settings import PrepareSettings
from reviewdesk.sources.readings import Evidence, Reading

from .corpus import LONG, anonymous, prepared, review, write_lines

NOWHERE = PlacedRun(StagedRun("", "", "", ()), Path(), 0, 0)
KEEP = PrepareSettings(duplicates="keep")


def ids(folder: Path, rows: list[Any], **values: Any) -> list[str]:
    path = write_lines(folder / "reviews.jsonl", rows)
    found: list[str] = prepared(folder / "out", path, **values).table(["review_id"])[0].to_pylist()
    return found


def test_of_one_id_the_latest_review_stays(tmp_path: Path) -> None:
    rows = [
        review(1, review_date="2015-01-02"),
        review(1, review_date="2015-01-03"),
        review(1, review_date="2015-01-01"),
        review(1, review_date=None),
    ]
    data = prepared(tmp_path / "out", write_lines(tmp_path / "a.jsonl", rows))
    assert [str(day) for day in data.table()["review_date"].to_pylist()] == ["2015-01-03"]
    assert data.manifest["dropped"]["duplicate_id"] == 3


@pytest.mark.parametrize("name", ["0", "1,23457E+12", "R1"])
def test_different_texts_are_never_dropped_for_equal_ids(tmp_path: Path, name: str) -> None:
    rows = [review(n, review_id=name) for n in range(20)]
    short = {"customer_id": None, "product_id": None, "review_date": None, "review_id": name}
    rows += [review(99, review_body="Great!", **short)] * 3
    rows += [rows[0], review(0, review_id="other")]
    rows += [review(50, review_id=name, product_id=n) for n in ("variant 1", "variant 2")]
    found = set()
    for trial, order in enumerate((rows, rows[::-1])):
        path = write_lines(tmp_path / f"{trial}.jsonl", order)
        data = prepared(tmp_path / str(trial), path)
        found.add(data.fingerprint)
    assert len(found) == 1
    assert data.rows == 25
    assert data.manifest["dropped"]["duplicate_content"] == 2
    assert data.manifest["derived_ids"] == 25
    assert "25 reviews have an id that stands at other texts as well" in data.notes[-1]
    ids = data.table()["review_id"].to_pylist()
    assert len(set(ids)) == 25
    assert all(one.startswith(f"{name}-") for one in ids)
    (copy,) = [row for row in data.table().to_pylist() if row["copy_of"]]
    assert copy["copy_of"] in ids


@pytest.mark.parametrize("name", ["Anonymous", "A Google user", "amazon customer ", "Klant"])
@pytest.mark.parametrize("given", [False, True])
def test_names_of_nobody_in_particular_are_strangers(
    tmp_path: Path, name: str, given: bool
) -> None:
    known = {"customer_id": name, "product_id": "P", "review_date": "2020-01-01"}
    own: list[dict[str, Any]] = [{"review_id": f"r{n}"} if given else {} for n in range(10)]
    assert len(ids(tmp_path, [anonymous("Great!", **known, **one) for one in own])) == 10


@pytest.mark.parametrize("given", [False, True])
@pytest.mark.parametrize(
    "others",
    [
        [{"product_id": f"P{n}", "review_date": "2020-01-01"} for n in range(31)],
        [
            {"product_id": "P", "review_date": f"2020-0{n % 9 + 1}-{n // 9 + 1:02}"}
            for n in range(31)
        ],
        [{"product_id": f"P{n}"} for n in range(1_001)],
    ],
    ids=["of one day", "of one product", "in all"],
)
def test_a_name_with_more_reviews_than_a_person_writes_is_nobody(
    tmp_path: Path, others: list[dict[str, Any]], given: bool
) -> None:
    rows = [
        anonymous(f"Shopping number {n}", customer_id="Shopper", **one)
        for n, one in enumerate(others)
    ]
    same = {"customer_id": "Shopper", "product_id": "P", "review_date": "2021-01-01"}
    rows += [
        anonymous("Great!", **same, **({"review_id": f"r{n}"} if given else {})) for n in "123"
    ]
    assert len(ids(tmp_path, rows)) == len(others) + 3
    (tmp_path / "few").mkdir()
    assert len(ids(tmp_path / "few", rows[-23:])) == 21


def test_of_two_snapshots_of_a_review_the_one_with_more_votes_stays(tmp_path: Path) -> None:
    rows = [review(1, helpful_votes=votes, total_votes=9) for votes in (2, 7, None)]
    data = prepared(tmp_path / "out", write_lines(tmp_path / "a.jsonl", rows))
    assert data.table()["helpful_votes"].to_pylist() == [7]


def test_of_equal_contents_the_smallest_id_stays(tmp_path: Path) -> None:
    rows = [review(1, review_id=name, helpful_votes=3) for name in ("Rb", "Ra", "Rc")]
    data = prepared(tmp_path / "out", write_lines(tmp_path / "a.jsonl", rows))
    assert data.table()["review_id"].to_pylist() == ["Ra"]
    assert data.manifest["dropped"]["duplicate_content"] == 2


def test_contents_are_compared_after_cleaning(tmp_path: Path) -> None:
    rows = [
        review(1, review_id=i, review_body=body)
        for i, body in (("a", "so &lt; so"), ("b", "so < so"))
    ]
    assert ids(tmp_path, rows) == ["a"]


def test_copies_lie_in_several_files(tmp_path: Path) -> None:
    paths = [write_lines(tmp_path / f"{n}.jsonl", [review(1), review(10 + n)]) for n in range(3)]
    data = prepared(tmp_path / "out", *paths)
    assert sorted(data.table()["review_id"].to_pylist()) == [
        "R000001",
        "R000010",
        "R000011",
        "R000012",
    ]


def test_five_hundred_strangers_may_say_great(tmp_path: Path) -> None:
    found = ids(tmp_path, [anonymous("Great!")] * 500)
    assert len(set(found)) == 500
    first = min(found, key=len)
    assert sorted(found, key=len)[1:10] == [f"{first}-{number}" for number in range(2, 11)]


def test_a_stranger_who_repeats_a_long_text_is_a_copy(tmp_path: Path) -> None:
    assert len(ids(tmp_path, [anonymous(LONG)] * 3)) == 1


def test_a_given_id_is_believed_however_short_the_text(tmp_path: Path) -> None:
    assert ids(tmp_path, [anonymous("Great!", review_id="a")] * 3) == ["a"]


def test_strangers_with_ids_of_their_own_all_stay(tmp_path: Path) -> None:
    rows = [anonymous("Great!", review_id=name) for name in "cab"]
    assert ids(tmp_path, rows) == ["a", "b", "c"]


def test_one_customer_repeating_a_short_text_is_a_copy(tmp_path: Path) -> None:
    known = {"customer_id": "C", "product_id": "P"}
    assert len(ids(tmp_path, [anonymous("Great!", **known)] * 3)) == 1


def test_keep_keeps_all_and_ids_stay_unique(tmp_path: Path) -> None:
    rows = [review(1), review(1), review(1, review_id="other"), anonymous(LONG), anonymous(LONG)]
    found = ids(tmp_path, rows, settings=KEEP)
    assert len(set(found)) == 5
    assert {"R000001", "R000001-2", "other"} <= set(found)


@pytest.mark.parametrize("keep", [False, True])
def test_the_order_of_rows_and_files_does_not_matter(tmp_path: Path, keep: bool) -> None:
    random = np.random.default_rng(3)
    rows = [
        *(anonymous(text) for text in ("Great!", "Great!", LONG, LONG)),
        *(
            review(n % 5, helpful_votes=n % 3, review_date=f"2015-01-0{n % 2 + 1}")
            for n in range(20)
        ),
        *(review(n % 4, review_id=f"copy{n}") for n in range(10)),
    ]
    found = set()
    for trial in range(5):
        order = random.permutation(len(rows))
        cut = int(random.integers(1, len(rows)))
        folder = tmp_path / str(trial)
        folder.mkdir()
        paths = [
            write_lines(folder / name, [rows[i] for i in part])
            for name, part in (("a.jsonl", order[:cut]), ("b.jsonl", order[cut:]))
        ]
        settings = KEEP if keep else PrepareSettings()
        found.add(prepared(folder / "out", *paths, settings=settings).fingerprint)
    assert len(found) == 1


# --- against an oracle ------------------------------------------------------------------------


def random_keys(random: np.random.Generator, rows: int) -> list[dict[str, Any]]:
    keys = []
    for _ in range(rows):
        number = int(random.integers(rows // 2 + 1))
        chance = bool(random.random() < 0.3)
        keys.append(
            {
                "id_hash": number // 3,  # also different ids with the same hash
                "content_1": int(random.integers(rows // 2 + 1)),
                "content_2": int(random.integers(2)) - 1,
                "copy_1": int(random.integers(rows // 3 + 1)),
                "copy_2": int(random.integers(2)) - 1,
                "product_hash": int(random.integers(3)),
                "may_be_copy": bool(random.random() < 0.8),
                "chars": int(random.integers(1, 101)),
                "may_repeat_id": chance and number % 2 == 0,
                "may_repeat_content": chance,
                "has_derived_id": bool(random.random() < 0.1),
                "customer_hash": 0 if random.random() < 0.1 else int(random.integers(1, 4)),
                "body_hash": 7 if number % 4 else int(random.integers(2)),
                "review_id": f"R{number}",
                "review_date": None if random.random() < 0.2 else int(random.integers(3)),
                "total_votes": None if random.random() < 0.2 else int(random.integers(3)),
                "helpful_votes": int(random.integers(3)),
            }
        )
    return keys


def oracle(keys: list[dict[str, Any]], shortest: int = 0, longest: int = 100) -> list[int]:
    """Say it again in plain Python, row by row."""

    def latest_first(row: int) -> tuple[Any, ...]:
        one = keys[row]
        down = [
            (one[name] is None, -(one[name] or 0))
            for name in ("review_date", "total_votes", "helpful_votes")
        ]
        return (down[0], one["content_1"], one["content_2"], *down[1:], row)

    verdicts = [0] * len(keys)
    by_id, by_content = defaultdict(list), defaultdict(list)
    for row, one in enumerate(keys):
        if shortest <= one["chars"] <= longest:
            by_id[one["review_id"]].append(row)
        else:
            verdicts[row] = TOO_SHORT if one["chars"] < shortest else TOO_LONG
    fitting = [row for rows in by_id.values() for row in rows]
    nobody = busy(keys, fitting)

    def stranger(row: int) -> bool:
        return keys[row]["chars"] < CHANCE_CHARS and keys[row]["customer_hash"] in nobody

    def most_voted(row: int) -> tuple[Any, ...]:
        return (*latest_first(row)[3:5], row)

    for rows in by_id.values():
        if len({keys[row]["body_hash"] for row in rows}) > 1:
            same = defaultdict(list)
            for row in sorted(rows, key=most_voted):
                same[keys[row]["content_1"], keys[row]["content_2"]].append(row)
                place = same[keys[row]["content_1"], keys[row]["content_2"]]
                verdicts[row] = DERIVED_ID + len(place)
            continue
        for rank, row in enumerate(sorted(rows, key=latest_first)[1:], 2):
            repeats = keys[row]["has_derived_id"] and keys[row]["customer_hash"] in nobody
            verdicts[row] = rank if keys[row]["may_repeat_id"] or repeats else DUPLICATE_ID
    for row, one in enumerate(keys):
        stays = verdicts[row] == 0 or verdicts[row] > DERIVED_ID
        if stays and not one["may_repeat_content"] and not stranger(row):
            by_content[one["content_1"], one["content_2"]].append(row)
    for rows in by_content.values():
        for row in sorted(rows, key=lambda row: (keys[row]["review_id"], *most_voted(row)))[1:]:
            verdicts[row] = DUPLICATE_CONTENT
    return verdicts


def busy(keys: list[dict[str, Any]], rows: list[int]) -> set[int]:
    """Return the customers with more ids than a person has, at large or at once."""
    found: dict[tuple[Any, ...], set[int]] = defaultdict(set)
    for one in (keys[row] for row in rows):
        customer, day, product = one["customer_hash"], one["review_date"], one["product_hash"]
        found["all", customer].add(one["id_hash"])
        if day is not None:
            found["day", customer, day].add(one["id_hash"])
        if product:
            found["product", customer, product].add(one["id_hash"])
    limits = {"all": OF_A_PERSON, "day": OF_A_PERSON_AT_ONCE, "product": OF_A_PERSON_AT_ONCE}
    return {key[1] for key, ids in found.items() if key[1] and len(ids) > limits[key[0]]}


def copies_oracle(keys: list[dict[str, Any]], verdicts: list[int]) -> list[str | None]:
    """Say in plain Python which row is a copy of which id."""
    groups: dict[tuple[int, int], list[tuple[str, int, int]]] = defaultdict(list)
    for row, (one, verdict) in enumerate(zip(keys, verdicts, strict=True)):
        if one["may_be_copy"] and verdict >= 0:
            name, number = one["review_id"], verdict % DERIVED_ID
            name += f"-{one['content_1']}" if verdict > DERIVED_ID else ""
            name += f"-{number}" if number > 1 else ""
            groups[one["copy_1"], one["copy_2"]].append((name, row, one["product_hash"]))
    found: list[str | None] = [None] * len(keys)
    for group in groups.values():
        original = min(group)[0]
        if len({product for _, _, product in group}) > 1:
            for name, row, _ in group:
                found[row] = None if name == original else original
    return found


def placed(folder: Path, keys: list[dict[str, Any]], cuts: list[int]) -> tuple[PlacedRun, ...]:
    """Write the keys as the runs of several inputs; an input may have several runs or none."""
    inputs: list[list[StagedRun]] = [[], [], []]
    folders = [folder / str(number) for number in range(3)]
    for path in folders:
        path.mkdir(exist_ok=True)
    for index, (start, end) in enumerate(zip([0, *cuts], [*cuts, len(keys)], strict=True)):
        number = 0 if index < 2 else 2
        first = first_place(number, len(inputs[number]))
        rows = [
            {**one, "place": first + row, "input": 0} for row, one in enumerate(keys[start:end])
        ]
        name = f"{len(inputs[number])}.parquet"
        pq.write_table(pa.Table.from_pylist(rows, KEYS_FILE), folders[number] / name)
        batches = (RunBatch(Part("unknown"), end - start, 0, Key(0, "")),)
        inputs[number].append(StagedRun("", name, "", batches))
    staged = [
        StagedGroup((), {}, {}, {}, {}, Evidence(), Reading(), tuple(runs), "") for runs in inputs
    ]
    return place_runs(staged, folders)


@pytest.mark.parametrize("seed", range(12))
def test_verdicts_equal_those_of_the_oracle(tmp_path: Path, seed: int) -> None:
    random = np.random.default_rng(seed)
    keys = random_keys(random, 120)
    cuts = sorted(random.choice(np.arange(1, 120), 3, replace=False).tolist())
    runs = placed(tmp_path, keys, cuts)
    with DuckDBEngine() as engine:
        verdicts = find_duplicates(runs, tmp_path, engine)
        again = find_duplicates(runs, tmp_path, engine)
    found = [code for one in runs for code in verdicts.of(one, 0, one.run.rows).tolist()]
    expected = oracle(keys)
    assert found == expected
    assert verdicts == again
    assert verdicts.dropped == {
        "duplicate_id": expected.count(DUPLICATE_ID),
        "duplicate_content": expected.count(DUPLICATE_CONTENT),
    }
    assert verdicts.numbered == sum(0 < code < DERIVED_ID for code in expected)
    assert verdicts.derived == sum(code > DERIVED_ID for code in expected)
    half = runs[1].run.rows // 2
    second = verdicts.of(runs[1], half, runs[1].run.rows - half)
    assert second.tolist() == expected[cuts[0] + half : cuts[1]]


@pytest.mark.parametrize("seed", range(6))
def test_lengths_and_copies_equal_those_of_the_oracle(tmp_path: Path, seed: int) -> None:
    random = np.random.default_rng(seed)
    keys = random_keys(random, 120)
    cuts = sorted(random.choice(np.arange(1, 120), 3, replace=False).tolist())
    runs = placed(tmp_path, keys, cuts)
    with DuckDBEngine() as engine:
        verdicts = find_duplicates(runs, tmp_path, engine, LengthBounds(10, 90))
        copies = find_copies(runs, verdicts, tmp_path, engine)
        again = find_copies(runs, verdicts, tmp_path, engine)
    expected = oracle(keys, 10, 90)
    assert [code for one in runs for code in verdicts.of(one, 0, one.run.rows)] == expected
    assert verdicts.dropped["too_short"] == expected.count(TOO_SHORT)
    assert verdicts.dropped["too_long"] == expected.count(TOO_LONG)
    originals = copies_oracle(keys, expected)
    assert any(originals)
    for one in (copies, again):
        assert [
            name for run in runs for name in one.of(run, 0, run.run.rows).to_pylist()
        ] == originals
    half = runs[1].run.rows // 2
    part = copies.of(runs[1], half, runs[1].run.rows - half)
    assert part.to_pylist() == originals[cuts[0] + half : cuts[1]]


def test_no_runs_have_no_duplicates(tmp_path: Path) -> None:
    with DuckDBEngine() as engine:
        found = find_duplicates((), tmp_path, engine)
        assert find_copies((), found, tmp_path, engine).of(NOWHERE, 0, 0).to_pylist() == []
    assert found.dropped == {"duplicate_id": 0, "duplicate_content": 0}
