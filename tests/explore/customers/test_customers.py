import re
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from reviewdesk.errors import UsageError
from reviewdesk.explore.customers.customers import read_customers
from reviewdesk.explore.customers.section import CustomersView, customers_blocks
from reviewdesk.explore.customers.tables import SCHEMAS, Customers, write_phrases
from reviewdesk.explore.explore import explore
from reviewdesk.explore.figures import figures_folder, write_figures
from reviewdesk.prepare.prepared import PreparedData
from tests.explore.corpus import explored

from .shop import prepared_shop, rows

Row = dict[str, Any]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> PreparedData:
    return prepared_shop(tmp_path_factory.mktemp("shop") / "shop")


@pytest.fixture(scope="module")
def customers(data: PreparedData) -> Customers:
    return read_customers(data)


def listed(customers: Customers, scope: str, part: str, side: str) -> list[Row]:
    return [
        row
        for row in customers.of(scope, part).to_pylist()
        if row["side"] == side and row["kind"] == "phrase"
    ]


def lamp(customers: Customers) -> Row:
    return listed(customers, "product", "LAMP", "low")[0]


def test_complaints_and_praise_are_listed_with_their_shares(customers: Customers) -> None:
    line = lamp(customers)
    assert line["text"] == "lamp flickers"
    told = [
        row
        for row in rows()
        if row["product_id"] == "LAMP" and "flicker" in row["review_body"].lower()
    ]
    low = [row for row in rows() if row["product_id"] == "LAMP" and row["star_rating"] <= 2]
    assert line["reviews"] == len(told)
    assert line["share"] == pytest.approx(len(told) / len(low))
    assert line["other_reviews"] == 0
    assert line["q"] < 0.05
    praise = listed(customers, "product", "CUP", "high")
    assert praise[0]["text"] == "easy to clean"
    complaints = [row["text"] for row in listed(customers, "product", "CUP", "low")]
    assert "easy to clean" not in complaints
    assert listed(customers, "category", "Lights", "low")[0]["text"] == line["text"]


def test_what_began_late_is_rising(customers: Customers) -> None:
    line = lamp(customers)
    assert line["trend"] == "rising"
    months = customers.months.filter(pc.equal(customers.months["entry"], line["entry"])).to_pylist()
    assert [row["month"] for row in months] == sorted({row["month"] for row in months})
    assert sum(row["reviews"] for row in months) == line["reviews"]
    assert all(row["reviews"] == 0 for row in months if row["month"] < "2014")


def test_groups_that_say_it_more_often_are_told(customers: Customers) -> None:
    line = lamp(customers)
    groups = customers.groups.filter(pc.equal(customers.groups["entry"], line["entry"])).to_pylist()
    by = {(row["by"], row["group"]): row for row in groups}
    assert {row["by"] for row in groups} == {"purchase", "votes"}  # one shop, no vine
    unverified, verified = by["purchase", "unverified"], by["purchase", "verified"]
    assert unverified["share"] > verified["share"]
    assert unverified["q"] < 0.05
    assert unverified["reviews"] + verified["reviews"] == line["reviews"]


def test_three_reviews_show_each_phrase(customers: Customers, data: PreparedData) -> None:
    texts = data.table(["review_id", "review_body"]).to_pylist()
    bodies = {row["review_id"]: row["review_body"] for row in texts}
    for line in customers.phrases.to_pylist():
        chosen = pc.equal(customers.examples["entry"], line["entry"])
        shown = customers.examples.filter(chosen).to_pylist()
        assert len(shown) == 3
        assert len({row["review_id"] for row in shown}) == 3
        for row in shown:
            phrase = row["excerpt"][row["begin"] : row["end"]]
            assert phrase
            assert phrase in bodies[row["review_id"]]


def test_ratings_dealt_out_by_chance_tell_nothing(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    dealt = [{**row, "star_rating": int(random.choice([1, 2, 4, 5]))} for row in rows()]
    assert read_customers(explored(tmp_path / "dealt", dealt)).phrases.num_rows == 0


def test_names_of_products_are_no_praise(tmp_path: Path) -> None:
    said = [
        {**row, "review_body": f"{row['review_body']} We all love the Aurora Lamp so much."}
        if row["star_rating"] > 3
        else row
        for row in rows()
    ]
    texts = read_customers(explored(tmp_path / "named", said)).phrases["text"].to_pylist()
    assert not [text for text in texts if text in ("aurora lamp", "love the aurora")]


@pytest.mark.parametrize(
    "without", ["star_rating", "product_id", "product_category", "review_date", "product_title"]
)
def test_columns_may_be_missing(tmp_path: Path, without: str) -> None:
    bare = [{name: value for name, value in row.items() if name != without} for row in rows(200)]
    found = read_customers(explored(tmp_path / "bare", bare))
    assert (found.phrases.num_rows == 0) or without != "star_rating"
    scopes = set(found.phrases["scope"].to_pylist())
    assert "product" in scopes or without == "star_rating"  # without ids, titles tell products


def test_without_reviews_nobody_says_anything(tmp_path: Path) -> None:
    found = read_customers(explored(tmp_path / "none", []))
    assert found.phrases.num_rows == 0
    assert {name: table.schema for name, table in found.tables().items()} == {
        f"customers_{name}": schema for name, schema in SCHEMAS.items()
    }


def test_tables_come_back_from_the_folder_of_figures(data: PreparedData, tmp_path: Path) -> None:
    found = explore(data)
    write_figures(found, figures_folder(tmp_path / "page.html"))
    opened = Customers.open(tmp_path / "page.figures")
    assert all(
        table.equals(found.customers.tables()[name]) for name, table in opened.tables().items()
    )


def test_phrases_go_into_a_spreadsheet(customers: Customers, tmp_path: Path) -> None:
    assert write_phrases(customers, tmp_path / "phrases.csv") == 0
    table = pyarrow.csv.read_csv(tmp_path / "phrases.csv")
    assert table["text"].to_pylist() == customers.phrases["text"].to_pylist()
    assert all(len(cell.split("; ")) == 3 for cell in table["examples"].to_pylist())
    write_phrases(customers, tmp_path / "phrases.parquet")
    assert pq.read_table(tmp_path / "phrases.parquet").num_rows == customers.phrases.num_rows
    with pytest.raises(UsageError, match=r"written as \.csv or \.parquet"):
        write_phrases(customers, tmp_path / "phrases.xls")


def test_the_page_marks_phrases_and_escapes_reviews(tmp_path: Path) -> None:
    hostile = [
        {**row, "review_body": row["review_body"].replace("at night", "at <script>night</script>")}
        for row in rows()
    ]
    view = CustomersView(read_customers(explored(tmp_path / "hostile", hostile)))
    markup = "".join(block.markup for block in customers_blocks(view, "Lights"))
    assert re.search("<mark>[^<]*flicker[^<]*</mark>", markup)
    assert "<script" not in markup
    assert "Aurora Lamp" in markup
