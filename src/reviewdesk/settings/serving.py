"""Settings of the server: what it refuses, and how requests are dealt and logged."""

from dataclasses import dataclass
from typing import Final

from reviewdesk.settings.declaration import Settings, setting


@dataclass(frozen=True, kw_only=True)
class ServeSettings(Settings):
    """How the server listens and what it refuses."""

    host: str = setting(
        "127.0.0.1", "address to listen on; 0.0.0.0 opens the server to the network"
    )
    port: int = setting(8080, "port to listen on; 0 takes a free one", minimum=0, maximum=65535)
    max_body_bytes: int = setting(6_291_456, "largest request body, in bytes", minimum=1)
    max_instances: int = setting(10_000, "most reviews in one request", minimum=1)
    max_held_bytes: int = setting(
        134_217_728,
        "most bytes of requests and unread answers in memory at a time; never less than two of "
        "the largest requests",
        minimum=1,
    )
    max_connections: int = setting(
        512, "most connections at a time; fewer where the system allows fewer", minimum=1
    )
    head_seconds: float = setting(
        10.0, "how long a request's head may take to arrive, in seconds", minimum=0.1
    )
    body_seconds: float = setting(
        30.0, "how long a whole request may take to arrive, in seconds", minimum=0.1
    )
    idle_seconds: float = setting(
        20.0, "how long a connection may stay open without a request, in seconds", minimum=0.1
    )
    grace_seconds: float = setting(
        25.0, "how long requests may go on after the signal to end, in seconds", minimum=0.1
    )
    root_path: str = setting(
        "", "where a proxy in front has the server, as in /reviews; empty means at its root"
    )
    access_log: bool = setting(
        False, "whether to write a line about each request, without its text, to standard error"
    )


@dataclass(frozen=True, kw_only=True)
class TrafficSettings(Settings):
    """How requests are dealt to variants, and logged."""

    sticky: str = setting(
        "",
        "what keeps a caller with one variant: a header, or a field of the JSON that is sent, such "
        "as customer_id; by default each request is dealt anew",
    )
    weights: str = setting(
        "",
        'JSON file with weights of variants, as in {"sentiment": {"A": 0.5, "B": 0.5}}; it is read '
        "again whenever it changes",
    )
    capture: str = setting(
        "", "folder to log requests to, in SageMaker's capture format, without their texts"
    )
    capture_input: bool = setting(False, "whether to log the texts, too")
    capture_percent: float = setting(
        100.0, "part of the requests that is logged, in percent", minimum=0.0, maximum=100.0
    )
    capture_mb: int = setting(1024, "most MiB of logs; then the oldest are deleted", minimum=1)


EACH_REQUEST_ANEW: Final = TrafficSettings()
"""Requests are dealt one by one, and not logged."""
