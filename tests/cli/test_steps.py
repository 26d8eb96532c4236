"""The commands on generated reviews, as a user gives them."""

import gzip
import io
import json
import stat
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from reviewdesk.schema import prediction_labels

from .conftest import Cli


def test_the_main_job_ends_with_what_was_found_and_what_to_do(job: Path) -> None:
    said = (job / "said.txt").read_text()
    assert "get the right label" in said
    assert f"The report: {job / 'job' / 'report.html'}" in said
    bundle = job / "job" / "sentiment" / "bundle"
    assert f"reviewdesk serve sentiment={bundle} category=" in said


def test_every_review_has_a_label_from_a_classifier_that_has_not_seen_its_product(
    job: Path,
) -> None:
    manifest = json.loads((job / "job" / "prepared" / "manifest.json").read_text())
    table = pq.read_table(job / "job" / "sentiment" / "predictions.parquet")
    assert table.num_rows == manifest["rows"]["written"]
    assert prediction_labels(table.schema) == ["negative", "positive"]
    assert set(table["fold"].to_pylist()) == {0, 1}


def test_the_same_job_again_does_nothing_twice(job: Path, cli: Cli) -> None:
    files = [
        p for p in (job / "job").rglob("*") if p.suffix == ".parquet" or p.parts[-2] == "bundle"
    ]
    before = {p: p.stat().st_mtime_ns for p in files}
    again = cli(
        *("run", job / "reviews.tsv.gz", "--target", "sentiment", "--target", "category"),
        *("--folds", "2", "--out", job / "job"),
    )
    assert again.code == 0
    assert {p: p.stat().st_mtime_ns for p in files} == before


def test_another_job_does_not_replace_the_results(job: Path, cli: Cli) -> None:
    other = cli("run", job / "reviews.tsv.gz", "--min-chars", "50", "--out", job / "job")
    assert other.code == 2
    assert "--overwrite" in other.err


def test_the_report_is_self_contained_and_private(job: Path) -> None:
    report = job / "job" / "report.html"
    text = report.read_text()
    assert "<script" not in text
    assert "http://" not in text.replace("http://www.w3.org/", "").replace("http://127.0.0.1", "")
    assert stat.S_IMODE(report.stat().st_mode) == 0o600
    assert 'href="sentiment/evaluation.html"' in text


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("job", "A finished job"),
        ("job/prepared", "Prepared reviews"),
        ("job/prepared/rejects.parquet", "rows that could not be read"),
        ("job/sentiment/bundle", "a linear classifier of sentiment (negative, positive)"),
        ("job/sentiment/predictions.parquet", "Predictions of sentiment for"),
        ("job/sentiment", "What a job found about sentiment: "),
        ("job/sentiment/evaluation.json", "An evaluation of linear-"),
        ("job/job.json", "A finished job"),
        ("job/sentiment/bundle/manifest.json", "a linear classifier of sentiment"),
        ("reviews.tsv.gz.truth", "Known errors of 1,500 reviews: "),
    ],
)
def test_show_says_what_something_is(job: Path, cli: Cli, place: str, said: str) -> None:
    assert said in cli("show", job / place).out
    assert cli("show", job / place, "--json").json()["kind"]


def test_show_refuses_what_only_looks_like_it(cli: Cli, tmp_path: Path) -> None:
    for text, said in (
        ("{}", "not something that reviewdesk made"),
        ("[1]", "not something that reviewdesk made"),
        ("{", "is not a JSON file"),
        ('{"format": "reviewdesk.evaluation", "measures": 5}', "is damaged"),
    ):
        (tmp_path / "evaluation.json").write_text(text)
        for place in (tmp_path, tmp_path / "evaluation.json"):
            result = cli("show", place)
            assert (result.code, said in result.err) == (3, True), (text, result.err)


def test_steps_one_by_one(job: Path, cli: Cli, tmp_path: Path) -> None:
    prepared = job / "job" / "prepared"
    bundle = tmp_path / "bundle.tar.gz"
    trained = cli("train", prepared, "--target", "stars", "--out", bundle, "--json").json()
    assert trained["labels"] == ["1", "2", "3", "4", "5"]
    page = tmp_path / "evaluation.html"
    figures = cli("evaluate", bundle, prepared, "--out", page, "--json").json()
    written = json.loads(page.with_suffix(".json").read_text())
    assert written.pop("digest")
    assert figures == written
    assert 0.3 < figures["measures"]["figures"]["accuracy"]["value"] <= 1
    text = cli("evaluate", bundle, prepared).out
    assert "macro average" in text
    assert "calibration error" in text
    out = tmp_path / "labels.parquet"
    summary = cli("predict", bundle, job / "reviews.tsv.gz", "--out", out, "--json").json()
    assert summary["rows"] == pq.read_metadata(out).num_rows == 1500
    found = cli("explain", bundle, "Broke at once, a waste of money.", "--json").json()
    assert found["label"] in trained["labels"]


def test_categories_with_stars_go_through_every_step(job: Path, cli: Cli, tmp_path: Path) -> None:
    prepared, bundle = job / "job" / "prepared", tmp_path / "bundle"
    trained = cli(
        *("train", prepared, "--target", "category-stars", "--min-reviews", "40"),
        *("--out", bundle, "--json"),
    ).json()
    categories = cli("show", prepared, "--json").json()["categories"]
    parts = [label.rpartition(" · ") for label in trained["labels"]]
    assert {category for category, _, _ in parts} <= set(categories)
    assert {stars for _, _, stars in parts} <= set("12345")
    assert trained["rows"]["left_out"]["small_category_stars"] > 0
    page = tmp_path / "evaluation.html"
    assert "5 stars" in cli("evaluate", bundle, prepared, "--out", page).out
    assert "Category and stars: right for" in page.read_text()
    found = cli("explain", bundle, "Broke at once, a waste of money.", "--json").json()
    assert found["label"] in trained["labels"]
    out = tmp_path / "labels.parquet"
    assert cli("predict", bundle, job / "reviews.tsv.gz", "--out", out).code == 0
    assert prediction_labels(pq.read_schema(out)) == trained["labels"]


def test_categories_with_years(job: Path, cli: Cli, tmp_path: Path) -> None:
    trained = cli(
        *("train", job / "job" / "prepared", "--target", "category-year"),
        *("--out", tmp_path / "bundle", "--json"),
    ).json()
    assert all(label.rpartition(" · ")[2].isdigit() for label in trained["labels"])


def test_bundles_side_by_side(job: Path, cli: Cli, tmp_path: Path) -> None:
    prepared, first = job / "job" / "prepared", job / "job" / "sentiment" / "bundle"
    second = tmp_path / "body.tar.gz"
    cli("train", prepared, "--text", "review_body", "--out", second)
    page = tmp_path / "comparison.html"
    found = cli("evaluate", first, second, prepared, "--out", page, "--json").json()
    written = json.loads(page.with_suffix(".json").read_text())
    assert written.pop("digest")
    assert found == written
    assert [one["name"] for one in found["bundles"]] == [str(first), str(second)]
    assert found["rows_used"]["measured"] == found["bundles"][1]["held_out"]
    text = cli("evaluate", first, second, prepared).out
    assert "held out for all of them" in text
    assert "ROC-AUC" in text
    assert "2 bundles compared" in page.read_text()
    assert text.startswith(found["sentence"])
    assert "whenever you look" in found["sentence"] or "None is better yet" in found["sentence"]
    assert found["sentence"].split(":")[0] in page.read_text()
    for words, said in (
        ((first, first, prepared), "name each bundle once"),
        ((first, job / "job" / "category" / "bundle", prepared), "cannot be compared"),
        ((prepared,), "needs a bundle and a prepared folder"),
    ):
        refused = cli("evaluate", *words)
        assert refused.code == 2
        assert said in refused.err


def test_model_settings_reach_the_family(job: Path, cli: Cli, tmp_path: Path) -> None:
    prepared = job / "job" / "prepared"
    result = cli("train", prepared, "--out", tmp_path / "b", "--set", "no_such=1")
    assert result.code == 2
    assert "no_such" in result.err


def test_too_many_unreadable_rows_mark_the_job_but_do_not_stop_it(
    job: Path, cli: Cli, tmp_path: Path
) -> None:
    lines = ["comment,score"]
    for row in range(60):
        score = "5,one,cell,too,many" if row % 10 == 3 else str(1 + 4 * (row % 2))
        words = "works well" if row % 2 else "broke at once"
        lines.append(f"{words} in room number {row},{score}")
    (tmp_path / "shop.csv").write_text("\n".join([*lines, '"never closed,5']) + "\n")
    result = cli(
        *("prepare", tmp_path / "shop.csv", "--out", tmp_path / "p", "--max-rejects", "0"),
        *("--map", "review_body=comment", "star_rating=score"),
    )
    assert result.code == 4
    assert "rejects.parquet" in result.err
    assert json.loads((tmp_path / "p" / "manifest.json").read_text())["too_many_rejects"] is True


def test_predictions_of_a_file_that_is_cut_off_are_marked(
    job: Path, cli: Cli, tmp_path: Path
) -> None:
    rows = "".join(f'{{"review_body": "works well in room {n}"}}\n' for n in range(500))
    (tmp_path / "cut.jsonl.gz").write_bytes(gzip.compress(rows.encode())[:-30])
    bundle, out = job / "job" / "sentiment" / "bundle", tmp_path / "p.parquet"
    result = cli("predict", bundle, tmp_path / "cut.jsonl.gz", "--out", out)
    assert result.code == 4
    assert "cut off, so that predictions are missing" in result.err
    assert 0 < pq.read_metadata(out).num_rows < 500


def test_no_table_is_printed_of_nothing(job: Path, cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "shop.csv").write_text("comment,score\nworks well in every room,5\n")
    result = cli("prepare", tmp_path / "shop.csv", "--out", tmp_path / "p")
    assert (result.code, "not among them" in result.out) == (0, False)
    assert "holds 1 review of 1 row" in result.out
    result = cli("explain", job / "job" / "sentiment" / "bundle", "")
    assert result.code == 0
    assert "cannot tell" in result.out


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--target", "rating"), "setting target is 'rating'; it may be: sentiment, stars"),
        (("--target", "sentiment", "--test-share", "0"), "a test share of 0 holds nothing out"),
    ],
)
def test_a_job_that_cannot_be_done_is_refused_before_it_begins(
    job: Path, cli: Cli, tmp_path: Path, options: tuple[str, ...], told: str
) -> None:
    refused = cli("run", job / "reviews.tsv.gz", *options, "--out", tmp_path / "job")
    assert refused.code == 2
    assert told in refused.err
    assert not (tmp_path / "job").exists()


def test_a_bundle_that_nothing_was_held_out_for(job: Path, cli: Cli, tmp_path: Path) -> None:
    trained = cli(
        *("train", job / "job" / "prepared", "--test-share", "0", "--out", tmp_path / "bundle")
    )
    assert trained.code == 0
    assert "not measured on any" in trained.out
    assert f"evaluate {tmp_path / 'bundle'} OTHER_DATA" in trained.out


def test_explain_reads_standard_input(job: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle, text = job / "job" / "sentiment", "Broke at once, a waste of money."
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    found = cli("explain", bundle, "-", "--json").json()
    assert found == cli("explain", bundle / "bundle", text, "--json").json()
    assert "has several bundles; name one" in cli("explain", job / "job", text).err
