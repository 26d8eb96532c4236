import shutil
from pathlib import Path

import pyarrow.parquet as pq

from .conftest import Cli


def test_a_person_goes_and_is_told_where_else_they_may_be(
    job: Path, cli: Cli, tmp_path: Path
) -> None:
    data, table = tmp_path / "prepared", tmp_path / "predictions.parquet"
    shutil.copytree(job / "job" / "prepared", data)
    shutil.copy(job / "job" / "sentiment" / "predictions.parquet", table)
    first = next(data.glob("reviews/*/*.parquet"))
    customer = pq.read_table(first, columns=["customer_id"])["customer_id"][0].as_py()
    words = ("erase", "--customer", customer, data, "--table", table)
    done = cli(*words)
    assert done.code == 0, done.err
    assert done.out.startswith(f"erased of customer {customer}: 1 review ")
    assert f"1 row from {table}" in done.out
    assert "they may also be in:" in done.out
    again = cli(*words, "--json").json()
    assert (again["customer"], again["reviews"]) == (customer, 0)
    assert cli("count", data, "--json").json()["rules"]["dropped: erased"] == 1
    assert customer not in (data / "log.json").read_text() + (data / "manifest.json").read_text()
