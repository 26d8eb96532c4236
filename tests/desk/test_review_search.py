"""Searching reviews and products gives what reading all of them gives."""

import io
import re
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import anyio
import httpx
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reviewdesk.desk import word_index
from reviewdesk.desk.app import create_app
from reviewdesk.desk.desk import open_desk
from reviewdesk.desk.export import streamed, written
from reviewdesk.desk.review_index import open_index, pseudonym
from reviewdesk.desk.review_search import ReviewFilter, ReviewSearch
from reviewdesk.desk.reviews import EXPORTED, ReviewReader
from reviewdesk.desk.word_index import PARTIAL, ReviewWords, write_words
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.report.numbers import share
from reviewdesk.serving.metrics import Metrics
from reviewdesk.settings import ServeSettings
from tests.desk.desks import RunningDesk
from tests.report.reading import Reader

KEY = b"k" * 32
HTML = {"accept": "text/html"}


@pytest.fixture(scope="module")
def search(desk_job: Path, tmp_path_factory: pytest.TempPathFactory) -> ReviewSearch:
    data = PreparedData.open(desk_job / "prepared")
    predictions = {"sentiment": desk_job / "sentiment" / "predictions.parquet"}
    return ReviewSearch(open_index(data, predictions, tmp_path_factory.mktemp("cache"), KEY))


@pytest.fixture(scope="module")
def table(desk_job: Path) -> pd.DataFrame:
    reviews = PreparedData.open(desk_job / "prepared").table().to_pandas()
    said = pd.read_parquet(desk_job / "sentiment" / "predictions.parquet")
    reviews = reviews.merge(said[["review_id", "label", "probability"]], on="review_id")
    reviews["month"] = pd.to_datetime(reviews["review_date"]).dt.strftime("%Y-%m")
    reviews["text"] = reviews["review_headline"].fillna("") + "\n" + reviews["review_body"]
    return reviews


@pytest.fixture
def client(open_desk: RunningDesk) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=open_desk.url, headers=HTML, timeout=60) as one:
        yield one


def test_words_of_many_reviews_are_indexed_beside(
    desk_job: Path, tmp_path: Path, table: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = tmp_path / "shop"
    shutil.copytree(desk_job.parent, shop, ignore=shutil.ignore_patterns("desk"))
    may_begin = threading.Event()
    run = ReviewWords._run

    def later(self: ReviewWords) -> None:
        may_begin.wait()
        run(self)

    monkeypatch.setattr(word_index, "AT_ONCE", 0)
    monkeypatch.setattr(ReviewWords, "_run", later)
    opened = open_desk(shop / "job", ServeSettings())

    async def ask(path: str) -> httpx.Response:
        transport = httpx.ASGITransport(create_app(opened, Metrics()))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as one:
            return await one.get(path, headers=HTML)

    assert f"are being indexed: {share(0.0, 0)} so far" in anyio.run(ask, "/reviews?q=the").text
    assert "are being indexed" in anyio.run(ask, "/products?q=the").text
    assert anyio.run(ask, "/reviews/export/csv?q=the").status_code == 503
    assert f"{len(table):,} reviews" in anyio.run(ask, "/reviews").text
    words = opened.search.index.words
    may_begin.set()
    while not (words.is_there() or words.failed):
        time.sleep(0.05)
    assert f"{with_word(table, 'the').sum():,} reviews" in anyio.run(ask, "/reviews?q=the").text
    assert words.share() == 1
    opened.decisions.close()


def test_words_that_could_not_be_indexed_are_said_to_be_missing(
    desk_job: Path, tmp_path: Path
) -> None:
    data = PreparedData.open(desk_job / "prepared")
    words = ReviewWords(tmp_path, data)
    (tmp_path / PARTIAL).mkdir()  # in the way
    words._run()
    assert words.failed
    assert not words.is_there()
    (tmp_path / PARTIAL).rmdir()
    write_words(tmp_path, data)
    assert words.is_there()
    with closing(words.connect()) as base:
        assert base.execute("SELECT count(*) FROM reviews").fetchone() == (data.rows,)


def test_reviews_stay_what_they_are_while_others_take_their_place(
    desk_job: Path, tmp_path: Path
) -> None:
    shutil.copytree(desk_job / "prepared", tmp_path / "prepared")
    data = PreparedData.open(tmp_path / "prepared")
    names = data.table(["review_id"])["review_id"].to_pylist()
    reviews = ReviewReader(open_index(data, {}, tmp_path / "cache", KEY))
    (tmp_path / "prepared").rename(tmp_path / "gone")  # as an update does
    shutil.rmtree(tmp_path / "gone")
    assert [review.id for review in reviews.at(range(len(names)))] == names


def with_word(table: pd.DataFrame, word: str) -> pd.Series:
    return table["text"].str.contains(rf"\b{word}\b", case=False, regex=True)


def ids(search: ReviewSearch, wanted: ReviewFilter) -> set[str]:
    rows = search.find(wanted).rows.tolist()
    return {review.id for review in ReviewReader(search.index).at(rows)}


def test_filters_leave_what_a_plain_filter_leaves(
    search: ReviewSearch, table: pd.DataFrame
) -> None:
    product = table["product_id"].mode()[0]
    customer = table["customer_id"].mode()[0]
    name = f"{pseudonym(KEY, customer):016x}"
    months = sorted(table["month"].dropna())
    low, high = months[len(months) // 3], months[2 * len(months) // 3]
    percent = (table["probability"] * 100) // 1
    category = table["product_category"].mode()[0]
    for wanted, expected in (
        (ReviewFilter(), table["text"].notna()),
        (ReviewFilter(words="great"), with_word(table, "great")),
        (ReviewFilter(words="great the"), with_word(table, "great") & with_word(table, "the")),
        (ReviewFilter(product=product), table["product_id"] == product),
        (ReviewFilter(customer=name), table["customer_id"] == customer),
        (ReviewFilter(since=low, until=high), table["month"].between(low, high)),
        (
            ReviewFilter(choices={"stars": "1", "label-sentiment": "negative"}),
            (table["star_rating"] == 1) & (table["label"] == "negative"),
        ),
        (
            ReviewFilter(
                words="the", since=low, choices={"sure-sentiment": "80-94", "category": category}
            ),
            with_word(table, "the") & (table["month"] >= low) & percent.between(80, 94)
            & (table["product_category"] == category),
        ),
        (ReviewFilter(words='OR NEAR( * "'), with_word(table, "or") & with_word(table, "near")),
        (ReviewFilter(product="nothing"), table["product_id"] == "nothing"),
    ):  # fmt: skip
        assert ids(search, wanted) == set(table["review_id"][expected]), wanted


def test_counts_of_facets_are_plain_counts(search: ReviewSearch, table: pd.DataFrame) -> None:
    found = search.find(ReviewFilter(words="the", choices={"stars": "5"}))
    said = table[with_word(table, "the")]
    stars = said["star_rating"].value_counts()
    assert dict(found.facets["stars"]) == {str(n): count for n, count in stars.items()}
    five = said[said["star_rating"] == 5]
    assert dict(found.facets["category"]) == five["product_category"].value_counts().to_dict()
    assert dict(found.facets["label-sentiment"]) == five["label"].value_counts().to_dict()
    languages = five["review_language"].value_counts()
    assert dict(found.facets["language"]) == languages.to_dict()
    assert {m: n for m, n in found.months if n} == five["month"].value_counts().to_dict()


def test_words_in_quotes_stand_together(search: ReviewSearch, table: pd.DataFrame) -> None:
    expected = table["text"].str.contains(r"\bit\W+was\b", case=False, regex=True)
    assert expected.any()
    assert ids(search, ReviewFilter(words='"it was"')) == set(table["review_id"][expected])


def test_products_by_title_id_and_words(search: ReviewSearch, table: pd.DataFrame) -> None:
    row = table.iloc[7]
    names = search.index.products["id"].to_pylist()
    assert names[search.products(row["product_id"], 5)[0][0]] == row["product_id"]
    hits = [names[code] for code, _ in search.products(row["product_title"], 40)]
    assert row["product_id"] in hits
    word = "disappointed"
    counts = table[with_word(table, word)].groupby("product_id").size()
    for code, number in search.products(word, 40):
        assert number in (0, counts[names[code]])


def test_an_index_that_is_deleted_or_another_s_is_made_again(
    desk_job: Path, tmp_path: Path
) -> None:
    data = PreparedData.open(desk_job / "prepared")
    first = open_index(data, {}, tmp_path, KEY)
    assert first.folder.stat().st_mode & 0o777 == 0o700
    assert "customer_id" not in {path.stem for path in first.folder.iterdir()}
    (tmp_path / f".{first.folder.name}.partial").mkdir()
    shutil.rmtree(first.folder)
    assert open_index(data, {}, tmp_path, KEY).folder == first.folder
    other = open_index(data, {}, tmp_path, b"j" * 32)
    assert other.folder != first.folder
    assert not first.folder.exists()
    own = [path for path in other.folder.iterdir() if path.is_file()]  # not the links to reviews
    raw = b"".join(path.read_bytes() for path in own)
    for customer in data.table(["customer_id"]).column(0).to_pylist()[:50]:
        assert customer.encode() not in raw


def test_pages_of_products_categories_and_customers(
    client: httpx.Client, table: pd.DataFrame
) -> None:
    product = table["product_id"].mode()[0]
    page = client.get(f"/products/{quote(product)}").text
    own = table[table["product_id"] == product]
    assert f"All {len(own)} reviews" in Reader(page).text
    assert f"{own['star_rating'].mean():.1f}" in Reader(page).text
    category = table["product_category"].mode()[0]
    assert client.get(f"/categories/{quote(category)}").status_code == 200
    listed = client.get("/reviews").text
    customer = re.search(r"/customers/(\w{16})", listed)
    assert customer
    assert client.get(f"/customers/{customer[1]}").status_code == 200
    for path in (
        "/products/none",
        "/categories/none",
        "/customers/0",
        "/customers/zz",
        "/reviews/none",
    ):
        assert client.get(path).status_code == 404, path


@pytest.mark.parametrize("kind", ["csv", "parquet", "jsonl"])
def test_a_selection_of_reviews_goes_out(
    client: httpx.Client, table: pd.DataFrame, kind: str
) -> None:
    answer = client.get(f"/reviews/export/{kind}", params={"stars": "1", "q": "the"})
    read = {"csv": pd.read_csv, "parquet": pd.read_parquet}.get(
        kind, lambda file: pd.read_json(file, lines=True)
    )
    out = read(io.BytesIO(answer.content))
    expected = table[with_word(table, "the") & (table["star_rating"] == 1)]
    assert set(out["review_id"]) == set(expected["review_id"])
    assert not set(out["customer"].astype(str)) & set(table["customer_id"])


@pytest.mark.parametrize("kind", ["csv", "parquet", "jsonl"])
def test_a_file_of_reviews_is_sent_while_it_is_written(
    search: ReviewSearch, table: pd.DataFrame, kind: str
) -> None:
    rows = search.find(ReviewFilter()).rows
    whole = search.reviews.at(rows.tolist())
    parts = list(search.reviews.tables(rows, 100))
    assert [part.num_rows for part in parts[:-1]] == [100] * (len(parts) - 1)
    names = [name for part in parts for name in part["review_id"].to_pylist()]
    assert names == [review.id for review in whole]
    for part, first in zip(parts, whole[::100], strict=True):
        row = part.slice(0, 1).to_pylist()[0]
        assert (row["review_body"], row["review_date"]) == (first.body, first.day)
        assert row["customer"] == (first.customer or None)
        assert row["labels"] == [f"{t}={v.label} ({v.sure} %)" for t, v in first.labels.items()]
    pieces = list(streamed(EXPORTED, parts, kind))
    assert max(map(len, pieces)) < 0.3 * sum(map(len, pieces))
    at_once = io.BytesIO()
    written(pa.concat_tables(parts), kind, at_once)
    if kind == "parquet":
        assert pq.read_table(io.BytesIO(b"".join(pieces))) == pq.read_table(at_once)
    else:
        assert b"".join(pieces) == at_once.getvalue()


def test_languages_are_named(client: httpx.Client) -> None:
    page = client.get("/reviews?language=en").text
    assert ">English" in page
    assert "too short to tell" in client.get("/reviews").text
