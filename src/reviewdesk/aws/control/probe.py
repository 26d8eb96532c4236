"""A probe: a text that is sent to each variant of an endpoint, and the answer looked at."""

import json
from typing import Any, Final

from reviewdesk.aws.control.session import Account, ServiceError

JSON: Final = "application/json"


class ProbeFailed(ServiceError):
    """An endpoint did not answer a probe as it should."""

    code = "probe"


def probe(account: Account, endpoint: str, variants: tuple[str, ...], text: str) -> None:
    """Raise unless every variant answers a text with a label and a probability.

    Args:
        account: where.
        endpoint: its name.
        variants: those that answer callers.
        text: what is sent.

    Raises:
        ProbeFailed: one does not.
    """
    body = json.dumps({"instances": [text]}).encode()
    for variant in variants:
        parameters: dict[str, Any] = {"EndpointName": endpoint, "ContentType": JSON, "Accept": JSON}
        if len(variants) > 1:
            parameters["TargetVariant"] = variant
        try:
            answer = account.call("sagemaker-runtime", "invoke_endpoint", **parameters, Body=body)
            if answer:
                _check(answer["Body"].read(), endpoint, variant)
        except account.broken as error:
            raise ProbeFailed(
                f"{variant} of {endpoint} stopped in its answer to a probe"
            ) from error
        except ProbeFailed:
            raise
        except ServiceError as error:
            raise ProbeFailed(
                f"{variant} of {endpoint} does not answer a probe: {error}"
            ) from error


def _check(body: bytes, endpoint: str, variant: str) -> None:
    try:
        first = json.loads(body)[0]
        good = bool(first["label"]) and 0 <= float(first["prob"][0]) <= 1
    except (ValueError, LookupError, TypeError):
        good = False
    if not good:
        raise ProbeFailed(
            f"{variant} of {endpoint} answers a probe with something else than a label and a "
            f"probability ({len(body):,} bytes)"
        )
