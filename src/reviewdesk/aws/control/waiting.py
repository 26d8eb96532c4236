"""Waiting for what SageMaker does: each new state is said, until it is over or takes too long."""

import time
from collections.abc import Callable, Collection
from typing import Any, Final

from reviewdesk.aws.control.session import Account, ServiceError

POLL_SECONDS: Final = 15.0
PATIENCE_SECONDS: Final = 3600.0
MOST_FAILURES: Final = 5
"""Looks in a row that may fail: a wait of hours outlives a short trouble of the network."""


def wait_for(
    look: Callable[[], dict[str, Any]],
    state: str,
    passing: Collection[str],
    *,
    hear: Callable[[str], None] = lambda status: None,
    also: Callable[[], object] = lambda: None,
    poll_seconds: float = POLL_SECONDS,
    patience_seconds: float = PATIENCE_SECONDS,
) -> dict[str, Any]:
    """Look until a state is no longer passing, and return what was seen last.

    Args:
        look: returns what the service says.
        state: what it calls the state, as in ``EndpointStatus``.
        passing: the states that end by themselves.
        hear: is told each new state.
        also: is called at every look, to show a log for instance.
        poll_seconds: between two looks.
        patience_seconds: most to wait.

    Raises:
        ServiceError: it takes longer, or cannot be looked at.
    """
    end, seen, failures = time.monotonic() + patience_seconds, "", 0
    while True:
        try:
            answer, failures = look(), 0
        except ServiceError as error:
            failures += 1
            if error.gone or failures >= MOST_FAILURES:
                raise
            time.sleep(poll_seconds)
            continue
        status = str(answer.get(state, ""))
        if status != seen:
            hear(status)
            seen = status
        also()
        if status not in passing:
            return answer
        if time.monotonic() > end:
            raise ServiceError(f"it is still {status} after {patience_seconds / 60:.0f} minutes")
        time.sleep(poll_seconds)


def endpoint_at_rest(
    account: Account,
    name: str,
    *,
    hear: Callable[[str], None] = lambda status: None,
    poll_seconds: float = POLL_SECONDS,
) -> dict[str, Any]:
    """Wait until nothing happens with an endpoint, and return what SageMaker says of it.

    Raises:
        ServiceError: it is gone, or takes longer than an hour.
    """
    return wait_for(
        lambda: account.call("sagemaker", "describe_endpoint", EndpointName=name),
        "EndpointStatus",
        ("Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"),
        hear=hear,
        poll_seconds=poll_seconds,
    )
