"""Erasing a person: all that is theirs goes, all else stays, and nothing says who it was."""

import random
import shutil
import stat
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from reviewdesk.errors import InputError, StorageError, UsageError
from reviewdesk.prepare.erase import erase
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.prepare.rejects import names_customer
from reviewdesk.prepare.sample import sample
from reviewdesk.schema import REJECTS, predictions_schema
from reviewdesk.settings import PrepareSettings, SampleSettings
from reviewdesk.storage import file_sha256, write_json
from tests.killing import Killer

from .corpus import contents, prepared, review, write_lines

PERSON = "C-4711"


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> PreparedData:
    """Reviews of which every tenth is the person's, and rejects of which some name them."""
    folder = tmp_path_factory.mktemp("erased")
    rows = [
        review(number, customer_id=PERSON if number % 10 == 3 else f"C{number}")
        for number in range(200)
    ]
    broken = [
        f'{{"customer_id": "{PERSON}", "review_body": "cut off',
        '{"customer_id": "C-47110", "review_body": "cut off',
        '{"customer_id": "XC-4711", "review_body": "cut off',
        f'{{"customer_id": "C1", "review_body": 5, "reply_to": "{PERSON}"',
    ]
    path = write_lines(folder / "a.jsonl", [*rows, *broken])
    return prepared(folder / "data", path, settings=PrepareSettings(max_rejects=1.0))


@pytest.fixture
def data(source: PreparedData, tmp_path: Path) -> PreparedData:
    shutil.copytree(source.path, tmp_path / "data")
    return PreparedData.open(tmp_path / "data")


def predictions(data: PreparedData, path: Path) -> Path:
    """Write a predictions table of three row groups."""
    ids = data.table(["review_id"])["review_id"]
    n = len(ids)
    schema = predictions_schema(["a", "b"], "sentiment")
    columns = [
        ids,
        pa.repeat("m", n),
        pa.nulls(n, pa.int16()),
        pa.repeat("a", n),
        pa.repeat(pa.scalar(0.5, pa.float32()), n),
        pa.FixedSizeListArray.from_arrays(pa.repeat(pa.scalar(0.5, pa.float32()), 2 * n), 2),
        pa.nulls(n, schema.field("evidence").type),
        pa.nulls(n, pa.int32()),
    ]
    pq.write_table(pa.table(columns, schema=schema), path, row_group_size=70)
    return path


def others(table: pa.Table) -> pa.Table:
    return table.filter(pc.not_equal(table["customer_id"], PERSON))


def test_their_reviews_go_and_all_others_stay(data: PreparedData) -> None:
    before = data.table()
    found = erase(data.path, PERSON)
    assert (found.reviews, found.rejects, found.rejects_left) == (20, 2, 2)
    now = PreparedData.open(data.path)
    now.verify()
    assert now.table() == others(before)
    assert now.fingerprint != data.fingerprint
    rejects = pq.read_table(data.path / "rejects.parquet")
    assert rejects.schema.equals(REJECTS)
    assert not any(f'"{PERSON}"'.encode() in raw for raw in rejects["raw"].to_pylist())


def test_the_manifest_still_adds_up(data: PreparedData) -> None:
    before = data.manifest
    now = erase(data.path, PERSON).data.manifest
    rows = now["rows"]
    assert rows["read"] == rows["rejected"] + rows["dropped"] + rows["written"] == 204
    assert rows["written"] == before["rows"]["written"] - 20
    assert now["dropped"]["erased"] == 22
    assert now["rejected"] == {"bad_json": before["rejected"]["bad_json"] - 2}
    assert sum(now["categories"].values()) == rows["written"]
    assert sum(now["stars"].values()) == rows["written"]
    assert now["settings"] == before["settings"]
    assert now["inputs"] == before["inputs"]


def test_nothing_says_whose_it_was(data: PreparedData, tmp_path: Path) -> None:
    erase(data.path, PERSON)
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert f'"{PERSON}"'.encode() not in path.read_bytes()
    for path in data.path.rglob("*"):
        allowed = 0o700 if path.is_dir() else 0o600
        assert stat.S_IMODE(path.stat().st_mode) == allowed
    assert list(tmp_path.iterdir()) == [data.path]


def test_months_without_them_keep_their_bytes(data: PreparedData) -> None:
    before = contents(data.path)
    everything = data.table(["customer_id", "review_date"])
    days = everything.filter(pc.equal(everything["customer_id"], PERSON))["review_date"]
    theirs = {str(day)[:7] for day in days.to_pylist()}
    now = contents(erase(data.path, PERSON).data.path)
    for name, raw in before.items():
        if name.startswith("reviews/"):
            assert (now.get(name) == raw) == (name.split("=")[1][:7] not in theirs)


def test_a_month_that_was_only_theirs_goes(tmp_path: Path) -> None:
    rows = [review(1), review(2, customer_id=PERSON, review_date="1999-01-01")]
    prepared(tmp_path / "data", write_lines(tmp_path / "a.jsonl", rows))
    now = erase(tmp_path / "data", PERSON).data
    assert [part["month"] for part in now.manifest["partitions"]] == ["2011-02"]
    assert not (now.path / "reviews" / "review_month=1999-01").exists()


def test_all_of_it_can_be_theirs(tmp_path: Path) -> None:
    rows = [review(1, customer_id=PERSON)]
    prepared(tmp_path / "data", write_lines(tmp_path / "a.jsonl", rows))
    now = erase(tmp_path / "data", PERSON).data
    assert now.rows == 0
    assert PreparedData.open(now.path).table().num_rows == 0


def test_predictions_and_rejects_that_are_given_with_it(data: PreparedData, tmp_path: Path) -> None:
    table = predictions(data, tmp_path / "p.parquet")
    rejects = tmp_path / "p.rejects.parquet"
    shutil.copy(data.path / "rejects.parquet", rejects)
    before = pq.read_table(table)
    expected = others(data.table())["review_id"].to_pylist()
    found = erase(data.path, PERSON, [table, rejects])
    assert found.tables == {str(table): 20, str(rejects): 2}
    now = pq.read_table(table)
    assert now["review_id"].to_pylist() == expected
    assert now.schema.equals(before.schema, check_metadata=True)
    assert stat.S_IMODE(table.stat().st_mode) == 0o600


def test_a_table_that_names_nobody_stops_before_anything_changes(
    data: PreparedData, tmp_path: Path
) -> None:
    before = contents(data.path)
    pq.write_table(pa.table({"text": ["a"]}), tmp_path / "t.parquet")
    (tmp_path / "t.txt").write_text("text")
    good = predictions(data, tmp_path / "p.parquet")
    raw = good.read_bytes()
    with pytest.raises(InputError, match="no column review_id"):
        erase(data.path, PERSON, [good, tmp_path / "t.parquet"])
    with pytest.raises(InputError, match="no Parquet file"):
        erase(data.path, PERSON, [good, tmp_path / "t.txt"])
    with pytest.raises(StorageError, match="does not exist"):
        erase(data.path, PERSON, [good, tmp_path / "none.parquet"])
    assert contents(data.path) == before
    assert good.read_bytes() == raw


@pytest.mark.parametrize("customer", ["C-471", "c-4711", "C-4711 ", "nobody", ".*"])
def test_only_the_very_id_is_meant(data: PreparedData, customer: str) -> None:
    before = contents(data.path)
    with pytest.raises(InputError, match="nobody was erased"):
        erase(data.path, customer)
    assert contents(data.path) == before


def test_an_id_that_json_spells_otherwise(tmp_path: Path) -> None:
    broken = ['{"customer_id": "J\\u00f6rg", "review_body": ', '{"customer_id": "Jörg", "review_']
    path = write_lines(tmp_path / "a.jsonl", [review(1), *broken])
    prepared(tmp_path / "data", path, settings=PrepareSettings(max_rejects=1.0))
    assert erase(tmp_path / "data", "Jörg").rejects == 2


@pytest.mark.parametrize("asked", ["Zo\u00eb K", "Zoe\u0308 K"])
def test_unicode_forms_are_one_person(tmp_path: Path, asked: str) -> None:
    names = ["Zo\u00eb K", "Zoe\u0308 K", "zo\u00eb k", "Zoe K", "Zo\u00eb Kay"]
    rows = [review(n, customer_id=name) for n, name in enumerate(names)]
    broken = [f'{{"customer_id": "{name}", "rev' for name in names]
    path = write_lines(tmp_path / "a.jsonl", [*rows, *broken])
    prepared(tmp_path / "data", path, settings=PrepareSettings(max_rejects=1.0))
    found = erase(tmp_path / "data", asked)
    assert (found.reviews, found.rejects, found.rejects_left) == (2, 2, 3)


@pytest.mark.parametrize("asked", ["12345678", "12345678.0"])
def test_a_number_is_found_as_programs_write_it(tmp_path: Path, asked: str) -> None:
    path = tmp_path / "a.csv"
    numbers = [12345678, None, 123456780]
    texts = [f"The kettle number {n} boils" for n in range(3)]
    pd.DataFrame({"user_id": numbers, "text": texts}).to_csv(path, index=False)
    with path.open("a") as file:
        file.write("12345678.0,one field,too many\n12345678.5,one,more\n")
    prepared(tmp_path / "data", path, settings=PrepareSettings(max_rejects=1.0))
    found = erase(tmp_path / "data", asked)
    assert (found.reviews, found.rejects, found.rejects_left) == (1, 1, 1)


@pytest.mark.parametrize(
    ("customer", "raw"),
    [
        ('Joe "X" Smith', b'2,"Joe ""X"" Smith",text'),
        ('Joe "X" Smith', b'{"user": "Joe \\"X\\" Smith", '),
        ("Zo\u00eb K", "1,Zo\u00eb K,gut".encode("cp1252")),
        ("Zo\u00eb K", "1,Zo\u00eb K,gut".encode("utf-16-le")),
        ("Zo\u00eb K", b'{"user": "Zo\\u00EB K"'),
        ("Zo\u00eb K", b"1,Zoe\xcc\x88 K,gut"),
        ("\U0001f600 Al", b'{"user": "\\ud83d\\ude00 Al"'),
        ("O'Neil & Co", b"1,O&#39;Neil &amp; Co,good"),
        ("Al/Bo", b'{"user": "Al\\/Bo"'),
        ("12345678", b"12345678.0,fine"),
    ],
)
def test_rejects_are_searched_as_they_stand(customer: str, raw: bytes) -> None:
    rows = pa.chunked_array([[raw, b"1,somebody else,text", raw.replace(b"1,", b"2,")]])
    assert names_customer(rows, customer).tolist() == [True, False, True]


def test_no_id(data: PreparedData) -> None:
    with pytest.raises(UsageError, match="empty"):
        erase(data.path, "")


def test_it_says_where_else_they_may_be(data: PreparedData) -> None:
    said = "\n".join(erase(data.path, PERSON).elsewhere)
    assert "a.jsonl" in said
    assert data.fingerprint[:16] in said
    assert PERSON not in said


def test_what_an_interrupted_preparation_has_staged_goes_too(data: PreparedData) -> None:
    aside = data.path.with_name(".data.partial")
    aside.mkdir()
    (aside / "staged").write_text(PERSON)
    with pytest.raises(InputError):
        erase(data.path, "nobody")
    assert not aside.exists()


def test_killed_while_the_folder_was_away(data: PreparedData, tmp_path: Path) -> None:
    """Where folders cannot change places: the next run finds the new one beside its place."""
    shutil.copytree(data.path, tmp_path / "before")
    erase(data.path, PERSON)
    expected = contents(data.path)
    aside = tmp_path / ".data.partial"
    aside.mkdir()
    write_json(aside / "plan.json", {"step": "erase"})
    (aside / "published").write_text(file_sha256(data.path / "manifest.json"))
    data.path.rename(tmp_path / ".data.new")
    (tmp_path / "before").rename(tmp_path / ".data.old")
    found = erase(data.path, PERSON)
    assert found.reviews == 0
    assert contents(data.path) == expected
    assert list(tmp_path.iterdir()) == [data.path]


def test_killed_at_random_moments(source: PreparedData, tmp_path: Path) -> None:
    def copied(name: str) -> tuple[Path, Path]:
        (tmp_path / name).mkdir()
        shutil.copytree(source.path, tmp_path / name / "data")
        return tmp_path / name / "data", predictions(source, tmp_path / name / "p.parquet")

    chance = random.Random(6)
    with Killer("tests.prepare.steps:erase_customer") as killer:
        good, table = copied("good")
        whole = killer.run(good, PERSON, table)
        expected = contents(good.parent)
        out, table = copied("killed")
        kills = 0
        while kills < 20:
            if killer.kill(out, PERSON, table, after=chance.random() * whole):
                kills += 1
            elif contents(out.parent) != expected:
                pytest.fail("a run that ended left something behind")
            else:
                shutil.rmtree(out.parent)
                out, table = copied("killed")
        killer.run(out, PERSON, table)
        assert contents(out.parent) == expected


def test_no_copy_of_an_erased_review_stays(tmp_path: Path) -> None:
    """Copies have the customer in common, also in a sample that lacks the original."""
    text = "The same words of more than fifty characters about all variants of it, number one."
    rows = [
        review(n, product_id=f"V{n}", customer_id=PERSON, review_body=text, star_rating=5)
        | {"review_date": "2015-01-01"}
        for n in range(40)
    ]
    rows += [review(n) for n in range(40, 120)]
    data = prepared(tmp_path / "data", write_lines(tmp_path / "a.jsonl", rows))
    part = sample(data, tmp_path / "part", SampleSettings(fraction=0.1))
    copies = part.table(["review_id", "copy_of"]).to_pylist()
    assert {row["copy_of"] for row in copies} - {None} == {"R000000"}
    assert "R000000" not in {row["review_id"] for row in copies}
    for one in (data, part):
        found = erase(one.path, PERSON).data
        assert 0 < found.rows < one.rows
        assert found.table(["copy_of"])["copy_of"].null_count == found.rows
        assert found.manifest["copies"] == 0
