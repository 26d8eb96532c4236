import datetime
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from reviewdesk.findings.page import MOST_SHOWN, findings_page, shown_samples
from reviewdesk.findings.texts import LINE_CHARACTERS, MOST_CHARACTERS, ReviewText, review_texts
from reviewdesk.schema import FINDINGS
from tests.report.reading import Reader

from .fakes import OddFinder, finding
from .shop import rows_of, shop
from .test_store import findings

EVIL = "<script>alert('&\"')</script>"


def text(body: str = "Some text.") -> ReviewText:
    return ReviewText("Headline", body, 4, datetime.date(2014, 3, 1), "P1", "A product", "Garden")


def rendered(rows: list[dict[str, object]], **texts: ReviewText) -> Reader:
    found = replace(findings(), table=pa.Table.from_pylist(rows, FINDINGS))
    return Reader(findings_page(found, OddFinder.info(), texts, "reviews.tsv.gz").render())


def test_a_page_says_what_is_promised_and_shows_the_evidence() -> None:
    page = rendered([finding("R1"), finding("R2")], R1=text("The very first."))
    for said in (
        "2 findings among 90",
        "no list. Too few reviews to tell.",
        "about 97 are right",
        "wombat",
        "Move the review to Garden.",
        "The very first.",
        "Books and Garden overlap.",
        "Not judged: 4 (4.3\N{NO-BREAK SPACE}%), too short to tell.",
        "reviews.tsv.gz",
        "review R1 · 2014-03-01",
    ):
        assert said in page.text, said
    assert len(page.all("article")) == 2
    assert len(page.all("blockquote")) == 1


def test_nothing_on_the_page_is_run_or_fetched() -> None:
    strange = dict.fromkeys(("what", "title", "where", "suggested", "action", "kind"), EVIL) | {
        "words": [{"word": EVIL, "weight": 1.0}],
        "numbers": [{"name": EVIL, "value": 1.0}],
        "chart": [{"name": EVIL, "value": 1.0}],
        "samples": ["R1"],
    }
    page = rendered([{**finding("R1"), **strange}] * 2, R1=text(EVIL))
    assert page.all("script") == []
    assert page.text.count("alert('&\"')") > 10
    markup = findings_page(findings(), OddFinder.info(), {}, EVIL).render()
    assert "<script" not in markup
    assert "http://" not in markup.replace("http-equiv", "")
    assert "src=" not in markup


def test_only_the_surest_are_shown_and_it_is_said() -> None:
    page = rendered([finding(f"R{n}") for n in range(MOST_SHOWN + 50)])
    assert len(page.all("article")) == MOST_SHOWN
    assert "The 200 surest of 250 are shown" in page.text


def test_no_findings_and_findings_of_which_little_is_known() -> None:
    assert "Nothing among 90" in rendered([]).text
    bare = dict.fromkeys(
        ("title", "where", "suggested", "words", "numbers", "chart", "samples", "since")
    )
    page = rendered([finding("R1", **bare)])
    assert "review R1" in page.text


def test_a_chart_of_months_is_a_line_and_of_names_bars() -> None:
    months = [{"name": f"2014-{n:02d}", "value": 4.0 + n / 10} for n in range(1, 13)]
    gap = [*months[:5], {"name": "2014-06", "value": None}, *months[6:]]
    assert len(rendered([finding("R1", chart=months)]).all("path")) == 1
    assert len(rendered([finding("R1", chart=gap)]).all("path")) == 1
    assert len(rendered([finding("R1")]).all("rect")) == 2


def test_how_likely_categories_are_is_for_who_asks_how_sure_it_is() -> None:
    found = replace(findings(), table=pa.Table.from_pylist([finding("R1")], FINDINGS))
    markup = findings_page(found, OddFinder.info(), {}, "f").render()
    card = markup[markup.index("<article") :]
    assert 0 < card.index("How sure is this?") < card.index("<svg")


def test_what_is_alike_does_not_stand_wrong() -> None:
    found = replace(findings(), table=pa.Table.from_pylist([finding("R1")], FINDINGS), lists=())
    rows = [finding(f"R{n}", suggested=f"like {n % 2}") for n in range(8)]
    moved = replace(found, table=pa.Table.from_pylist(rows, FINDINGS))
    info = OddFinder.info()._replace(similarity=True)
    for finder_info, said in ((OddFinder.info(), True), (info, False)):
        page = Reader(findings_page(moved, finder_info, {}, "f").render())
        assert ("From where to where" in page.text) is said
    page = Reader(findings_page(found, info, {}, "f").render())
    assert "Books · Garden" in page.text
    assert "Shared:" in page.text
    assert "How alike they are, from 0 to 1: 0.97." in page.text
    assert "Promise" not in page.text
    assert not [one for _, one in page.elements if one.get("class") == "stands"]


def test_titles_without_end_are_cut() -> None:
    page = rendered([finding("R1", title="word " * 5_000)])
    assert 30 < page.text.count("word") < LINE_CHARACTERS


def test_samples_say_what_they_are_to_the_finding() -> None:
    rows = [finding("R1", samples=["R1", "R2"]), finding("P9", kind="product", samples=["R1"])]
    rows.append(finding("R3", where="P1", suggested="P2", samples=["R1", "R4"]))
    other = text()._replace(product="P2", product_title="Another")
    said = rendered(rows, R1=text(), R2=text(), R4=other).text
    assert "A product (P1)" in said
    assert "Another (P2)" in said
    assert "To compare, one about Another" in said
    assert said.count("This review") == 1
    assert "To compare, a typical one in Garden" in said
    assert "About A product" in said


def test_the_day_of_a_change_is_marked_in_the_chart() -> None:
    months = [{"name": f"2014-{n:02d}", "value": 4.0} for n in range(1, 13)]
    since = datetime.date(2014, 5, 20)
    row = finding("P1", kind="product", where="Books", suggested=None, since=since, chart=months)
    page = rendered([row])
    assert [one["class"] for one in page.all("path")] == ["change", "line"]
    assert "since 2014-05-20" in page.text
    assert not [one for _, one in page.elements if one.get("class") == "stands"]


def test_from_where_to_where() -> None:
    rows = [finding(f"R{n}", where=("Books", "Phones")[n % 2]) for n in range(8)]
    assert "From where to where" in rendered(rows).text
    assert "From where to where" not in rendered(rows[:2]).text


def test_the_texts_are_looked_up(tmp_path: Path) -> None:
    rows = rows_of(9)
    rows[4] |= dict.fromkeys(("review_body", "review_headline", "product_title"), "long " * 600)
    rows[5] = {"review_id": "R00005", "review_body": "Nothing else is known of it."}
    found = review_texts(shop(tmp_path, rows), ["R00004", "R00005", "gone"])
    assert sorted(found) == ["R00004", "R00005"]
    assert len(found["R00004"].body) == MOST_CHARACTERS
    for line in (found["R00004"].headline, found["R00004"].product_title):
        assert line.endswith("long …")
        assert len(line) <= LINE_CHARACTERS + 2
    assert found["R00005"] == ReviewText("", "Nothing else is known of it.", None, None, "", "", "")
    assert shown_samples(findings(3), 2) == {"R0", "R1"}


def test_what_is_new_and_goes_on_comes_first_and_what_is_over_last() -> None:
    rows = [
        finding("OVER", state="recovered"),
        finding("KNOWN", state="going on", new=False),
        finding("FRESH", state="going on", new=True),
    ]
    text = rendered(rows).text
    assert text.index("FRESH") < text.index("KNOWN") < text.index("What is over")
    assert text.index("What is over") < text.index("OVER")
    assert "review FRESH · going on · new" in text
    assert "Nothing that goes on now." in rendered([finding("R1", state="recovered")]).text
    anchors = [one["id"] for name, one in rendered(rows).elements if name == "article"]
    assert len(set(anchors)) == 3


def test_how_sure_it_is_is_folded_away() -> None:
    chance = {"name": "chance that its stars in random order look so", "value": 0.01}
    figures = [chance, {"name": "stars now", "value": 4.5}]
    table = pa.Table.from_pylist([finding("R1", numbers=figures)], FINDINGS)
    page = findings_page(replace(findings(), table=table), OddFinder.info(), {}, "f").render()
    before, _, inside = page.partition("How sure is this?")
    before = before.partition("<article")[2]
    assert "stars now" in before
    for technical in ("random order", "about 97 are right", "wombat", "speak against it"):
        assert technical not in before
        assert technical in inside
