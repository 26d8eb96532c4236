import httpx
import pytest

from reviewdesk.serving.guards import SECURITY_HEADERS, is_loopback
from tests.serving.process import server


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "LOCALHOST:99", "127.0.0.1:8080", "[::1]", "[::1]:8080"]
)
def test_this_machines_names(client: httpx.Client, host: str) -> None:
    assert client.get("/ping", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example:80", "", "[", "10.0.0.1"],
)
def test_other_names_are_refused(client: httpx.Client, host: str) -> None:
    answer = client.post("/invocations", json={"instances": ["a"]}, headers={"host": host})
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "bad_request"


def test_a_server_for_the_network_has_any_name() -> None:
    with server(host="0.0.0.0") as one:
        answer = httpx.get(f"{one.url}/ping", headers={"host": "reviews.example"}, trust_env=False)
        assert answer.status_code == 200


@pytest.mark.parametrize("path", ["/ping", "/nothing", "/invocations", "/execution-parameters"])
def test_security_headers_everywhere(client: httpx.Client, path: str) -> None:
    headers = client.get(path, headers={"origin": "https://evil.example"}).headers
    assert {name: headers[name] for name in SECURITY_HEADERS} == SECURITY_HEADERS
    assert not [name for name in headers if name.startswith("access-control-")]
    assert "server" not in headers


def test_preflight_gets_no_permission(client: httpx.Client) -> None:
    asked = {"origin": "https://evil.example", "access-control-request-method": "POST"}
    answer = client.options("/invocations", headers=asked)
    assert answer.status_code == 405
    assert not [name for name in answer.headers if name.startswith("access-control-")]


def test_loopback() -> None:
    assert is_loopback("::1")
    assert is_loopback("127.8.8.8")
    assert not is_loopback("0.0.0.0")
    assert not is_loopback("")
