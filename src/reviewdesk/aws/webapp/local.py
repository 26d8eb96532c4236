"""The web app on this machine: the function behind a local gateway, the page on its own site."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from reviewdesk.aws.webapp.bundled import bundle_backend
from reviewdesk.aws.webapp.forwarding import endpoint_backend
from reviewdesk.aws.webapp.gateway import HOST, Gateway, listening, own_answer
from reviewdesk.aws.webapp.gateway_events import HTTP_SECOND, HttpRequest
from reviewdesk.aws.webapp.handler import Handler
from reviewdesk.aws.webapp.site import site_page
from reviewdesk.bundle import Bundle
from reviewdesk.desk.judges import judges_of
from reviewdesk.serving.direct import DirectAnswer


class LocalApp(NamedTuple):
    """Where the web app is.

    Args:
        api: the gateway's address.
        site: the page's.
    """

    api: str
    site: str


@contextmanager
def local_app(
    bundles: Mapping[str, Bundle],
    *,
    endpoint: str = "",
    kind: str = HTTP_SECOND,
    port: int = 0,
    site_port: int = 0,
) -> Iterator[LocalApp]:
    """Run the web app on two ports of this machine while the block runs.

    Args:
        bundles: what the page is about; they answer, unless an endpoint does.
        endpoint: an endpoint of SageMaker's that answers in their place.
        kind: of the gateway, one of ``KINDS``.
        port: the gateway's; 0 takes a free one.
        site_port: the page's; 0 takes a free one.

    Raises:
        UsageError: a port cannot be listened on, or there is no such kind of gateway.
        MissingExtra: boto3 is needed for the endpoint, and not installed.
    """
    pages: dict[str, str] = {}
    backend = endpoint_backend(endpoint) if endpoint else bundle_backend(bundles)
    with listening(_site(pages), site_port) as site_at:
        site = f"http://{HOST}:{site_at}"
        gateway = Gateway(Handler(backend, [site]), kind)
        with listening(gateway.answer, port) as api_at:
            app = LocalApp(f"http://{HOST}:{api_at}", site)
            pages["/"] = site_page(judges_of(bundles), app.api)
            yield app


def _site(pages: Mapping[str, str]) -> Callable[[HttpRequest], DirectAnswer]:
    def answer(request: HttpRequest) -> DirectAnswer:
        if request.path not in pages or request.method not in ("GET", "HEAD"):
            return own_answer(404, "Not Found")
        headers = {"content-type": "text/html; charset=utf-8", "x-content-type-options": "nosniff"}
        return DirectAnswer(200, headers, pages[request.path].encode())

    return answer
