"""Links from a report to pages made later."""

import re
from pathlib import Path

import pytest

from reviewdesk.cli.main import main
from reviewdesk.job.beside import link_beside
from reviewdesk.settings import DemoSettings
from reviewdesk.sources.generated import generate


def links(report: Path) -> list[Path]:
    listed = re.search(r'<ul class="beside">(.*?)</ul>', report.read_text(), re.DOTALL)
    assert listed
    return [report.parent / one for one in re.findall(r'href="([^"]+)"', listed[1])]


def run(*words: object) -> None:
    with pytest.raises(SystemExit) as end:
        main([str(word) for word in words])
    assert end.value.code in (0, None)


def test_the_report_leads_to_findings_and_map_and_keeps_the_links(tmp_path: Path) -> None:
    generate(tmp_path / "r.tsv", DemoSettings(reviews=1_500))
    job, graph, page = tmp_path / "job", tmp_path / "graph", tmp_path / "a map.html"
    job_words = ("run", tmp_path / "r.tsv", "--target", "category", "--folds", "2", "--out", job)
    run(*job_words)
    assert links(job / "report.html") == []
    run("graph", "build", job, "--out", graph)
    run("graph", "map", graph, "--out", page)
    assert links(job / "report.html") == []
    for _ in range(2):
        run("graph", "map", graph, "--job", job, "--out", page)
    assert [one.name for one in links(job / "report.html")] == ["a%20map.html"]
    run(*job_words)
    assert len(links(job / "report.html")) == 1
    assert link_beside(job / "report.html", "<b>Found</b>", tmp_path / "f.html")
    assert "<b>Found" not in (job / "report.html").read_text()
    assert [one.name for one in links(job / "report.html")] == ["a%20map.html", "f.html"]
    assert links(job / "report.html")[1].resolve() == tmp_path / "f.html"
    assert not link_beside(tmp_path / "none.html", "x", page)
