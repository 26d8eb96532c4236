"""Who may do what: every address for every role, log-ins, cookies, forms, the audit log."""

import random
import re
import shutil
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import anyio
import httpx
import pytest

from reviewdesk.desk.accounts import (
    Attempts,
    TooManyAttempts,
    read_accounts,
    remove_account,
    set_account,
)
from reviewdesk.desk.app import ADDRESSES, create_app
from reviewdesk.desk.desk import Desk, open_desk
from reviewdesk.desk.session import ADMIN, AGENT
from reviewdesk.errors import InputError, UsageError
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.serving.metrics import Metrics
from reviewdesk.settings import ServeSettings
from tests.desk.desks import put_back

PASSWORD = "correct horse"
PUBLIC = {("GET", "/login"), ("POST", "/login")}
FOR_ADMINS = {("GET", "/reviews/export/{kind}"), ("GET", "/audit"), ("POST", "/take-in")}


@pytest.fixture(scope="module")
def shop(desk_job: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the job for people with accounts."""
    place = tmp_path_factory.mktemp("accounts") / "shop"
    shutil.copytree(desk_job.parent, place, ignore=shutil.ignore_patterns("desk"))
    set_account(place / "accounts.json", "Ada", ADMIN, PASSWORD)
    set_account(place / "accounts.json", "Ben", AGENT, PASSWORD)
    return place


@pytest.fixture
def desk(shop: Path) -> Iterator[Desk]:
    """A desk at which nobody has done anything, and nobody has to wait."""
    opened = open_desk(shop / "job", ServeSettings(), auth=shop / "accounts.json")
    put_back(shop / "job")
    yield opened
    opened.decisions.close()


def client_of(desk: Desk) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(create_app(desk, Metrics()), client=("10.0.0.9", 1))
    return httpx.AsyncClient(transport=transport, base_url="http://localhost")


async def log_in(client: httpx.AsyncClient, name: str, password: str = PASSWORD) -> httpx.Response:
    page = await client.get("/login")
    sent = {"token": token(page.text), "name": name, "password": password}
    return await client.post("/login", data=sent)


def token(page: str) -> str:
    found = re.search(r'name="token" value="(\w+)"', page)
    assert found, page
    return found[1]


def test_every_address_for_every_role(desk: Desk) -> None:
    """No role reaches what is not its own; each reaches all that is."""

    async def ask(name: str | None) -> dict[tuple[str, str], int]:
        statuses = {}
        async with client_of(desk) as client:
            if name:
                assert (await log_in(client, name)).status_code == 303
            sent = token((await client.get("/activity" if name else "/login")).text)
            for one in ADDRESSES:
                if one.path == "/logout":
                    continue
                path = re.sub(r"\{kind\}", "csv", one.path)
                path = re.sub(r"\{[^}]+\}", "none", path)
                data = {"token": sent} if one.method == "POST" else None
                answer = await client.request(one.method, path, data=data)
                statuses[one.method, one.path] = answer.status_code
            statuses["GET", "/paste"] = (await client.get("/paste")).status_code
            asked = await client.post(
                "/desk/analyse", json={"review_headline": "", "review_body": "x"}
            )
            statuses["POST", "/desk/analyse"] = asked.status_code
        return statuses

    nobody, agent, admin = (anyio.run(ask, name) for name in (None, "Ben", "Ada"))
    closed = {address for address, status in nobody.items() if status == 401}
    assert nobody.keys() - closed == PUBLIC - {("POST", "/login")}  # without a password: 401, too
    assert {address for address, status in agent.items() if status == 403} == {
        *FOR_ADMINS, ("POST", "/name"),
    }  # fmt: skip
    assert {address for address, status in admin.items() if status == 403} == {("POST", "/name")}
    for statuses in (agent, admin):
        assert 401 not in {status for address, status in statuses.items() if address not in PUBLIC}
    assert 500 not in {*nobody.values(), *agent.values(), *admin.values()}
    assert admin["GET", "/reviews/export/{kind}"] == 200


def test_forms_need_a_token_of_their_own_session(desk: Desk) -> None:
    async def ask() -> None:
        async with client_of(desk) as client, client_of(desk) as other:
            await log_in(client, "Ada")
            await log_in(other, "Ben")
            foreign = token((await other.get("/activity")).text)
            for sent in ({}, {"token": ""}, {"token": foreign}, {"token": "0" * 64}):
                for one in ADDRESSES:
                    if one.method == "POST":
                        answer = await client.post(one.path, data=sent)
                        assert answer.status_code == 403, one.path

    anyio.run(ask)


def test_ids_of_customers_are_shown_where_it_is_allowed_and_to_admins(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    review = desk.reviews.at([0])[0]
    ids = PreparedData.open(desk.job / "prepared").table(["review_id", "customer_id"]).to_pylist()
    (customer,) = [row["customer_id"] for row in ids if row["review_id"] == review.id]

    async def ask(name: str) -> str:
        async with client_of(desk) as client:
            await log_in(client, name)
            return (await client.get(f"/customers/{review.customer}")).text

    assert customer not in anyio.run(ask, "Ada")
    monkeypatch.setattr(desk, "clear_customers", True)
    assert customer in anyio.run(ask, "Ada")
    assert customer not in anyio.run(ask, "Ben")


def test_cookies_are_kept_from_scripts_other_sites_and_plain_http(desk: Desk) -> None:
    async def ask() -> None:
        async with client_of(desk) as client:
            for headers, secure in (({}, False), ({"x-forwarded-proto": "https"}, True)):
                cookie = (await client.get("/login", headers=headers)).headers["set-cookie"]
                assert "HttpOnly" in cookie
                assert "SameSite=strict" in cookie
                assert ("Secure" in cookie) == secure
                client.cookies.clear()

    anyio.run(ask)


def test_a_session_is_new_at_log_in_and_over_at_log_out(desk: Desk) -> None:
    async def ask() -> None:
        async with client_of(desk) as client:
            await client.get("/login")
            before = dict(client.cookies)
            await log_in(client, "Ada")
            inside = dict(client.cookies)
            assert inside != before
            sent = token((await client.get("/activity")).text)
            assert (await client.post("/logout", data={"token": sent})).status_code == 303
        async with client_of(desk) as thief:
            thief.cookies.update(inside)
            assert (await thief.get("/activity")).status_code == 401
            thief.cookies.clear()
            thief.cookies.set("reviewdesk_desk", "e30.0000")
            assert (await thief.get("/activity")).status_code == 401

    anyio.run(ask)


def test_wrong_passwords_have_to_wait_and_say_nothing_of_who_there_is(desk: Desk) -> None:
    async def ask() -> None:
        async with client_of(desk) as client:
            known, unknown = [
                await log_in(client, name, "wrong word") for name in ("Ben", "Nobody")
            ]
            assert known.status_code == unknown.status_code == 401
            clean = [re.sub(r'value="\w*"', "", one.text) for one in (known, unknown)]
            assert clean[0] == clean[1]
            for _ in range(4):
                await log_in(client, "Ben", "wrong word")
            assert (await log_in(client, "Ben")).status_code == 429
            assert (await log_in(client, "Ada")).status_code == 303

    anyio.run(ask)
    events = desk.audit.latest()
    assert events[0]["what"] == "login"
    assert {"what": "login_failed", "who": "Nobody", "address": "10.0.0.9"}.items() <= next(
        event for event in events if event["who"] == "Nobody"
    ).items()
    assert "wrong word" not in str(events)


def test_waiting_ends() -> None:
    now = [0.0]
    attempts = Attempts(lambda: now[0])
    for _ in range(5):
        attempts.check("Ada", "a")
        attempts.failed("Ada", "a")
    with pytest.raises(TooManyAttempts):
        attempts.check("Ada", "b")
    attempts.check("Ben", "a")
    now[0] = 61.0
    attempts.check("Ada", "b")
    for n in range(50):
        attempts.failed(f"name {n}", "a")
    with pytest.raises(TooManyAttempts):
        attempts.check("Eve", "a")
    for _ in range(60):  # whoever knows their password locks nobody out
        attempts.failed("Ada", "b")
        attempts.succeeded("Ada", "b")
    attempts.check("Ada", "b")


def test_the_file_of_accounts_is_private_and_holds_no_password(tmp_path: Path) -> None:
    path = tmp_path / "accounts.json"
    set_account(path, "Ada", ADMIN, PASSWORD)
    set_account(path, "Ben", AGENT, PASSWORD)
    assert path.stat().st_mode & 0o777 == 0o600
    assert PASSWORD not in path.read_text()
    one, two = read_accounts(path).values()
    assert (one.salt, one.digest) != (two.salt, two.digest)
    remove_account(path, "Ben")
    assert list(read_accounts(path)) == ["Ada"]
    path.chmod(0o644)
    with pytest.raises(InputError, match="chmod 600"):
        read_accounts(path)
    path.chmod(0o600)
    path.write_text(path.read_text().replace('"admin"', '"agent"'))
    with pytest.raises(InputError, match="damaged"):
        read_accounts(path)
    for name, role, password in (("", AGENT, PASSWORD), ("a", "boss", PASSWORD), ("a", AGENT, "x")):
        with pytest.raises(UsageError):
            set_account(tmp_path / "other.json", name, role, password)


def test_no_request_is_answered_with_500(desk: Desk) -> None:
    anyio.run(fuzz, desk, 800)


@pytest.mark.slow
def test_fifty_thousand_fuzzed_requests(desk: Desk) -> None:
    anyio.run(fuzz, desk, 50_000)


FIELDS = (
    *("q", "page", "finder", "category", "promise", "state", "assignee", "year", "verdict"),
    *("stars", "status", "text", "product", "customer", "since", "until", "kind", "value"),
    *("reason", "batch", "finding_id", "expected", "name", "password", "back", "done", "author"),
    *("pass", "label-sentiment", "sure-sentiment"),
)
VALUES = (
    *("", "0", "-1", "1" * 30, "all", "open", "decide", "snooze", "comment", "right"),
    *("2026-02-31", "2014-03", "9999-99", "0000-01", "ffffffffffffffff", "zz", "csv", "parquet"),
    *("xml", "the", '"', "'; DROP TABLE actions; --", "<script>", "%00", "\x00", "é" * 50),
    *("\u202e", "😀", "../../etc/passwd", "//evil.example", "/\\evil", "x" * 5_000, "NEAR("),
    *("a*", "{0}", "${x}", "-", "5.0", "1e9", "٣", "²"),
)


async def fuzz(desk: Desk, requests: int) -> None:
    """Send requests of all sorts; every one is answered, none with a mistake of ours."""
    rng = random.Random(7)
    paths = sorted({one.path for one in ADDRESSES})
    ids = [*desk.worklist.ids[:5], "none"]
    async with client_of(desk) as client:
        await log_in(client, "Ada")
        known = token((await client.get("/activity")).text)
        for _ in range(requests):
            path = re.sub(r"\{[^}]+\}", lambda _: _quoted(rng, ids), rng.choice(paths))
            if path.startswith(("/login", "/logout", "/name")) and rng.random() < 0.9:
                continue
            fields = {rng.choice(FIELDS): _value(rng, ids) for _ in range(rng.randrange(6))}
            arguments: dict[str, Any] = {
                "headers": {"accept": rng.choice(["text/html", "*/*", ""])}
            }
            if rng.random() < 0.5:
                if rng.random() < 0.9:
                    fields["token"] = known
                arguments["data"] = fields
                if rng.random() < 0.05:
                    arguments["data"] = None
                    arguments["content"] = rng.randbytes(40)
                answer = await client.post(path, **arguments)
            else:
                answer = await client.get(path, params=fields, **arguments)
            assert answer.status_code < 500, (path, fields)


def _value(rng: random.Random, ids: list[str]) -> str:
    if rng.random() < 0.3:
        return rng.choice(ids)
    if rng.random() < 0.1:
        return "".join(rng.choice(string.printable) for _ in range(rng.randrange(20)))
    return rng.choice(VALUES)


def _quoted(rng: random.Random, ids: list[str]) -> str:
    return quote(_value(rng, ids).replace("..", "") or "-", safe="")
