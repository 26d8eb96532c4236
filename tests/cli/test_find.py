"""Finding, exporting, planting, grading, showing and erasing, as a user does."""

import csv
import json
import shutil
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reviewdesk.findings.base import Findings, PromisedList
from reviewdesk.findings.questions import questions, write_questions
from reviewdesk.findings.store import write_findings
from reviewdesk.findings.texts import review_texts
from reviewdesk.job.find import FindSettings, find
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.schema import FINDINGS
from tests.findings.fakes import OddFinder, finding
from tests.findings.plugin import install
from tests.findings.shop import rows_of, shop

from .conftest import Cli


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PreparedData:
    install(tmp_path / "plugin", monkeypatch, odd="tests.findings.fakes:OddFinder")
    return shop(tmp_path / "shop", rows_of(240))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of findings that a spreadsheet must not run."""
    rows = [
        finding(
            "=1+2",
            title='=HYPERLINK("http://example.com")',
            promise=0.95,
            since=date(2014, 5, 1),
            noticed=date(2014, 7, 31),
        ),
        finding("R2", title=None, words=None, numbers=None, chart=None, samples=None),
    ]
    found = Findings(
        "odd", pa.Table.from_pylist(rows, FINDINGS), (PromisedList(0.95, 1, 0.02),), 10
    )
    write_findings(tmp_path / "odd", found, OddFinder.info(), {"data": "a", "files": ["f.csv"]})
    return tmp_path / "odd"


def test_all_finders_run_also_those_of_other_packages(
    data: PreparedData, cli: Cli, tmp_path: Path
) -> None:
    done = cli("find", "all", data.path, "--folds", "2", "--out", tmp_path / "out")
    assert done.code == 0, done.err
    assert "Odd reviews: 0 findings" in done.out
    assert f"Everything on one page: {tmp_path / 'out' / 'findings.html'}" in done.out
    again = cli(
        "find", "all", data.path, "--folds", "2", "--out", tmp_path / "out", "--json"
    ).json()
    assert again["finders"]["odd"]["already"]
    assert again["data"] == data.fingerprint


def test_each_finder_takes_its_own_settings(data: PreparedData, cli: Cli, tmp_path: Path) -> None:
    words = ("find", "all", data.path, "--folds", "2", "--out", tmp_path / "out")
    found = cli(*words, "--set", "odd.word=hose", "--set", "similar.k=3", "--json").json()
    assert found["finders"]["odd"]["findings"] > 20
    ranked = pq.read_table(tmp_path / "out" / "similar" / "similar.parquet")
    assert max(ranked["rank"].to_pylist()) == 3
    for wrong in ("word=hose", "wombat.word=hose", ".word=hose"):
        refused = cli(*words, "--set", wrong)
        assert (refused.code, "with one of: declining, " in refused.err) == (2, True)
    refused = cli(*words, "--set", "odd.colour=red")
    assert (refused.code, "has no setting 'colour'" in refused.err) == (2, True)
    words = (
        "find",
        "review-category",
        data.path,
        "--folds",
        "2",
        "--out",
        tmp_path / "review-category",
    )
    done = cli(*words, "--set", "questions=30", "--set", "review-product.fewest=100")
    assert done.code == 0, done.err
    assert "%), reviews of products with fewer than 100 of them" in done.out
    page = (tmp_path / "review-category" / "review-product" / "findings.html").read_text()
    assert "%), reviews of products with fewer than 100 of them" in page
    assert "%), reviews of" in cli("show", tmp_path / "review-category" / "review-product").out


def test_export_as_csv_is_safe_to_open(folder: Path, cli: Cli, tmp_path: Path) -> None:
    out = tmp_path / "odd.csv"
    done = cli("find", "export", folder, "--out", out)
    assert done.code == 0, done.err
    assert "2 findings in" in done.out
    assert "3 cells got an apostrophe" in done.out
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == FINDINGS.names
    assert rows[0]["what"] == "'=1+2"
    assert rows[0]["words"] == "wombat=1.5; novel=-0.25"
    assert rows[1]["words"] == ""
    only = cli("find", "export", folder, "--out", out, "--promise", "0.95", "--json").json()
    assert (only["findings"], only["neutralised"]) == (1, 3)


def test_export_takes_all_kinds_at_once(folder: Path, cli: Cli, tmp_path: Path) -> None:
    table = pa.Table.from_pylist([finding("R9", promise=0.0)], FINDINGS)
    about = {"data": "a", "files": []}
    write_findings(tmp_path / "alike", Findings("alike", table, (), 5), OddFinder.info(), about)
    job = tmp_path / "job"
    job.mkdir()
    (job / "job.json").write_text("{}")
    (tmp_path / "findings").mkdir()
    for kind in ("odd", "alike"):
        (tmp_path / kind).rename(tmp_path / "findings" / kind)
    for place in (tmp_path / "findings", job):  # the folder of a job stands for its findings
        out = tmp_path / "all.csv"
        done = cli("find", "export", place, "--out", out, "--promise", "0.95")
        assert (done.code, "2 findings in" in done.out) == (0, True)
        assert "carry no promise, so all of them are written: alike" in done.err
        assert "R9" in out.read_text()


def test_export_writes_what_carries_no_promise_whole(
    folder: Path, cli: Cli, tmp_path: Path
) -> None:
    out = tmp_path / "odd.csv"
    table = pa.Table.from_pylist([finding("R1", promise=0.0)], FINDINGS)
    about = {"data": "a", "files": []}
    write_findings(tmp_path / "alike", Findings("odd", table, (), 10), OddFinder.info(), about)
    done = cli("find", "export", tmp_path / "alike", "--out", out, "--promise", "0.9")
    assert "1 finding in" in done.out
    assert "carry no promise" in done.err
    refused = cli("find", "export", folder, "--out", tmp_path / "x.csv", "--promise", "0.99")
    assert (refused.code, "no list promises 0.99" in refused.err) == (2, True)
    assert not (tmp_path / "x.csv").exists()


def test_find_refuses_a_promise_that_no_list_makes_and_says_what_is_damaged(
    data: PreparedData, cli: Cli, tmp_path: Path
) -> None:
    words = ("find", "similar", data.path, "--out", tmp_path / "out")
    refused = cli("find", "all", data.path, "--promise", "0.99", "--out", tmp_path / "out")
    assert (refused.code, "no list promises 0.99" in refused.err) == (2, True)
    assert cli(*words).code == 0
    table = tmp_path / "out" / "similar" / "findings.parquet"
    table.write_bytes(table.read_bytes() + b"more")
    again = cli(*words)
    assert (again.code, "find again with --overwrite" in again.err) == (3, True)
    other = cli("find", "declining", data.path, "--out", tmp_path / "out")
    assert (other.code, "similar: what was found before is left out" in other.err) == (0, True)
    assert cli(*words, "--overwrite").code == 0
    refused = cli(*words, "--k", "3")
    assert (refused.code, "other settings" in refused.err) == (2, True)
    assert "(--overwrite)" in refused.err


def test_export_as_json_lines_holds_everything(folder: Path, cli: Cli, tmp_path: Path) -> None:
    out = tmp_path / "odd.jsonl"
    assert cli("find", "export", folder, "--format", "jsonl", "--out", out).code == 0
    first, second = map(json.loads, out.read_text().splitlines())
    assert first["what"] == "=1+2"
    assert first["words"] == [
        {"word": "wombat", "weight": 1.5},
        {"word": "novel", "weight": -0.25},
    ]
    assert (first["since"], first["noticed"]) == ("2014-05-01", "2014-07-31")
    assert (second["since"], second["noticed"], second["samples"]) == (None, None, None)
    refused = cli("find", "export", folder, "--format", "xml", "--out", out)
    assert (refused.code, "csv or jsonl" in refused.err) == (2, True)


def test_show_says_what_is_promised(folder: Path, cli: Cli) -> None:
    said = cli("show", folder).out
    assert "Odd reviews: 2 findings among 10" in said
    assert "Promised to be right in 95" in said
    assert "f.csv" in said
    assert cli("show", folder, "--json").json()["finder"] == "odd"
    assert "2 findings" in cli("show", folder / "findings.parquet").out


def test_the_folder_of_all_kinds_is_known(folder: Path, cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "findings.html").write_text("the page of all")
    said = cli("show", tmp_path).out
    assert "Odd reviews: 2 findings among 10" in said
    assert str(tmp_path / "findings.html") in said


def test_known_errors_are_planted_and_findings_graded(
    data: PreparedData, cli: Cli, tmp_path: Path
) -> None:
    planted = tmp_path / "planted"
    words = ("find", "plant", data.path, "--review-category", "0.1", "--out", planted)
    made = cli(*words)
    assert made.code == 0, made.err
    assert f"find grade findings {planted}.truth" in made.out
    assert "240 reviews, with 23 moved reviews and 1 moved product: " in made.out
    errors = pq.read_table(tmp_path / "planted.truth" / "review_category.parquet")
    assert errors.num_rows > 10
    right = [finding(one, finder="review-category") for one in errors["review_id"].to_pylist()[:9]]
    table = pa.Table.from_pylist([*right, finding("wrong", finder="review-category")], FINDINGS)
    about = {"data": PreparedData.open(planted).fingerprint, "files": []}
    found = Findings("review-category", table, (PromisedList(0.9, 10, 1.0),), 240)
    write_findings(tmp_path / "out" / "review-category", found, OddFinder.info(), about)
    graded = cli("find", "grade", tmp_path / "out", f"{planted}.truth")
    assert graded.code == 0, graded.err
    assert f"9 of {errors.num_rows}" in graded.out
    assert "9 of 10" in graded.out
    assert "90 % (60–99)" in graded.out.replace("\N{NO-BREAK SPACE}", " ")
    assert " yes " in graded.out
    copied = shutil.copytree(tmp_path / "out", tmp_path / "copied")
    pairs = (tmp_path / "out", f"{planted}.truth", copied, f"{planted}.truth")
    pooled = cli("find", "grade", *pairs, "--json").json()
    assert pooled["sets"] == 2
    assert pooled["finders"][0]["lists"][0]["hits"] == 18


def test_grades_of_products_are_told_by_size(data: PreparedData, cli: Cli, tmp_path: Path) -> None:
    planted = tmp_path / "planted"
    assert cli("find", "plant", data.path, "--product-category", "0.1", "--out", planted).code == 0
    errors = pq.read_table(tmp_path / "planted.truth" / "product_category.parquet").to_pylist()
    kind = {"finder": "product-category", "kind": "product", "promise": 0.9}
    rows = [finding(one["product_id"], reviews=one["reviews"], **kind) for one in errors]
    rows.append(finding("wrong", reviews=60, **kind))
    lists = (PromisedList(0.9, len(rows), 1.0),)
    found = Findings("product-category", pa.Table.from_pylist(rows, FINDINGS), lists, 240)
    about = {"data": PreparedData.open(planted).fingerprint, "files": []}
    write_findings(tmp_path / "out", found, OddFinder.info(), about)
    said = cli("find", "grade", tmp_path / "out", f"{planted}.truth").out
    said = said.replace("\N{NO-BREAK SPACE}", " ")
    assert "product-category, by how many reviews a product has" in said
    assert "50 or more" in said
    assert "0 % (0 of 1)" in said


def test_grading_refuses_what_does_not_belong_together(
    folder: Path, data: PreparedData, cli: Cli, tmp_path: Path
) -> None:
    assert cli("find", "plant", data.path, "--out", tmp_path / "planted").code == 0
    truth = tmp_path / "planted.truth"
    other = cli("find", "grade", folder, truth)
    assert (other.code, "other data" in other.err) == (3, True)
    odd = cli("find", "grade", folder)
    assert (odd.code, "in turn" in odd.err) == (2, True)
    many = cli("find", "grade", folder, truth, "--reviews", data.path, "--reviews", data.path)
    assert (many.code, "--reviews" in many.err) == (2, True)
    (tmp_path / "out").mkdir()
    about = {"data": PreparedData.open(tmp_path / "planted").fingerprint, "files": []}
    found = Findings("odd", FINDINGS.empty_table(), (), 240)
    write_findings(tmp_path / "out" / "odd", found, OddFinder.info(), about)
    pair = (tmp_path / "out", truth)
    unplanted = cli("find", "grade", *pair, "--reviews", data.path)
    assert (unplanted.code, "than the reviews given" in unplanted.err) == (3, True)
    assert cli("find", "grade", *pair, "--reviews", tmp_path / "planted").code == 0
    twice = cli("find", "grade", *pair, tmp_path / "planted" / ".." / "out", truth)
    assert (twice.code, "named twice" in twice.err) == (3, True)
    nothing = cli("find", "grade", tmp_path / "shop", truth)
    assert (nothing.code, "no findings" in nothing.err) == (3, True)


def test_erase_says_what_went_from_findings(data: PreparedData, cli: Cli, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert cli("find", "all", data.path, "--folds", "2", "--out", out).code == 0
    erased = cli("erase", "--customer", "C0", data.path, "--findings", out)
    assert erased.code == 0, erased.err
    assert f"0 rows from {out / 'odd'}" in erased.out


def test_a_person_is_asked_and_their_answers_are_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cli: Cli
) -> None:
    install(tmp_path / "plugin", monkeypatch, asking="tests.findings.fakes:AskingFinder")
    rows = rows_of(90)
    rows[3]["review_body"] = "=a wombat that no spreadsheet should run"
    data = shop(tmp_path / "shop", rows)
    out, answers = tmp_path / "out", tmp_path / "questions.csv"
    settings = FindSettings(("asking",))
    first = find(data, out, settings).outcomes[0].stored
    assert first is not None
    texts = review_texts(data, ["R00003"])
    write_questions(answers, questions(first.findings), texts)
    with answers.open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["review_id"], row["answer"]) == ("R00003", "")
    assert row["review_body"] == "'=a wombat that no spreadsheet should run"
    second = find(data, out, FindSettings(("asking",), answers=answers)).outcomes[0]
    assert second.stored is not None
    assert not second.already
    assert second.stored.findings.settings["answers"] == str(answers)
    assert find(data, out, FindSettings(("asking",), answers=answers)).outcomes[0].already
    answers.write_text(answers.read_text().replace('""', '"wrong"'))
    assert not find(data, out, FindSettings(("asking",), answers=answers)).outcomes[0].already


def test_answers_are_given_with_everything_and_are_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cli: Cli
) -> None:
    fakes = "tests.findings.fakes"
    install(tmp_path / "p", monkeypatch, odd=f"{fakes}:OddFinder", asking=f"{fakes}:AskingFinder")
    rows = rows_of(240)
    rows[3]["review_body"] += " It is a wombat."
    data = shop(tmp_path / "shop", rows)
    answers = tmp_path / "questions.csv"
    words = ("find", "all", data.path, "--folds", "2", "--out", tmp_path / "out")
    asked = cli(*words, "--audit", answers)
    assert asked.code == 0, asked.err
    assert f"questions in {answers}" in asked.err or f"question in {answers}" in asked.err
    answers.write_text(answers.read_text().replace('""', '"right"'))
    answered = cli(*words, "--audit", answers, "--json").json()["finders"]
    assert [one for one, did in answered.items() if not did.get("already", True)] == [
        "review-category",
        "asking",
    ]
    refused = cli(*words)
    assert (refused.code, "a person's answers" in refused.err) == (2, True)
    assert cli(*words, "--audit", answers, "--json").json()["finders"]["asking"]["already"]


def test_one_product_and_those_like_it(data: PreparedData, cli: Cli, tmp_path: Path) -> None:
    said = cli("find", "similar", data.path, "--product", "Books-0", "--k", "3")
    assert said.code == 0, said.err
    found = cli("find", "similar", data.path, "--product", "Books-0", "--k", "3", "--json").json()
    assert len(found) == 3
    assert {one["what"].partition("-")[0] for one in found} == {"Books"}
    assert all(one["what"] in said.out for one in found)
    for words in ([], ["--product", "Books-0", "--out", tmp_path / "out"]):
        refused = cli("find", "similar", data.path, *words)
        assert (refused.code, "--product" in refused.err) == (2, True)
    assert cli("find", "similar", data.path, "--product", "none").code == 2


def test_ids_and_categories_do_nothing_to_the_terminal(cli: Cli, tmp_path: Path) -> None:
    rows = rows_of(240)
    for row in rows:
        row["product_id"] = f"\x1b[2J{row['product_id']}\u202e[/b]"
        row["product_category"] += "\x1b[31m"
    data = shop(tmp_path / "shop", rows)
    wanted = PreparedData.open(data.path).table(["product_id"])["product_id"][0].as_py()
    assert "\x1b" in wanted
    ranked = cli("find", "similar", data.path, "--product", wanted)
    unknown = cli("find", "similar", data.path, "--product", f"{wanted}?")
    everything = cli("find", "all", data.path, "--folds", "2", "--out", tmp_path / "out")
    shown = cli("show", tmp_path / "out" / "review-category")
    assert (ranked.code, unknown.code, everything.code, shown.code) == (0, 2, 0, 0)
    for one in (ranked, unknown, everything, shown):
        assert "\x1b" not in one.out + one.err
        assert "\u202e" not in one.out + one.err
    assert r"\x1b[2J" in ranked.out
    assert r"\u202e[/b]" in ranked.out
    stored = pq.read_table(tmp_path / "out" / "similar" / "findings.parquet")
    assert all(one.startswith("\x1b[2J") for one in stored["what"].to_pylist())


@pytest.mark.parametrize("name", ["5", "true", "1e3"])
def test_a_file_may_be_named_like_a_number(
    data: PreparedData,
    cli: Cli,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    ids = sorted(set(data.table(["product_id"])["product_id"].to_pylist()))
    vectors = [[1.0, n % 7, n % 3] for n in range(len(ids))]
    pq.write_table(pa.table({"product_id": ids, "vector": vectors}), tmp_path / name)
    words = ("find", "similar", data.path)
    for given in (("--vectors", name), ("--set", f"vectors={name}")):
        ranked = cli(*words, "--product", ids[0], *given, "--json")
        assert ranked.code == 0, ranked.err
        assert len(ranked.json()) == 10
    stored = cli(*words, "--set", f"vectors={name}", "--out", "out")
    assert "is the cosine of the vectors that were given" in stored.out
    everything = cli("find", "all", data.path, "--out", "all", "--set", f"similar.vectors={name}x")
    assert (everything.code, f"{name}x" in everything.err) == (7, True)


def test_settings_count_also_for_one_product(data: PreparedData, cli: Cli) -> None:
    words = ("find", "similar", data.path, "--product", "Books-0", "--json")
    for given in ("k=3", "similar.k=3"):
        assert len(cli(*words, "--set", given).json()) == 3
    refused = cli(*words, "--set", "k=three")
    assert (refused.code, "of type int" in refused.err) == (2, True)


def test_a_copy_without_errors_is_called_so(data: PreparedData, cli: Cli, tmp_path: Path) -> None:
    shares = ("--review-category", "0", "--product-category", "0", "--declining", "0")
    made = cli("find", "plant", data.path, *shares, "--out", tmp_path / "copy")
    assert made.code == 0
    assert f"240 reviews, with no known errors: {tmp_path / 'copy'}" in made.out
    assert made.err == "nothing was planted: all three shares are 0\n"


def test_known_errors_of_another_corpus_are_refused(cli: Cli, tmp_path: Path) -> None:
    """Those of generated reviews do not say by a fingerprint what they are about."""
    for seed in ("0", "1"):
        out = tmp_path / f"{seed}.tsv.gz"
        assert cli("demo-data", "--reviews", "400", "--seed", seed, "--out", out).code == 0
        assert cli("prepare", out, "--out", tmp_path / f"prepared-{seed}").code == 0
    own, other = (f"{tmp_path / seed}.tsv.gz.truth" for seed in "01")
    reviews = PreparedData.open(tmp_path / "prepared-0")
    rows = [finding("none of them", finder="review-category")]
    lists = (PromisedList(0.9, 1, 0.1),)
    about = {"data": reviews.fingerprint, "files": []}

    def listing(*more: str) -> Path:
        named = [*rows, *(finding(one, finder="review-category") for one in more)]
        found = Findings("review-category", pa.Table.from_pylist(named, FINDINGS), lists, 400)
        write_findings(tmp_path / "out" / "review-category", found, OddFinder.info(), about)
        return tmp_path / "out"

    for truth in (own, other):
        refused = cli("find", "grade", listing(), truth)
        assert (refused.code, "other data" in refused.err) == (3, True)
    graded = cli("find", "grade", listing(), own, "--reviews", reviews.path)
    assert (graded.code, "0 of 1" in graded.out) == (0, True)
    refused = cli("find", "grade", listing(), other, "--reviews", reviews.path)
    assert (refused.code, "it names none of the reviews given" in refused.err) == (3, True)
    errors = pq.read_table(Path(own) / "review_category.parquet")["review_id"].to_pylist()
    graded = cli("find", "grade", listing(errors[0]), own)
    assert (graded.code, "1 of 2" in graded.out) == (0, True)
    refused = cli("find", "grade", listing(errors[0]), other)
    assert refused.code == 3


def test_a_reference_and_questions_together_are_refused_before_any_work(
    data: PreparedData, cli: Cli, tmp_path: Path
) -> None:
    known, asked, out = tmp_path / "known.txt", tmp_path / "questions.csv", tmp_path / "out"
    known.write_text("R00001\n")
    words = ("find", "review-category", data.path, "--out", out)
    refused = cli(*words, "--reference", known, "--audit", asked)
    assert (refused.code, "leave one of them away" in refused.err) == (2, True)
    assert not out.exists()
    assert not asked.exists()
