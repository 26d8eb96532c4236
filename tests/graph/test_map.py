"""The map as a file: what is in it, what is not, and that nothing in it can run."""

import json
import math
import re
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import reviewdesk as rd
from reviewdesk.errors import MissingExtra
from reviewdesk.graph import map_data, map_views
from reviewdesk.graph.build import GraphInputs, build_graph
from reviewdesk.graph.store import Graph
from tests.report.reading import Reader

from . import planted
from .shop import prepared

REVIEWS = planted.table()


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    return planted.graph(tmp_path_factory.mktemp("map"), REVIEWS)


@pytest.fixture(scope="module")
def markup(graph: Graph, tmp_path_factory: pytest.TempPathFactory) -> str:
    return page_of(graph, tmp_path_factory.mktemp("page"))


def page_of(graph: Graph, folder: Path) -> str:
    return rd.ReviewGraph(graph).map(folder / "map.html").read_text()


def data_of(markup: str) -> dict[str, Any]:
    block = re.search(r'<script type="application/json" id="map-data">(.*?)</script>', markup)
    assert block
    data: dict[str, Any] = json.loads(block[1])
    return data


def test_the_same_reviews_in_another_order_give_the_same_map(markup: str, tmp_path: Path) -> None:
    shuffled = REVIEWS.sample(frac=1, random_state=1)
    assert page_of(planted.graph(tmp_path, shuffled), tmp_path) == markup


def test_nothing_in_titles_becomes_markup(markup: str) -> None:
    read = Reader(markup)
    assert len(read.all("script")) == 2
    assert read.all("img") == []
    assert not any(name.startswith("on") for _, attrs in read.elements for name in attrs)
    titles = dict(zip(*(data_of(markup)["products"][k] for k in ("id", "title")), strict=True))
    assert titles["P05"] == planted.HOSTILE


def test_nothing_in_names_becomes_markup(tmp_path: Path) -> None:
    reviews = planted.table(80)
    for column in ("product_category", "product_id", "review_id"):
        reviews[column] += planted.HOSTILE
    data = prepared(reviews, tmp_path / "data")
    hostile = build_graph(data, tmp_path / "graph", GraphInputs.nothing(), key=None)
    markup = page_of(hostile, tmp_path)
    assert len(Reader(markup).all("script")) == 2
    assert Reader(markup).all("img") == []
    names = data_of(markup)
    for name in (names["categories"][0], names["products"]["id"][0], names["reviews"]["id"][0]):
        assert name.endswith(planted.HOSTILE)


def test_the_page_asks_for_nothing_and_is_small_beside_its_data(markup: str) -> None:
    read = Reader(markup)
    asked = [v for _, attrs in read.elements for k, v in attrs.items() if k in ("src", "href")]
    assert all(str(one).startswith(("#", "data:")) for one in asked)
    policies = [str(one.get("content")) for one in read.all("meta")]
    assert any(policy.startswith("default-src 'none'; style-src 'sha256-") for policy in policies)
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", markup)
    assert len(markup) - len(json.dumps(data_of(markup))) < 200_000


def test_flows_are_those_of_pandas(markup: str) -> None:
    flows = pd.DataFrame(data_of(markup)["flows"])
    said = planted.predictions(REVIEWS).to_pandas().merge(REVIEWS, on="review_id")
    at = said["product_category"].str[1:].astype(int), said["label"].str[1:].astype(int)
    wanted = said.groupby([at[0].rename("assigned"), at[1].rename("predicted")]).size()
    assert flows.groupby(["assigned", "predicted"])["reviews"].sum().to_dict() == wanted.to_dict()
    sure = flows[flows["confidence"] >= 4]["reviews"].sum()
    assert sure == (said["confidence"] >= 0.9).sum()
    late = flows[flows["step"] >= data_of(markup)["steps"].index("2015")]["reviews"].sum()
    assert late == (said["review_date"] >= "2015").sum()


def test_listed_products_come_first_with_more_of_their_reviews(markup: str) -> None:
    data = data_of(markup)
    products = pd.DataFrame({k: data["products"][k] for k in ("id", "rank", "reviews", "category")})
    assert set(products["id"][:2]) == set(planted.WRONG)
    assert products["id"].tolist()[2:4] == ["P10", "P11"]
    assert products["rank"].tolist()[:5] == [0, 0, 1, 2, 3]
    assert data["listings"]["0"] == [["product-category", planted.WRONG[products["id"][0]], 0.95]]
    counts = [b - a for a, b in pairwise(data["reviews"]["start"])]
    most = [20] * 4 + [5] * 36
    assert counts == [min(*pair) for pair in zip(products["reviews"], most, strict=True)]
    first = data["reviews"]["start"][3]
    oldest = REVIEWS[REVIEWS["product_id"] == "P11"].sort_values("review_date").iloc[0]
    assert data["reviews"]["id"][first] == oldest["review_id"]
    assert data["reviews"]["listings"][str(first)] == [["review-category", "K1", 0.8]]


def test_no_customer_and_no_text_is_on_the_map_unless_the_graph_has_texts(
    markup: str, tmp_path: Path
) -> None:
    assert not re.search(r"\bC\d+\b", json.dumps(data_of(markup)))
    assert "about something" not in markup
    with_texts = page_of(planted.graph(tmp_path, REVIEWS, texts=True), tmp_path)
    assert sum("about something" in body for body in data_of(with_texts)["reviews"]["body"]) > 100
    assert len(Reader(with_texts).all("script")) == 2


def reached(views: dict[str, Any], key: str) -> list[int]:
    """Return the products of a view and of all that its bubbles lead to."""
    view = views[key]
    direct: list[int] = view["nodes"][::4]
    return direct + [p for bubble in view["bubbles"] for p in reached(views, bubble[0])]


def test_large_categories_lead_on_through_bubbles(
    graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(map_views, "MOST_NODES", 6)
    monkeypatch.setattr(map_views, "MOST_BUBBLES", 3)
    data = map_data.map_data(graph)
    views, communities = map_views.map_views(data)
    category = data.products["category"].to_pylist()
    for number in range(4):
        members = [p for p, c in enumerate(category) if c == number]
        assert sorted(reached(views, f"c{number}")) == members
    for view in views.values():
        assert len(view["nodes"]) // 4 + len(view["bubbles"]) <= 6
        circles = [view["nodes"][k + 1 : k + 4] for k in range(0, len(view["nodes"]), 4)]
        circles += [bubble[-3:] for bubble in view["bubbles"]]
        for (x, y, r), (ox, oy, o) in combinations(circles, 2):
            assert math.hypot(x - ox, y - oy) >= r + o
        assert all(r <= x <= 6000 - r for x, _, r in circles)
    assert {one.share for one in communities["words"]} == {"100%"}


def test_products_beyond_the_bound_are_counted(
    graph: Graph, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(map_data, "MOST_PRODUCTS", 10)
    monkeypatch.setattr(map_data, "MOST_REVIEWS", 50)
    markup = page_of(graph, tmp_path)
    data = data_of(markup)
    assert sum(view["left"] for key, view in data["views"].items() if key[0] == "c") == 30
    assert "10 of 40 are on this map" in markup
    assert "50 of 600 are on this map" in markup
    assert len(data["reviews"]["id"]) == 50


def test_a_graph_without_predictions_findings_days_and_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*_: object) -> None:
        raise MissingExtra("not installed")

    monkeypatch.setattr(map_data, "leiden", missing)
    data = prepared(REVIEWS.drop(columns="review_date"), tmp_path / "data")
    bare = build_graph(data, tmp_path / "graph", GraphInputs.nothing(), key=None)
    markup = page_of(bare, tmp_path)
    assert data_of(markup)["flows"]["reviews"] == []
    assert len(data_of(markup)["views"]) == 4
    assert "the extra graph of reviewdesk is not installed" in markup
    assert "10 products stand here" in markup


def test_a_graph_without_categories_says_that_there_is_nothing_to_draw(tmp_path: Path) -> None:
    data = prepared(REVIEWS.drop(columns="product_category"), tmp_path / "data")
    bare = build_graph(data, tmp_path / "graph", GraphInputs.nothing(), key=None)
    markup = page_of(bare, tmp_path)
    assert "nothing to draw" in markup
    assert data_of(markup)["products"]["id"] == []
