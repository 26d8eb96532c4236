"""Settings of the web app with an account."""

from dataclasses import dataclass

from reviewdesk.aws.webapp.gateway_events import HTTP_SECOND, KINDS
from reviewdesk.settings import Settings, setting


@dataclass(frozen=True, kw_only=True)
class WebappSettings(Settings):
    """The web app: its gateway, its function, its limits."""

    gateway: str = setting(HTTP_SECOND, "kind of gateway", choices=KINDS)
    endpoint: str = setting(
        "", "endpoint of SageMaker's that answers; without one the bundles answer in the function"
    )
    memory_mb: int = setting(
        2048, "memory of the function, and with it its CPU", minimum=512, maximum=10_240
    )
    concurrency: int = setting(
        10, "most requests that the function works on at a time", minimum=1, maximum=1000
    )
    rate: float = setting(
        20.0, "requests a second that the gateway lets through; a function URL has no such limit",
        minimum=0.1, maximum=10_000,
    )  # fmt: skip
    burst: int = setting(40, "requests at once that the gateway lets through", minimum=1)
    origins: tuple[str, ...] = setting(
        (), "further site whose pages may ask, as in https://desk.example.org"
    )
