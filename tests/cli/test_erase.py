import shutil
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq

from .conftest import Cli


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
    again = cli(*words, "--json").json()
    assert (again["customer"], again["reviews"]) == (customer, 0)
    assert cli("count", data, "--json").json()["rules"]["dropped: erased"] == theirs
    assert customer not in (data / "log.json").read_text() + (data / "manifest.json").read_text()
