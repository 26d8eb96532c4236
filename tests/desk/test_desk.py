"""The desk over HTTP, as a browser without script and other programs meet it."""

import io
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import anyio
import httpx
import pandas as pd
import pyarrow.parquet as pq
import pytest

from reviewdesk.desk.actions import Subject
from reviewdesk.desk.app import create_app
from reviewdesk.desk.decision_place import open_decisions
from reviewdesk.desk.desk import open_desk
from reviewdesk.desk.erase import erase_from_desk
from reviewdesk.findings.store import read_findings
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.serving.metrics import Metrics
from reviewdesk.settings import ServeSettings
from tests.desk.desks import (
    DECLINING,
    HOSTILE,
    PRODUCT_CATEGORY,
    REVIEW_CATEGORY,
    RunningDesk,
    desk,
    run_cli,
    write_kinds,
)
from tests.report.reading import Reader

ALL = REVIEW_CATEGORY + PRODUCT_CATEGORY + DECLINING
HTML = {"accept": "text/html"}


@pytest.fixture
def client(open_desk: RunningDesk) -> Iterator[httpx.Client]:
    with httpx.Client(
        base_url=open_desk.url, headers=HTML, follow_redirects=True, timeout=60
    ) as one:
        yield one


def token(page: str) -> str:
    found = re.search(r'name="token" value="(\w+)"', page)
    assert found
    return found[1]


def shown(page: str) -> str:
    found = re.search(r'data-finding="(\w+)"', page)
    assert found, page
    return found[1]


def named(client: httpx.Client, name: str) -> httpx.Client:
    page = client.get("/").text
    client.post("/name", data={"token": token(page), "name": name, "back": "/"})
    return client


def test_a_decision_without_script_leads_to_the_next_finding(client: httpx.Client) -> None:
    named(client, "Ben")
    page = client.get("/").text
    first = shown(page)
    sent = {"token": token(page), "finding_id": first, "kind": "decide", "value": "wrong"}
    after = client.post("/decide", data={**sent, "reason": "a <b>reason</b>"})
    assert shown(after.text) != first
    assert "Undo" in after.text
    batch = re.search(r'name="batch" value="(\d+)"', after.text)
    assert batch
    assert "a &lt;b&gt;reason&lt;/b&gt;" in client.get(f"/findings/{first}").text
    undone = client.post("/undo", data={"token": token(after.text), "batch": batch[1]})
    assert shown(undone.text) == first
    assert "undid it" in undone.text


def test_reviews_are_whole_and_marked(client: httpx.Client, desk_job: Path) -> None:
    data = PreparedData.open(desk_job / "prepared")
    bodies = data.table(["review_body"]).column(0).to_pylist()[:REVIEW_CATEGORY]
    longest = max(bodies, key=len)
    assert len(longest) > 360  # pages of findings cut it
    listed = client.get("/findings", params={"finder": "review-category", "status": "all"}).text
    listed += client.get(
        "/findings", params={"finder": "review-category", "status": "all", "page": "2"}
    ).text
    addresses = re.findall(r'href="(/findings/\w{16})', listed)
    assert len(addresses) == REVIEW_CATEGORY
    pages = [client.get(address).text for address in addresses]
    assert any(longest in Reader(page).text for page in pages)
    assert any('<mark class="for l3">the</mark>' in page for page in pages)


def test_markup_in_a_title_is_text(client: httpx.Client) -> None:
    page = client.get("/findings", params={"text": "onerror"}).text
    assert "<img" not in page
    assert HOSTILE in Reader(page).text


def test_another_agent_is_given_another_finding(
    client: httpx.Client, open_desk: RunningDesk
) -> None:
    named(client, "Cleo")
    held = shown(client.get("/").text)
    with httpx.Client(
        base_url=open_desk.url, headers=HTML, follow_redirects=True, timeout=60
    ) as other:
        named(other, "Dora")
        page = other.get("/").text
        assert shown(page) != held
        sent = {"token": token(page), "finding_id": held, "kind": "decide", "value": "right"}
        refused = other.post("/decide", data=sent)
        assert refused.status_code == 409
        assert "Cleo is looking at this finding" in refused.text


def test_two_browsers_of_one_name_are_two_agents(open_desk: RunningDesk) -> None:
    given = []
    for _ in range(2):
        with httpx.Client(base_url=open_desk.url, headers=HTML, timeout=60) as one:
            given.append(shown(one.get("/", params={"finder": "review-category"}).text))
    assert given[0] != given[1]


def test_a_bulk_decision_says_how_many_and_is_undone_as_one(client: httpx.Client) -> None:
    named(client, "Eve")
    query = {"finder": "product-category", "promise": "0.9"}
    page = client.get("/findings", params=query).text
    sent = {**query, "token": token(page), "kind": "decide", "value": "wrong", "reason": "bulk"}
    asked = client.post("/findings/bulk/confirm", data=sent).text
    number = re.search(r'name="expected" value="(\d+)"', asked)
    assert number
    held = re.search(r"(\d+) findings? (?:is|are) being looked at", asked)
    assert int(number[1]) + int(held[1] if held else 0) == PRODUCT_CATEGORY // 2
    refused = client.post("/findings/bulk", data={**sent, "expected": "3"})
    assert refused.status_code == 409
    done = client.post("/findings/bulk", data={**sent, "expected": number[1]})
    assert done.status_code == 200
    left = client.get("/findings", params={**query, "status": "decided"}).text
    assert f"{number[1]} findings" in left
    batch = re.search(r'name="batch" value="(\d+)"', done.text)
    assert batch
    client.post("/undo", data={"token": token(done.text), "batch": batch[1]})
    assert "No finding fits" in client.get("/findings", params={**query, "status": "decided"}).text


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_a_list_goes_out_as_a_file(client: httpx.Client, kind: str) -> None:
    answer = client.get(
        f"/findings/export/{kind}", params={"finder": "review-category", "status": "all"}
    )
    assert "attachment" in answer.headers["content-disposition"]
    read = {"csv": pd.read_csv, "parquet": pd.read_parquet}.get(
        kind, lambda file: pd.read_json(file, lines=True)
    )
    table = read(io.BytesIO(answer.content))
    assert len(table) == REVIEW_CATEGORY
    assert HOSTILE in set(table["title"])


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet", "corrections"])
def test_decisions_go_out_as_files(client: httpx.Client, kind: str) -> None:
    assert client.get(f"/decisions/export/{kind}").status_code == 200


def test_forms_from_elsewhere_are_refused(client: httpx.Client) -> None:
    page = client.get("/").text
    sent = {"finding_id": shown(page), "kind": "decide", "value": "right"}
    assert client.post("/decide", data=sent).status_code == 403
    assert client.post("/decide", data={**sent, "token": "0" * 64}).status_code == 403
    assert client.post("/decide", data={**sent, "token": "é"}).status_code == 403
    with httpx.Client(base_url=str(client.base_url), headers=HTML, timeout=60) as other:
        other.get("/")
        assert other.post("/decide", data={**sent, "token": token(page)}).status_code == 403


def test_pages_carry_a_policy_and_ask_no_other_host(client: httpx.Client) -> None:
    for path in ("/", "/findings", "/activity", "/paste"):
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "unsafe" not in answer.headers["content-security-policy"]
        for address in re.findall(r'(?:src|href|action)="([^"]*)"', answer.text):
            assert not re.match(r"\w+:(?!,|image)|//", address), address
    script = re.search(r'src="(/static/\S+?)"', client.get("/").text)
    assert script
    assert client.get(script[1]).headers["content-type"].startswith("text/javascript")


@pytest.mark.parametrize(
    ("path", "status"), [("/nothing", 404), ("/findings/none", 404), ("/decide", 405)]
)
def test_what_is_not_there_is_said_as_a_page_or_as_json(
    client: httpx.Client, path: str, status: int
) -> None:
    answer = client.get(path)
    assert answer.status_code == status
    assert "Back to the queue" in answer.text
    assert "error" in client.get(path, headers={"accept": "application/json"}).json()


def test_decisions_are_there_after_a_restart(desk_job: Path, tmp_path: Path) -> None:
    # A copy: in the shared job, people of other tests may be looking at all that there is.
    shutil.copytree(desk_job.parent, tmp_path / "shop", ignore=shutil.ignore_patterns("desk"))
    job = tmp_path / "shop" / desk_job.name
    with (
        desk(job, "--name", "Fay") as first,
        httpx.Client(base_url=first.url, timeout=60) as one,
    ):
        page = one.get("/", params={"finder": "declining"}).text
        name = shown(page)
        sent = {"token": token(page), "finding_id": name, "kind": "decide", "value": "unsure"}
        assert one.post("/decide", data=sent).status_code == 303
        first.process.kill()
    with desk(job) as second, httpx.Client(base_url=second.url, timeout=60) as one:
        table = pq.read_table(io.BytesIO(one.get("/decisions/export/parquet").content))
        kept = [(row["finding_id"], row["author"], row["value"]) for row in table.to_pylist()]
        assert kept == [(name, "Fay", "unsure")]


def test_a_desk_opens_before_anything_was_found(desk_job: Path, tmp_path: Path) -> None:
    job = tmp_path / "shop" / "job"
    shutil.copytree(desk_job, job, ignore=shutil.ignore_patterns("desk"))
    with desk(job) as running, httpx.Client(base_url=running.url, headers=HTML, timeout=60) as one:
        page = one.get("/").text
        assert f"find all {job} --out {job.parent / 'findings'}" in page
        for empty in ("/findings", "/digest"):
            assert f"find all {job} --out" in one.get(empty).text
        for path in (
            *(
                "/findings",
                "/findings?text=a",
                "/delivered",
                "/digest",
                "/digest.json",
                "/products",
            ),
            *("/activity", "/reports", "/findings/export/csv", "/digest", "/digest.json"),
        ):
            assert one.get(path).status_code == 200, path
        shutil.copytree(desk_job.parent / "findings", job.parent / "findings")
        assert shown(one.get("/").text)  # they are there without a restart


def test_a_number_too_large_for_a_database_is_no_batch(client: httpx.Client) -> None:
    assert client.get("/", params={"done": "9" * 30}).status_code == 200


def test_the_digest_says_what_is_new_and_is_a_feed(desk_job: Path, tmp_path: Path) -> None:
    shutil.copytree(desk_job.parent, tmp_path / "shop", ignore=shutil.ignore_patterns("desk"))
    data = PreparedData.open(tmp_path / "shop" / "job" / "prepared")
    findings = tmp_path / "shop" / "findings"
    before = read_findings(findings / "review-category")
    earlier = replace(before, about={**before.about, "data": "the month before"})
    write_kinds(findings, data, reviews=REVIEW_CATEGORY + 4, last=earlier)
    with (
        desk(tmp_path / "shop" / "job") as running,
        httpx.Client(base_url=running.url, timeout=60) as one,
    ):
        page = one.get("/").text
        sent = {"token": token(page), "finding_id": shown(page), "kind": "decide", "value": "right"}
        one.post("/decide", data=sent)
        value = one.get("/digest.json").json()
        assert value["version"] == "https://jsonfeed.org/version/1.1"
        new = [item for item in value["items"] if "review-category" in item["tags"]]
        assert len(new) == 4
        urls = [value["home_page_url"], value["feed_url"], *(one["url"] for one in value["items"])]
        assert all(url.startswith(f"{running.url}/") for url in urls)
        assert all(one.get(url).status_code == 200 for url in urls)
        assert value["_reviewdesk"]["decided"] == {"right": 1, "wrong": 0, "unsure": 0}
        assert shown(page) in [item["id"] for item in value["items"]]  # what is new comes first
        assert "New findings" in one.get("/digest").text


def test_addresses_of_a_feed_are_those_at_which_a_proxy_has_the_desk(desk_job: Path) -> None:
    opened = open_desk(desk_job, ServeSettings(root_path="/shop"))

    async def feed_url(headers: dict[str, str]) -> str:
        transport = httpx.ASGITransport(create_app(opened, Metrics()))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost:81") as one:
            return str((await one.get("/digest.json", headers=headers)).json()["feed_url"])

    for proto, host, expected in (
        ("", "", "http://localhost:81/shop/digest.json"),
        ("https, http", "desk.example:8443, inner", "https://desk.example:8443/shop/digest.json"),
        ("https", "[::1]:8080", "https://[::1]:8080/shop/digest.json"),
        ("http", "x/<script>", "/shop/digest.json"),
    ):
        given = {"x-forwarded-proto": proto, "x-forwarded-host": host}
        assert anyio.run(feed_url, given) == expected
    opened.decisions.close()


def test_a_person_s_decisions_and_the_index_are_erased(tmp_path: Path) -> None:
    folder = tmp_path / "desk"
    decisions = open_decisions(folder)
    theirs = Subject(
        "f1", "review-category", "review", "R-secret", "A lamp", "Books", "Toys", 0.9, 0.9
    )
    others = theirs._replace(finding_id="f2", what="R-other")
    decisions.record([theirs, others], "comment", "call them", "Ada")
    decisions.close()
    (folder / "cache" / "index-0").mkdir(parents=True)
    assert erase_from_desk(folder, {"R-secret"}) == 2
    assert not (folder / "cache").exists()
    assert [one.finding_id for one in open_decisions(folder).since(0)] == ["f2"]
    raw = b"".join(path.read_bytes() for path in folder.iterdir() if path.is_file())
    assert b"R-secret" not in raw
    assert erase_from_desk(tmp_path / "none", {"R-secret"}) == 0


def test_an_open_desk_notices_that_somebody_was_erased(desk_job: Path, tmp_path: Path) -> None:
    shutil.copytree(desk_job.parent, tmp_path / "copy")
    job = tmp_path / "copy" / "job"
    table = PreparedData.open(job / "prepared").table(["review_id", "customer_id"])
    theirs, others = table.slice(0, 1).to_pylist()[0], table.slice(1, 1).to_pylist()[0]
    assert theirs["customer_id"] != others["customer_id"]
    with (
        desk(job, "--name", "Ada") as running,
        httpx.Client(base_url=running.url, headers=HTML, timeout=60) as browser,
    ):
        theirs_at = f"/reviews/{theirs['review_id']}"
        pages = (f"/reviews/{others['review_id']}", "/", "/reviews?q=the", "/products", "/activity")
        assert {browser.get(page).status_code for page in (theirs_at, *pages)} == {200}
        run_cli("erase", job, "--customer", theirs["customer_id"])
        assert {page: browser.get(page).status_code for page in pages} == dict.fromkeys(pages, 200)
        assert browser.get(theirs_at).status_code == 404
        left = PreparedData.open(job / "prepared").rows
        assert left < len(table)
        assert f"{left:,} reviews" in browser.get("/reviews").text


def test_findings_of_some_days(client: httpx.Client, open_desk: RunningDesk) -> None:
    data = PreparedData.open(open_desk.job / "prepared")
    rows = data.table(["review_id", "review_date"]).to_pylist()[:REVIEW_CATEGORY]
    days = sorted(row["review_date"] for row in rows)
    first, last = days[20], days[40]
    wanted = {"finder": "review-category", "status": "all", "since": str(first), "until": str(last)}
    exported = client.get("/findings/export/csv", params=wanted)
    assert set(pd.read_csv(io.BytesIO(exported.content))["what"]) == {
        row["review_id"] for row in rows if first <= row["review_date"] <= last
    }
    page = client.get("/findings", params=wanted).text
    assert f'type="date" name="since" value="{first}"' in page
    kept = re.findall(r'href="(/findings\?[^"]+)"', page)
    assert any(f"since={first}" in link and "promise=" in link for link in kept)
    assert client.get("/findings", params={"since": "yesterday"}).status_code == 400
    assert client.get("/findings", params={"since": "", "until": ""}).status_code == 200
