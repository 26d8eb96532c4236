"""Tables of a graph against pandas, and what a build may and may not do."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from reviewdesk.errors import InputError, MissingColumn, UsageError
from reviewdesk.graph.pseudonyms import pseudonym, read_key
from reviewdesk.graph.schema import TABLES
from reviewdesk.graph.store import Graph
from reviewdesk.job.graph import build

from .shop import predictions, prepared, rows

TABLE = rows()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("graph")
    prepared(TABLE, folder / "data")
    return folder


@pytest.fixture(scope="module")
def said(folder: Path) -> pd.DataFrame:
    return predictions(TABLE, folder / "said.parquet")


@pytest.fixture(scope="module")
def graph(folder: Path, said: pd.DataFrame) -> Graph:
    return build(
        folder / "data", folder / "g", predictions=[folder / "said.parquet"], clear_customers=True
    )


def frame(graph: Graph, name: str) -> pd.DataFrame:
    found: pd.DataFrame = graph.table(name).to_pandas()
    return found


def joined(
    graph: Graph, edges: str, source: tuple[str, str], target: tuple[str, str]
) -> pd.DataFrame:
    """Return edges with the names of their ends as the columns ``a`` and ``b``."""
    table = frame(graph, edges)
    table["a"] = frame(graph, source[0]).set_index("id")[source[1]].loc[table["source"]].to_numpy()
    table["b"] = frame(graph, target[0]).set_index("id")[target[1]].loc[table["target"]].to_numpy()
    return table


def test_customers_and_products_are_those_of_the_reviews(graph: Graph) -> None:
    customers = frame(graph, "customers").set_index("customer_id")
    by_customer = TABLE.dropna(subset="customer_id").groupby("customer_id")
    assert customers["reviews"].to_dict() == by_customer.size().to_dict()
    assert customers["products"].to_dict() == by_customer["product_id"].nunique().to_dict()
    pd.testing.assert_series_equal(
        customers["mean_stars"], by_customer["star_rating"].mean(), check_names=False
    )
    products = frame(graph, "products").set_index("product_id")
    variants, by_product = products[~products["is_parent"]], TABLE.groupby("product_id")
    assert variants["reviews"].to_dict() == by_product.size().to_dict()
    assert variants["title"].to_dict() == by_product["product_title"].first().to_dict()
    assert variants["first_date"].astype(str).to_dict() == by_product["review_date"].min().to_dict()
    parents = TABLE.groupby("product_parent")["product_id"].nunique()
    assert set(products[products["is_parent"]].index) == set(parents[parents > 1].index)


def test_edges_join_what_the_reviews_join(graph: Graph, said: pd.DataFrame) -> None:
    known = TABLE.dropna(subset="customer_id")
    bought = joined(graph, "bought", ("customers", "customer_id"), ("products", "product_id"))
    wanted = known.groupby(["customer_id", "product_id"]).size()
    assert {(r.a, r.b): r.reviews for r in bought.itertuples()} == wanted.to_dict()
    wrote = joined(graph, "wrote", ("customers", "customer_id"), ("reviews", "review_id"))
    pairs = zip(known["customer_id"], known["review_id"], strict=True)
    assert set(zip(wrote["a"], wrote["b"], strict=True)) == set(pairs)
    reviewed = joined(graph, "reviewed", ("reviews", "review_id"), ("products", "product_id"))
    pairs = zip(TABLE["review_id"], TABLE["product_id"], strict=True)
    assert set(zip(reviewed["a"], reviewed["b"], strict=True)) == set(pairs)
    assigned = joined(graph, "assigned", ("products", "product_id"), ("categories", "name"))
    sizes = TABLE.groupby(["product_id", "product_category"]).size().to_dict()
    assert {(r.a, r.b): r.reviews for r in assigned.itertuples()} == sizes
    predicted = joined(graph, "predicted", ("reviews", "review_id"), ("categories", "name"))
    found = {(r.a, r.b, r.confidence, r.model) for r in predicted.itertuples()}
    assert found == set(said.itertuples(index=False, name=None))


def test_the_same_reviews_in_another_order_give_the_same_bytes(
    graph: Graph, folder: Path, said: pd.DataFrame
) -> None:
    shuffled = TABLE.sample(frac=1, random_state=3)
    prepared(shuffled, folder / "shuffled")
    said.sample(frac=1, random_state=4).to_csv(folder / "said.csv", index=False)
    other = build(
        folder / "shuffled", folder / "g2", predictions=[folder / "said.csv"], clear_customers=True
    )
    assert other.manifest["files"] == graph.manifest["files"]


def test_customers_have_names_that_only_the_key_gives(folder: Path) -> None:
    coded = build(folder / "data", folder / "coded")
    key = folder / "coded.key"
    assert key.stat().st_mode & 0o077 == 0
    names = set(frame(coded, "customers")["customer_id"])
    secret = read_key(key)
    assert names == {pseudonym(one, secret) for one in TABLE["customer_id"].dropna().unique()}
    known = set(TABLE["customer_id"].dropna())
    for name in TABLES:
        texts = coded.table(name).to_pandas().select_dtypes(["object", "string"])
        assert not known & set(texts.to_numpy().ravel().tolist())
    again = build(folder / "data", folder / "again", key=key)
    assert again.manifest["files"] == coded.manifest["files"]
    key.chmod(0o644)
    with pytest.raises(InputError, match="chmod 600"):
        build(folder / "data", folder / "third", key=key)


def test_texts_are_there_only_on_request(graph: Graph, folder: Path) -> None:
    assert frame(graph, "reviews")["body"].isna().all()
    full = build(folder / "data", folder / "full", clear_customers=True, texts=True)
    bodies = frame(full, "reviews").set_index("review_id")["body"]
    assert bodies.to_dict() == TABLE.set_index("review_id")["review_body"].to_dict()


def test_a_finished_graph_is_not_built_again_and_another_not_replaced(
    graph: Graph, folder: Path
) -> None:
    before = (graph.path / "graph.json").stat().st_mtime_ns
    same = {"predictions": [folder / "said.parquet"], "clear_customers": True}
    build(folder / "data", graph.path, **same)  # type: ignore[arg-type]
    assert (graph.path / "graph.json").stat().st_mtime_ns == before
    with pytest.raises(UsageError, match="--overwrite"):
        build(folder / "data", graph.path, clear_customers=True)
    (folder / "mine").mkdir()
    (folder / "mine" / "letter.txt").write_text("dear")
    with pytest.raises(UsageError, match="something else"):
        build(folder / "data", folder / "mine")


def test_damage_is_noticed(folder: Path) -> None:
    graph = build(folder / "data", folder / "hurt", clear_customers=True)
    path = graph.file("bought")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(InputError, match="bought.parquet is damaged"):
        Graph.open(graph.path)
    with pytest.raises(InputError, match="not a graph"):
        Graph.open(folder / "data")


@pytest.mark.parametrize(
    ("columns", "error", "match"),
    [
        ({"review_id": ["R0000"], "label": ["K1"]}, MissingColumn, "confidence"),
        ({"review_id": ["R0"], "label": ["K"], "confidence": [1.5]}, InputError, "from 0 to 1"),
        ({"review_id": ["R0"], "label": [None], "confidence": [0.5]}, InputError, "missing"),
        ({"review_id": ["R0"], "label": ["K"], "confidence": ["so"]}, InputError, "another kind"),
    ],
)
def test_predictions_that_do_not_fit_are_said(
    folder: Path, columns: dict[str, list[object]], error: type[Exception], match: str
) -> None:
    path = folder / "odd.parquet"
    pd.DataFrame(columns).to_parquet(path)
    with pytest.raises(error, match=match):
        build(folder / "data", folder / "odd", predictions=[path], clear_customers=True)


def test_reviews_without_products_make_no_graph(tmp_path: Path) -> None:
    prepared(TABLE[["review_id", "review_body", "star_rating"]], tmp_path / "data")
    with pytest.raises(InputError, match="no review names a product"):
        build(tmp_path / "data", tmp_path / "g")


KILLED = """
import os, signal, sys
from pathlib import Path
from reviewdesk.graph import build as staging, table_writing
from reviewdesk.job.graph import build

steps, write = int(sys.argv[1]), table_writing.write_parquet
def counted(path, *rest):
    global steps
    write(path, *rest)
    steps -= 1
    if steps == 0:
        os.kill(os.getpid(), signal.SIGKILL)
staging.write_parquet = table_writing.write_parquet = counted
build(Path(sys.argv[2]), Path(sys.argv[3]), clear_customers=True)
"""


def test_killed_at_any_step_it_goes_on_to_the_same_graph(folder: Path) -> None:
    whole = build(folder / "data", folder / "whole", clear_customers=True)
    for step in (2, 9):
        out = folder / f"killed-{step}"
        command = [sys.executable, "-c", KILLED, str(step), str(folder / "data"), str(out)]
        run = subprocess.run(command, check=False, env=os.environ)
        assert run.returncode == -signal.SIGKILL
        assert not out.exists()
        resumed = build(folder / "data", out, clear_customers=True)
        assert resumed.manifest["files"] == whole.manifest["files"]
        assert not list(folder.glob(f".killed-{step}*"))


def test_means_count_stars_without_a_text(tmp_path: Path) -> None:
    table = rows(300)
    silent = table.copy()
    silent.loc[silent.index % 3 == 0, "review_body"] = ""
    prepared(silent, tmp_path / "silent")
    graph = build(tmp_path / "silent", tmp_path / "graph", clear_customers=True)
    reviews = frame(graph, "reviews")
    assert len(reviews) == 200
    for name, key in (("products", "product_id"), ("customers", "customer_id")):
        nodes = frame(graph, name)
        if name == "products":
            nodes = nodes[~nodes["is_parent"]]
        means = table.groupby(key)["star_rating"].mean()
        found = nodes.set_index(key)["mean_stars"]
        pd.testing.assert_series_equal(found, means.loc[found.index], check_names=False)
