"""SageMaker's endpoints by name, through boto3."""

from typing import Any, Final

from reviewdesk.optional import require
from reviewdesk.scoring.endpoint import SECONDS, Busy, Refused, ask_about

EXTRA: Final = "aws"
_BUSY: Final = (
    *("ThrottlingException", "ServiceUnavailable", "ModelNotReadyException"),
    *("InternalFailure", "InternalDependencyException", "RequestTimeout"),
)


class SageMakerEndpoint:
    """An endpoint in the account and region that boto3 is configured for.

    Args:
        name: the endpoint's name.
        client: boto3's client of SageMaker's runtime; without, one as boto3 is configured.

    Raises:
        MissingExtra: boto3 is not installed.
        Refused: boto3 is not configured.
    """

    def __init__(self, name: str, client: Any = None) -> None:
        self.name = name
        self._errors = require("botocore.exceptions", EXTRA)
        if client is not None:
            self._client = client
            return
        config = require("botocore.config", EXTRA).Config(
            retries={"max_attempts": 0}, read_timeout=SECONDS
        )
        try:
            self._client = require("boto3", EXTRA).client("sagemaker-runtime", config=config)
        except self._errors.BotoCoreError as error:
            raise Refused(f"boto3 cannot reach {name}: {error}") from error

    def about(self) -> dict[str, Any]:
        """Return what our own container says of itself; SageMaker's runtime does not tell."""
        return ask_about(self.send)

    def send(self, body: bytes) -> bytes:
        """Send JSON and return the JSON that comes back."""
        try:
            answer = self._client.invoke_endpoint(
                EndpointName=self.name,
                ContentType="application/json",
                Accept="application/json",
                Body=body,
            )
            return bytes(answer["Body"].read())
        except self._errors.ClientError as error:
            code = error.response["Error"]["Code"]
            status = error.response["ResponseMetadata"].get("HTTPStatusCode", 0)
            if code in _BUSY or status in (429, 503):
                raise Busy(f"it answers with {code}") from error
            raise Refused(f"{self.name} refuses what is sent, with {code}") from error
        except self._errors.NoCredentialsError as error:
            raise Refused(f"boto3 has no credentials for {self.name}") from error
        except self._errors.BotoCoreError as error:
            raise Busy(f"it cannot be reached ({type(error).__name__})") from error

    def close(self) -> None:
        """Close its connections."""
        self._client.close()
