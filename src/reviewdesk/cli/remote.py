"""Endpoints elsewhere, as they are named on the command line."""

import re
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Final

from reviewdesk.aws.endpoint import SageMakerEndpoint
from reviewdesk.desk.endpoint_judge import EndpointJudge
from reviewdesk.desk.judges import Judge, in_order
from reviewdesk.errors import UsageError
from reviewdesk.scoring.endpoint import EndpointPredictor, HttpEndpoint

_WITH_TARGET: Final = re.compile(r"([a-z][a-z-]*)=(.+)", re.DOTALL)


def predictor_of(place: str) -> EndpointPredictor:
    """Connect to an endpoint by its URL, or to one of SageMaker's by its name.

    Raises:
        UsageError: it is no such address.
        StorageError: it cannot be reached.
        InputError: its answers are not those of a classifier.
    """
    return EndpointPredictor(HttpEndpoint(place) if "://" in place else SageMakerEndpoint(place))


def remote_judges(words: Sequence[str], stack: ExitStack) -> list[Judge]:
    """Connect to endpoints that the page for people asks.

    Args:
        words: a URL or a name each, with ``TARGET=`` in front where it does not say what it judges.
        stack: closes their connections.

    Raises:
        UsageError: an address is none, or two judge the same.
        StorageError: one cannot be reached.
        InputError: its answers are not those of a classifier.
    """
    judges: dict[str, Judge] = {}
    for word in words:
        named = _WITH_TARGET.fullmatch(word)
        target, place = (named[1], named[2]) if named else ("", word)
        judge = EndpointJudge(stack.enter_context(predictor_of(place)), place, target)
        if judge.target in judges:
            raise UsageError(
                f"two endpoints judge {judge.target}; say what each is, as in sentiment={place}"
            )
        judges[judge.target] = judge
    return [judges[target] for target in in_order(judges)]
