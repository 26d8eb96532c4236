import shutil
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from threadpoolctl import threadpool_limits

from reviewdesk.errors import (
    BrokenPlugin,
    InputError,
    MissingColumn,
    NotEnoughData,
    StorageError,
    UsageError,
)
from reviewdesk.findings.catalog import FINDERS
from reviewdesk.findings.reference import read_reference
from reviewdesk.findings.store import read_findings
from reviewdesk.job.base_models import BASE_MODELS, Predictions, by_target
from reviewdesk.job.find import FindSettings, find
from reviewdesk.job.finders import new_finder
from reviewdesk.job.places import reviews_of
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.storage import read_record, write_json, write_record
from tests.findings.fakes import blas_threads
from tests.findings.plugin import install
from tests.findings.shop import (
    ids_of,
    no_reviews,
    probabilities_of,
    rows_of,
    shop,
    write_predictions,
)
from tests.report.reading import Reader


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PreparedData:
    fakes = "tests.findings.fakes"
    install(
        tmp_path / "plugin",
        monkeypatch,
        odd=f"{fakes}:OddFinder",
        reader=f"{fakes}:ReaderFinder",
        blind=f"{fakes}:BlindFinder",
        threads=f"{fakes}:ThreadsFinder",
        letters="decimal:Decimal",
    )
    rows = rows_of(300)
    rows[0]["review_body"] += " It is a wombat."
    return shop(tmp_path / "shop", rows)


def test_findings_and_their_pages_are_written(data: PreparedData, tmp_path: Path) -> None:
    result = find(data, tmp_path / "out", FindSettings(("odd", "blind")))
    stored = read_findings(tmp_path / "out" / "odd")
    assert stored.findings.table["what"].to_pylist() == ["R00000"]
    assert stored.about["data"] == data.fingerprint
    page = Reader((tmp_path / "out" / "odd" / "findings.html").read_text())
    assert "It is a wombat." in page.text
    overview = Reader(result.page.read_text())
    assert "1 thing to look at in 300 reviews" in overview.text
    assert "It is a wombat." in overview.text
    assert "three eyes are needed; there are none." in overview.text
    assert "1 of 3 lists could not honestly be made" in overview.text
    assert "odd/findings.html" in [one["href"] for one in overview.all("a")]
    assert result.to_json()["finders"]["blind"] == {
        "why_not": "three eyes are needed; there are none"
    }
    assert result.to_json()["finders"]["odd"]["lists"][1]["listed"] == 1


def test_the_same_again_does_nothing_and_other_settings_are_refused(
    data: PreparedData, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    find(data, out, FindSettings(("odd",)))
    table = out / "odd" / "findings.parquet"
    before = table.stat().st_mtime_ns
    assert find(data, out, FindSettings(("odd",))).outcomes[0].already
    assert table.stat().st_mtime_ns == before
    other = FindSettings(("odd",), options={"odd": {"word": "hose"}})
    with pytest.raises(UsageError, match="other settings"):
        find(data, out, other)
    found = find(data, out, other, overwrite=True).outcomes[0]
    assert found.stored is not None
    assert found.stored.findings.table.num_rows > 20


def test_a_page_that_is_missing_is_made_again(data: PreparedData, tmp_path: Path) -> None:
    out = tmp_path / "out"
    find(data, out, FindSettings(("odd",)))
    page = (out / "odd" / "findings.html").read_bytes()
    (out / "odd" / "findings.html").unlink()
    assert find(data, out, FindSettings(("odd",))).outcomes[0].already
    assert (out / "odd" / "findings.html").read_bytes() == page


def test_findings_of_another_release_are_not_replaced_unasked(
    data: PreparedData, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    find(data, out, FindSettings(("odd",)))
    summary = read_record(out / "odd" / "findings.json")
    summary["about"]["reviewdesk"] = "0.0.1"
    write_record(out / "odd" / "findings.json", summary)
    with pytest.raises(UsageError, match=r"made by reviewdesk 0\.0\.1, and this is .*--overwrite"):
        find(data, out, FindSettings(("odd",)))
    assert not find(data, out, FindSettings(("odd",)), overwrite=True).outcomes[0].already


@pytest.mark.parametrize("name", ["", "findings", "reviews/deeper"])
def test_the_data_itself_is_no_place_for_findings(data: PreparedData, name: str) -> None:
    before = sorted(data.path.rglob("*"))
    with pytest.raises(UsageError, match="in the data itself"):
        find(data, data.path / name, FindSettings(("odd",)))
    assert sorted(data.path.rglob("*")) == before


def test_without_any_review_nothing_is_looked_for(tmp_path: Path) -> None:
    empty = no_reviews(tmp_path / "shop")
    with pytest.raises(NotEnoughData, match="there are no reviews in "):
        find(empty, tmp_path / "out", FindSettings(("language-shift", "similar")))
    assert not (tmp_path / "out").exists()


def test_finders_multiply_matrices_on_one_thread(data: PreparedData, tmp_path: Path) -> None:
    with threadpool_limits(limits=2, user_api="blas"):
        before = blas_threads()
        (outcome,) = find(data, tmp_path / "out", FindSettings(("threads",))).outcomes
        assert blas_threads() == before
    assert set(before) == {2}
    assert outcome.stored is not None
    assert set(outcome.stored.findings.settings["threads"]) == {1}


def test_other_settings_are_refused_before_any_work(data: PreparedData, tmp_path: Path) -> None:
    out = tmp_path / "out"
    find(data, out, FindSettings(("reader",), folds=2))
    made = {path: path.read_bytes() for path in (out / "predictions").glob("*.parquet")}
    assert made
    own = given(data, tmp_path)
    for other in (
        FindSettings(("odd", "reader"), folds=3),
        FindSettings(("odd", "reader"), folds=2, seed=1),
        FindSettings(("odd", "reader"), folds=2, promise=0.9),
        FindSettings(("odd", "reader"), folds=2, reference=pa.array(["R00001"])),
        FindSettings(("odd", "reader"), predictions=own),
    ):
        with pytest.raises(UsageError, match="other settings"):
            find(data, out, other)
    assert {path: path.read_bytes() for path in made} == made
    assert not (out / "odd").exists()
    find(data, out, FindSettings(("reader",), folds=3), overwrite=True)
    assert {path: path.read_bytes() for path in made} != made


def test_predictions_that_another_kind_rests_on_are_not_replaced(
    data: PreparedData, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    find(data, out, FindSettings(("reader",), folds=2, seed=3))
    made = {path: path.read_bytes() for path in (out / "predictions").glob("*.parquet")}
    for folds, seed in ((3, 3), (2, 0)):
        with pytest.raises(UsageError, match=r"reader rests on predictions made with --folds 2 --"):
            find(data, out, FindSettings(("product-category",), folds=folds, seed=seed))
        assert not (out / "product-category").exists()
    assert {path: path.read_bytes() for path in made} == made
    same = FindSettings(("product-category",), folds=2, seed=3)
    assert find(data, out, same).outcomes[0].stored
    find(data, out, FindSettings(("odd",), folds=3))  # reads none of them
    own = FindSettings(("review-category",), predictions=given(data, tmp_path), folds=3)
    assert find(data, out, own).outcomes[0].stored  # replaces none
    assert {path: path.read_bytes() for path in made} == made
    find(data, out, replace(same, folds=3), overwrite=True)
    assert {path: path.read_bytes() for path in made} != made


def test_folds_matter_only_where_predictions_are_made(data: PreparedData, tmp_path: Path) -> None:
    out = tmp_path / "out"
    own = FindSettings(("reader",), predictions=given(data, tmp_path))
    find(data, out, own)
    find(data, out, FindSettings(("odd", "declining")))
    again = find(data, out, replace(own, folds=3))
    assert again.outcomes[0].already
    again = find(data, out, FindSettings(("odd", "declining"), folds=3, seed=2))
    assert [one.already for one in again.outcomes] == [True, True]


def test_the_same_again_needs_no_predictions(data: PreparedData, tmp_path: Path) -> None:
    out, settings = tmp_path / "out", FindSettings(("reader",), folds=2)
    find(data, out, settings)
    shutil.rmtree(out / "predictions")
    assert find(data, out, settings).outcomes[0].already
    assert not (out / "predictions").exists()


def test_a_promise_keeps_what_promises_nothing(data: PreparedData, tmp_path: Path) -> None:
    out = tmp_path / "out"
    find(data, out, FindSettings(("odd", "similar"), promise=0.95))
    assert read_findings(out / "similar").findings.table.num_rows > 0
    odd = read_findings(out / "odd").findings
    assert ([one.promise for one in odd.lists], odd.table.num_rows) == ([0.95], 0)


@pytest.mark.parametrize("promise", [0.99, 0.5, -0.9, float("nan")])
def test_a_promise_that_no_list_makes_is_refused(
    data: PreparedData, tmp_path: Path, promise: float
) -> None:
    with pytest.raises(UsageError, match=r"lists promise 0.95, 0.9, 0.8, and 0 means all"):
        find(data, tmp_path / "out", FindSettings(("odd",), promise=promise))
    assert not (tmp_path / "out").exists()


def test_answers_in_a_setting_are_known_by_their_digest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path / "plugin", monkeypatch, asking="tests.findings.fakes:AskingFinder")
    data, out = shop(tmp_path / "shop", rows_of(60)), tmp_path / "out"
    answers = tmp_path / "answers.csv"
    answers.write_text("wrong")
    settings = FindSettings(("asking",), options={"asking": {"answers": str(answers)}})
    find(data, out, settings)
    assert find(data, out, settings).outcomes[0].already
    assert find(data, out, FindSettings(("asking",), answers=answers)).outcomes[0].already
    answers.write_text("right")
    assert not find(data, out, settings).outcomes[0].already
    with pytest.raises(UsageError, match="a person's answers"):
        find(data, out, FindSettings(("asking",)))
    answers.unlink()
    with pytest.raises(StorageError, match="does not exist"):
        find(data, out, settings)


def test_damaged_findings_are_replaced_on_purpose_and_stop_no_others(
    data: PreparedData, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    find(data, out, FindSettings(("odd", "similar")))
    with (out / "odd" / "findings.parquet").open("ab") as file:
        file.write(b"more")
    with pytest.raises(InputError, match="find again with --overwrite"):
        find(data, out, FindSettings(("odd",)))
    result = find(data, out, FindSettings(("similar",)))
    assert len(result.unread) == 1
    assert "odd: what was found before is left out; " in result.unread[0]
    text = Reader(result.page.read_text()).text
    assert "odd: what was found before is left out; " in text
    assert "Similar products" in text
    mended = find(data, out, FindSettings(("odd",)), overwrite=True)
    assert mended.unread == ()
    assert "left out" not in Reader(mended.page.read_text()).text
    assert read_findings(out / "odd").findings.table.num_rows == 1


def test_findings_in_other_data_are_not_replaced_nor_shown(
    data: PreparedData, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    find(data, out, FindSettings(("odd",)))
    other = shop(tmp_path / "other", rows_of(60))
    with pytest.raises(UsageError, match="other data"):
        find(other, out, FindSettings(("odd",)))
    page = find(other, out, FindSettings(("reader",), predictions=given(other, tmp_path))).page
    assert "0 things to look at in 60 reviews" in page.read_text()


def given(data: PreparedData, folder: Path) -> dict[str, tuple[Path, ...]]:
    path = write_predictions(folder / "own.parquet", ids_of(data), probabilities_of(data))
    return by_target([path])


def test_predictions_are_made_once_or_taken_from_the_user(
    data: PreparedData, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    settings = FindSettings(("reader",), folds=2)
    (outcome,) = find(data, out, settings).outcomes
    assert outcome.stored is not None
    assert outcome.stored.findings.settings["base_models"] == len(BASE_MODELS["category"]) > 1
    made = sorted((out / "predictions").glob("*.parquet"))
    before = [path.stat().st_mtime_ns for path in made]
    assert len(made) == len(BASE_MODELS["category"])
    assert find(data, out, settings).outcomes[0].already
    assert [path.stat().st_mtime_ns for path in made] == before
    (own,) = find(
        data, tmp_path / "own", FindSettings(("reader",), predictions=given(data, tmp_path))
    ).outcomes
    assert own.stored is not None
    assert own.stored.findings.settings["base_models"] == 1
    assert not (tmp_path / "own" / "predictions").exists()


def test_predictions_of_other_reviews_are_refused(data: PreparedData, tmp_path: Path) -> None:
    other = shop(
        tmp_path / "other", [{**row, "review_id": f"X{row['review_id']}"} for row in rows_of(60)]
    )
    with pytest.raises(InputError, match="about other reviews"):
        find(data, tmp_path / "out", FindSettings(("reader",), predictions=given(other, tmp_path)))


def test_stars_are_predicted_only_where_most_are_missing(tmp_path: Path) -> None:
    rows = rows_of(120, wrong_every=0)
    rated = shop(tmp_path / "rated", rows)
    assert Predictions(rated, tmp_path / "p").of(("stars",)) == {}
    nobody = shop(tmp_path / "nobody", [{**row, "star_rating": None} for row in rows])
    assert Predictions(nobody, tmp_path / "p").of(("stars",)) == {}
    for number, row in enumerate(rows):
        row["star_rating"] = row["star_rating"] if number % 3 == 0 else None
    some = Predictions(shop(tmp_path / "some", rows), tmp_path / "p", folds=2).of(("stars",))
    (path,) = some["stars"]
    assert pq.read_metadata(path).num_rows == 120


def test_what_is_missing_is_said(data: PreparedData, tmp_path: Path) -> None:
    with pytest.raises(NotEnoughData, match="three eyes"):
        find(data, tmp_path / "out", FindSettings(("blind",)))
    plain = shop(tmp_path / "plain", [{"review_body": f"Nothing but text {n}"} for n in range(40)])
    with pytest.raises(MissingColumn, match="product_category"):
        find(plain, tmp_path / "out", FindSettings(("reader",)))
    with pytest.raises(UsageError, match="--predictions"):
        Predictions(data, tmp_path / "p").of(("colour",))


def test_finders_and_settings_have_to_exist(data: PreparedData) -> None:
    with pytest.raises(UsageError, match="unknown finder"):
        new_finder("oracle", {})
    with pytest.raises(UsageError, match="has no setting 'sound'; it has: word"):
        new_finder("odd", {"sound": 1})
    with pytest.raises(UsageError, match="is of type str, as in 'wombat', not 3"):
        new_finder("odd", {"word": 3})
    with pytest.raises(UsageError, match="is of type int"):
        new_finder("review-product", {"fewest": True})
    for finder, count in (
        ("review-category", "questions"),
        ("review-product", "fewest"),
        ("similar", "k"),
    ):
        with pytest.raises(UsageError, match=f"the setting {count} .* cannot be -5"):
            new_finder(finder, {count: -5})
    with pytest.raises(UsageError, match="is not a finder"):
        new_finder("letters", {})
    assert "odd" in FINDERS.names()


def test_a_folder_of_something_else_is_left_alone(data: PreparedData, tmp_path: Path) -> None:
    (tmp_path / "out" / "odd").mkdir(parents=True)
    (tmp_path / "out" / "odd" / "letter.txt").write_text("dear")
    with pytest.raises(UsageError, match="something else than findings"):
        find(data, tmp_path / "out", FindSettings(("odd",)))


def test_findings_of_one_kind_are_no_place_for_others(data: PreparedData, tmp_path: Path) -> None:
    find(data, tmp_path / "out", FindSettings(("odd",)))
    page = (tmp_path / "out" / "odd" / "findings.html").read_text()
    with pytest.raises(UsageError, match="the folder that it is in"):
        find(data, tmp_path / "out" / "odd", FindSettings(("odd",)))
    assert (tmp_path / "out" / "odd" / "findings.html").read_text() == page


def test_the_folder_of_a_job_is_known(data: PreparedData, tmp_path: Path) -> None:
    job = tmp_path / "job"
    job.mkdir()
    data.path.rename(job / "prepared")
    write_json(job / "job.json", {})
    assert reviews_of(job).fingerprint == reviews_of(job / "prepared").fingerprint


@pytest.mark.parametrize("text", ["review_id\nR00001\nR00002\n", '"R00002"\r\nR00001\nZ\n\n'])
def test_a_reference_is_a_list_of_ids(data: PreparedData, tmp_path: Path, text: str) -> None:
    path = tmp_path / "known.csv"
    path.write_text(text)
    assert sorted(read_reference(path, data).to_pylist()) == ["R00001", "R00002"]


def test_a_reference_may_be_a_table(data: PreparedData, tmp_path: Path) -> None:
    path = tmp_path / "known.parquet"
    pq.write_table(pa.table({"review_id": ["R00001", "R00001", None, "gone"]}), path)
    assert read_reference(path, data).to_pylist() == ["R00001"]
    pq.write_table(pa.table({"id": ["R00001"]}), path)
    with pytest.raises(InputError, match="no column review_id"):
        read_reference(path, data)
    path.write_bytes(b"PAR1 and no more")
    with pytest.raises(InputError, match="damaged"):
        read_reference(path, data)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="neither"):
        read_reference(path, data)
    path.write_text("gone\n")
    with pytest.raises(InputError, match="none of the ids"):
        read_reference(path, data)


def test_a_reference_is_handed_to_finders(data: PreparedData, tmp_path: Path) -> None:
    settings = FindSettings(
        ("reader",),
        predictions=given(data, tmp_path),
        reference=pa.array(["R00001", "R00002"]),
    )
    (outcome,) = find(data, tmp_path / "out", settings).outcomes
    assert outcome.stored is not None
    assert outcome.stored.findings.settings["known"] == 2
    assert outcome.stored.about["reference"]["reviews"] == 2


def test_a_broken_finder_of_another_package_is_named_and_the_others_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fakes = "tests.findings.fakes"
    broken = {
        "absent": "no_such_package_anywhere:Finder",
        "broken": f"{fakes}:BrokenFinder",
        "unmade": f"{fakes}:UnmadeFinder",
        "letters": "decimal:Decimal",
    }
    install(tmp_path / "plugin", monkeypatch, odd=f"{fakes}:OddFinder", **broken)
    rows = rows_of(60)
    rows[0]["review_body"] += " It is a wombat."
    data = shop(tmp_path / "shop", rows)
    out = tmp_path / "out"
    outcomes = find(data, out, FindSettings(("odd", *broken))).outcomes
    why = {one.finder: one.why_not for one in outcomes}
    assert why.pop("odd") is None
    assert set(why) == set(broken)
    for name, reason in why.items():
        assert reason is not None
        assert repr(name) in reason
        assert "wombat" not in reason
    assert "broken (ZeroDivisionError)" in (out / "findings.html").read_text()
    for name in broken:
        with pytest.raises(BrokenPlugin, match=name):
            find(data, tmp_path / name, FindSettings((name,)))


def test_a_reference_and_answers_together_are_refused(data: PreparedData, tmp_path: Path) -> None:
    answers = tmp_path / "answers.csv"
    answers.write_text("review_id,answer\nR00001,right\n")
    settings = FindSettings(("odd",), reference=pa.array(["R00001"]), answers=answers)
    with pytest.raises(UsageError, match="both are given"):
        find(data, tmp_path / "out", settings)
    assert not (tmp_path / "out").exists()
