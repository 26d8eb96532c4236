"""The platform's limits, as its documentation has them; tests make them shorter."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ContainerLimits:
    """How long the platform waits, in seconds, and how much it carries.

    Args:
        stop_training: between SIGTERM and SIGKILL of a training job.
        stop_serving: the same of a server.
        ping: an answer to ``/ping``.
        start: until ``/ping`` is answered well.
        accept: until a connection is made.
        answer: an answer to ``/invocations``.
        payload: bytes of a request and of an answer.
    """

    stop_training: float = 120.0
    stop_serving: float = 30.0
    ping: float = 2.0
    start: float = 240.0
    accept: float = 0.25
    answer: float = 60.0
    payload: int = 6_291_456
