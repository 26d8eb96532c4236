"""Pages of other steps: found by what they are, shown where they can do nothing."""

import os
import re
from importlib.resources import files
from pathlib import Path

import httpx

from reviewdesk.desk.page_files import page_files, read_page
from reviewdesk.desk.reports import POLICY, SCRIPTS
from reviewdesk.report.page import HEAD_BYTES, Page, page_head, source_digest
from tests.desk.desks import RunningDesk

JOB = "job.json"


def page(path: Path, title: str = "A page", kind: str = "Evaluation") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Page(title, "What matters.", kind).write(path)
    return path


def names(job: Path, others: Path | None = None) -> list[str]:
    return [file.name for file in page_files(job, others, JOB)]


def test_pages_are_known_by_what_they_are(tmp_path: Path) -> None:
    job = tmp_path / "shop" / "job"
    mine = page(job / "sentiment" / "of my own.html", "Mine <b> & more")
    page(job / "report.html", kind="Report")
    page(tmp_path / "shop" / "in March" / "split.html", kind="Experiment")
    page(tmp_path / "shop" / "map.html", kind="Graph")
    (job / JOB).write_text("{}")
    (job / "notes.html").write_text("<title>Notes · reviewdesk</title>")
    (job / "late.html").write_text(" " * HEAD_BYTES + mine.read_text())
    (job / "report.txt").write_text(mine.read_text())
    assert names(job) == [
        *("job/report.html", "job/sentiment/of my own.html", "map.html", "in March/split.html"),
    ]
    (head,) = {file.head for file in page_files(job, None, JOB) if file.path == mine}
    assert head == ("Mine <b> & more", "Evaluation")


def test_no_link_and_no_other_job_is_followed(tmp_path: Path) -> None:
    job, elsewhere = tmp_path / "shop" / "job", tmp_path / "elsewhere"
    page(job / "report.html")
    secret = page(elsewhere / "secret.html")
    (job / "linked.html").symlink_to(secret)
    (job / "folder").symlink_to(elsewhere)
    (job / "hidden").mkdir()
    os.mkfifo(job / "pipe.html")
    page(job / ".hidden" / "page.html")
    page(job / "prepared" / "page.html")
    page(tmp_path / "shop" / "other" / "report.html")
    (tmp_path / "shop" / "other" / JOB).write_text("{}")
    page(tmp_path / "shop" / "a" / "b" / "c" / "deep.html")
    assert set(names(job)) == {"job/report.html"}
    assert set(names(job, elsewhere)) == {"job/report.html", "+/elsewhere/secret.html"}
    deep = tmp_path / "shop" / "a" / "b" / "c"
    assert set(names(job, deep)) == {"job/report.html", "a/b/c/deep.html"}


def test_a_page_that_is_exchanged_for_a_link_is_not_read(tmp_path: Path) -> None:
    path = page(tmp_path / "job" / "report.html")
    (file, *_) = page_files(tmp_path / "job", None, JOB)
    assert read_page(file) == path.read_bytes()
    path.write_text("<h1>No page of ours</h1>")
    assert read_page(file) is None
    path.unlink()
    path.symlink_to(page(tmp_path / "secret.html"))
    assert read_page(file) is None
    path.unlink()
    assert read_page(file) is None


def test_every_script_of_a_page_is_known_to_the_desk() -> None:
    root = Path(str(files("reviewdesk")))
    own = {path for path in root.rglob("*.js") if path.parent.name != "desk"}
    assert {path.read_text("utf-8") for path in own} == set(SCRIPTS)
    assert all(source_digest(each) in POLICY for each in SCRIPTS)
    assert "unsafe" not in POLICY.partition("script-src")[2]
    assert "allow-same-origin" not in POLICY


def test_reports_are_shown_in_a_place_of_their_own(open_desk: RunningDesk) -> None:
    job = open_desk.job
    dropped = job.parent / "dropped"
    page(dropped / "any name.html", "Comparison of <script>alert(1)</script>", "Comparison")
    with httpx.Client(base_url=open_desk.url, timeout=60) as client:
        listed = client.get("/reports").text
        assert "Comparison of &lt;script&gt;" in listed
        for name in ("job/report.html", "job/sentiment/evaluation.html", "dropped/any%20name.html"):
            assert f'href="/reports/{name}"' in listed
            answer = client.get(f"/reports/{name}")
            assert answer.status_code == 200
            assert answer.headers["content-security-policy"] == POLICY
            assert answer.headers["x-content-type-options"] == "nosniff"
        for path in ("job/job.json", "..%2fjob.json", "%2e%2e", "job/../../secret.html", "job"):
            assert client.get(f"/reports/{path}").status_code == 404, path
        report = client.get("/reports/job/report.html").text
        for link in re.findall(r'href="([\w/]+\.html)"', report):  # from page to page
            assert client.get(f"/reports/job/{link}").status_code == 200, link
        (dropped / "any name.html").unlink()
        assert client.get("/reports/dropped/any%20name.html").status_code == 404


def test_a_head_that_is_cut_or_of_another_program_is_none() -> None:
    whole = Page("T", "L", "Report").render().encode()
    assert page_head(whole[:HEAD_BYTES]) == ("T", "Report")
    for begin in (b"", b"\xff\xfe", whole[:200], whole.replace(b'"reviewdesk ', b'"other ')):
        assert page_head(begin[:HEAD_BYTES]) is None
