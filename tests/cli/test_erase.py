import shutil
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq

from reviewdesk.prepare.prepared import PreparedData

from .conftest import Cli


def test_a_person_goes_from_all_of_a_job(job: Path, cli: Cli, tmp_path: Path) -> None:
    whole = tmp_path / "job"
    shutil.copytree(job / "job", whole)
    parts = pq.read_table(whole / "prepared" / "reviews", columns=["customer_id", "review_id"])
    pairs = [*zip(*(parts[name].to_pylist() for name in parts.column_names), strict=True)]
    examples = whole / "exploration.figures" / "customers_examples.parquet"
    quoted = set(pq.read_table(examples)["review_id"].to_pylist())
    among_them = Counter(one for one, review in pairs if review in quoted)
    customer = among_them.most_common(1)[0][0]
    ids = {review for one, review in pairs if one == customer}
    theirs = len(ids)
    done = cli("erase", "--customer", customer, whole)
    assert done.code == 0, done.err
    tables = sorted(whole.glob("*/predictions.parquet"))
    assert tables
    for table in tables:
        assert f"{theirs} rows from {table}" in done.out
        assert not ids & set(pq.read_table(table)["review_id"].to_pylist())
    assert not ids & set(pq.read_table(examples)["review_id"].to_pylist())
    assert PreparedData.open(whole / "prepared").rows == len(parts) - theirs
    (said,) = (line for line in done.out.splitlines() if "delete them: " in line)
    pages = [*whole.glob("*.html"), *whole.glob("*/evaluation.html")]
    assert {str(page) for page in pages} == set(said.partition("them: ")[2].split(", "))
    assert cli("erase", "--customer", customer, whole, "--json").code == 3


def test_a_person_goes_and_is_told_where_else_they_may_be(
    job: Path, cli: Cli, tmp_path: Path
) -> None:
    data, table = tmp_path / "prepared", tmp_path / "predictions.parquet"
    shutil.copytree(job / "job" / "prepared", data)
    shutil.copy(job / "job" / "sentiment" / "predictions.parquet", table)
    customers = pq.read_table(data / "reviews", columns=["customer_id"])["customer_id"].to_pylist()
    customer, theirs = Counter(customers).most_common(1)[0]
    words = ("erase", "--customer", customer, data, "--table", table)
    done = cli(*words)
    assert done.code == 0, done.err
    assert theirs > 1
    assert done.out.startswith(f"erased of customer {customer}: {theirs} reviews ")
    assert f"{theirs} rows from {table}" in done.out
    assert "they may also be in:" in done.out
    again = cli(*words, "--json")
    assert (again.code, again.out) == (3, "")
    assert "nobody was erased" in again.err
    assert cli("count", data, "--json").json()["rules"]["dropped: erased"] == theirs
    assert customer not in (data / "log.json").read_text() + (data / "manifest.json").read_text()
