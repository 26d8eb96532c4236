"""A second month: the job has both, decisions stay, and it is said what is new."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import reviewdesk as rd
from reviewdesk.bundle import load_bundle
from reviewdesk.desk.actions import DECIDE
from reviewdesk.desk.desk import open_desk
from reviewdesk.errors import UsageError
from reviewdesk.findings.reference import read_reference
from reviewdesk.findings.store import read_findings
from reviewdesk.job import update as job_update
from reviewdesk.job.erase import erase_everywhere
from reviewdesk.job.find import FindSettings, find
from reviewdesk.job.main_job import JobSettings
from reviewdesk.job.update import update_job
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.settings import ServeSettings
from reviewdesk.storage import read_record, write_record
from tests.desk.desks import run_cli
from tests.findings.plugin import install


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
    stored = read_findings(findings / "similar").findings
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


def shop(month: int, rows: int = 60) -> pd.DataFrame:
    """Return a month of reviews; every tenth customer gives stars only."""
    return pd.DataFrame(
        {
            "review_id": [f"{month}-{n}" for n in range(rows)],
            "customer_id": [f"customer-{n}" for n in range(rows)],
            "product_id": [f"p{n % 9}" for n in range(rows)],
            "product_category": "Kettles",
            "review_body": [
                "" if n % 10 == 9 else f"{('broke at once', 'works very well')[n % 2]}, {month}-{n}"
                for n in range(rows)
            ],
            "star_rating": [(1, 5)[n % 2] for n in range(rows)],
            "review_date": [f"2024-{month:02d}-{1 + n % 28:02d}" for n in range(rows)],
        }
    )


@pytest.fixture
def job(tmp_path: Path) -> Path:
    """Return a job of January from which people were erased and in which a review was corrected."""
    shop(1).to_csv(tmp_path / "january.csv", index=False)
    fix = pd.DataFrame({"id": ["1-3"], "column": ["product_category"], "old": ["Kettles"]})
    fix.assign(new="Lamps").to_csv(tmp_path / "fix.csv", index=False)
    folder = tmp_path / "job"
    run_cli("run", tmp_path / "january.csv", "--target", "sentiment", "--folds", "2",
            "--corrections", tmp_path / "fix.csv", "--out", folder)  # fmt: skip
    for customer in ("customer-7", "customer-9"):  # who wrote, and who gave stars only
        erase_everywhere(folder, customer)
    both = pd.concat([shop(1), shop(2)])
    both.to_csv(tmp_path / "february.csv", index=False)
    return folder


def customers(data: PreparedData) -> set[str]:
    """Return everybody in prepared data, also who gave stars only."""
    batches = data.star_batches(["customer_id"])
    return {name for batch in batches for name in batch["customer_id"].to_pylist()}


def check(job: Path) -> None:
    """Check that who was erased is nowhere, and that the correction is there."""
    data = PreparedData.open(job / "prepared")
    data.verify()
    assert customers(data) == {f"customer-{n}" for n in range(60)} - {"customer-7", "customer-9"}
    assert (data.rows, data.ratings) == (2 * 53, 2 * 5)
    reviews = rd.Reviews.open(job / "prepared").to_pandas().set_index("review_id")
    assert reviews["product_category"].to_dict() == {
        name: "Lamps" if name == "1-3" else "Kettles" for name in reviews.index
    }
    labelled = pd.read_csv(job / "sentiment" / "labelled.csv")
    assert len(labelled) == 2 * 58
    assert set(labelled["customer_id"]) == customers(data)
    for path in job.rglob("*"):
        assert not (path.is_file() and b"well, 1-7" in path.read_bytes()), path
    assert {path.name for path in job.iterdir() if path.name.startswith(".")} == set()


def test_who_was_erased_stays_away_and_corrections_stay(job: Path, tmp_path: Path) -> None:
    (tmp_path / "january.csv").unlink()  # what was read is not needed again
    before = PreparedData.open(job / "prepared").rows
    done = update_job(job, [str(tmp_path / "february.csv")])
    assert (done.before, done.now) == (before, 2 * 53)
    check(job)


@pytest.mark.parametrize("step", ["_exchange", "write_record", "replace_directory"])
def test_the_same_call_goes_on_after_a_kill(
    step: str, job: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [str(tmp_path / "february.csv")]
    real = getattr(job_update, step)

    def killed(*arguments: object) -> None:
        if step == "write_record" and arguments[0] != job / "job.json":
            real(*arguments)
            return
        if step == "replace_directory":
            real(*arguments)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(job_update, step, killed)
        with pytest.raises(KeyboardInterrupt):
            update_job(job, files)
    done = update_job(job, files)
    assert (done.before, done.now) == (53, 2 * 53)
    check(job)


def test_somebody_erased_after_a_kill_is_not_in_what_is_taken_up(
    job: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(job_update, "_exchange", killed)
        with pytest.raises(KeyboardInterrupt):
            update_job(job, [str(tmp_path / "february.csv")])
    erase_everywhere(job, "customer-8")
    assert not (job / ".next").exists()
    update_job(job, [str(tmp_path / "february.csv")])
    assert "customer-8" not in customers(PreparedData.open(job / "prepared"))


def test_a_job_that_kept_nothing_stops_with_a_sentence(tmp_path: Path) -> None:
    for month in (1, 2):
        shop(month).to_csv(tmp_path / f"{month}.csv", index=False)
    run_cli("run", tmp_path / "1.csv", "--no-appendable", "--target", "sentiment", "--folds", "2",
            "--out", tmp_path / "job")  # fmt: skip
    with pytest.raises(UsageError, match="does not keep what new files are compared with"):
        update_job(tmp_path / "job", [str(tmp_path / "2.csv")])
    assert not (tmp_path / "job" / ".next").exists()


def test_it_is_run_and_found_in_the_way_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path / "plugin", monkeypatch, odd="tests.findings.fakes:OddFinder")
    for month in (1, 2):
        shop(month).to_csv(tmp_path / f"{month}.csv", index=False)
    job, findings = tmp_path / "job", tmp_path / "findings"
    run_cli("run", tmp_path / "1.csv", "--folds", "3", "--no-rows", "--out", job)
    directions = {"p0": [1.0, 0.0], "p1": [1.0, 0.1], "p2": [0.0, 1.0]}
    vectors = {"product_id": list(directions), "vector": list(directions.values())}
    pq.write_table(pa.table(vectors), tmp_path / "vectors.parquet")
    (tmp_path / "known.txt").write_text("1-1\n1-2\n2-2\n")
    run_cli("find", "similar", job, "--k", "1", "--vectors", tmp_path / "vectors.parquet",
            "--out", findings)  # fmt: skip
    data, known = PreparedData.open(job / "prepared"), tmp_path / "known.txt"
    asked = FindSettings(("odd",), {"odd": {"word": "works"}}, folds=2, seed=7, promise=0.8)
    asked = replace(asked, reference=read_reference(known, data), reference_file=known)
    find(data, findings, asked)
    monkeypatch.chdir(tmp_path / "job")  # places are whole ones

    done = update_job(job, [str(tmp_path / "2.csv")], findings)
    assert done.notes == ()
    similar, odd = (read_findings(findings / name) for name in ("similar", "odd"))
    assert similar.findings.settings["vectors"] == "vectors.parquet"
    assert similar.about["options"]["k"] == 1
    assert odd.about["options"] == {"word": "works"}
    assert odd.about["promise"] == 0.8
    assert odd.about["reference"]["reviews"] == 3  # the second month has one of them
    assert "2-1" in odd.findings.table["what"].to_pylist()
    predicted = pd.read_parquet(job / "sentiment" / "predictions.parquet")
    assert predicted["fold"].nunique() == 3
    assert not (job / "sentiment" / "labelled.csv").exists()

    known.unlink()
    shop(3).to_csv(tmp_path / "3.csv", index=False)
    with pytest.raises(UsageError, match="known.txt is not there any more"):
        update_job(job, [str(tmp_path / "3.csv")], findings)


def test_the_best_model_is_looked_for_again(
    job: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = read_record(job / "job.json")
    record["way"] = {**record["way"], "best": True, "time_limit": "9s"}
    write_record(job / "job.json", record)

    def asked(inputs: object, folder: object, settings: JobSettings, **_: object) -> None:
        assert settings.best
        assert (settings.time_limit, settings.model) == ("9s", "linear")
        assert settings.model_settings == {}
        raise KeyboardInterrupt

    monkeypatch.setattr(job_update, "run_job", asked)
    with pytest.raises(KeyboardInterrupt):
        update_job(job, [str(tmp_path / "february.csv")])
