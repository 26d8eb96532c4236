"""A second month: the job has both, decisions stay, and it is said what is new."""

from pathlib import Path

import pandas as pd
import pytest

from reviewdesk.bundle import load_bundle
from reviewdesk.desk.decisions import DECIDE
from reviewdesk.desk.desk import open_desk
from reviewdesk.errors import UsageError
from reviewdesk.findings.store import read_findings
from reviewdesk.job.update import update_job
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.settings import ServeSettings
from reviewdesk.storage import read_record
from tests.desk.desks import run_cli


@pytest.mark.slow
def test_a_second_month(tmp_path: Path) -> None:
    run_cli("demo-data", "--reviews", "1200", "--out", tmp_path / "all.tsv")
    reviews = pd.read_csv(tmp_path / "all.tsv", sep="\t", quoting=3, dtype=str)
    for name, rows in (("first", slice(0, 900)), ("second", slice(900, None))):
        reviews[rows].to_csv(tmp_path / f"{name}.csv", index=False)
    job, findings = tmp_path / "job", tmp_path / "findings"
    run_cli(
        "run", tmp_path / "first.csv", "--target", "sentiment", "--min-chars", "3", "--out", job
    )
    run_cli("find", "similar", job, "--k", "3", "--out", findings)
    desk = open_desk(job, ServeSettings())
    names = desk.worklist.ids
    desk.decisions.record(desk.worklist.subjects(names[:5]), DECIDE, "right", "Ada")
    before, manifest = PreparedData.open(job / "prepared"), read_record(job / "job.json")
    assert len(desk.search.find(desk.search.filter_of({})).rows) == before.rows

    done = update_job(job, [str(tmp_path / "second.csv")], findings)
    now = PreparedData.open(job / "prepared")
    assert (done.before, done.now) == (before.rows, now.rows)
    assert 0 < done.now - done.before <= 300
    assert now.manifest["settings"]["prepare"]["min_chars"] == 3
    record = read_record(job / "job.json")
    assert record["inputs"] == [*manifest["inputs"], str(tmp_path / "second.csv")]
    assert not [value for value in str(record).split("'") if ".next" in value]
    assert (
        load_bundle(job / "sentiment" / "bundle").manifest["data"]["fingerprint"] == now.fingerprint
    )
    predicted = pd.read_parquet(job / "sentiment" / "predictions.parquet")
    assert len(predicted) == now.rows
    stored = read_findings(findings / "similar").found
    assert stored.settings["k"] == 3
    assert done.new["similar"] == sum(stored.table.column("new").to_pylist()) > 0

    desk.reload()
    assert len(desk.search.find(desk.search.filter_of({})).rows) == now.rows
    kept = [name for name in names[:5] if name in desk.worklist.position]
    assert all(desk.worklist.current(name).author == "Ada" for name in names[:5])
    assert len(kept) <= 5
    assert not (job / ".next").exists()
    with pytest.raises(UsageError, match="none of these files is new"):
        update_job(job, [str(tmp_path / "second.csv")], findings)
    desk.decisions.close()
