"""An account: every request to AWS is made, checked, recorded and marked in one place."""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any, Final, NamedTuple

from reviewdesk.aws.control.request_check import botocore_session, check_call, operation_name
from reviewdesk.aws.control.settings import AccountSettings
from reviewdesk.errors import ReviewdeskError, UsageError
from reviewdesk.optional import require

EXTRA: Final = "aws"
TAG: Final = "reviewdesk"
"""The tag that marks what is ours; its value is the project."""
EXPIRES: Final = "reviewdesk:expires"
"""The tag that says when something is to be deleted."""

READS: Final = ("Describe", "Get", "Head", "List", "Search", "Validate", "Estimate")
"""Beginnings of operations that change nothing; the others are not sent in a dry run."""
NO_CREDENTIALS: Final = "boto3 has no credentials; run `aws configure`, or set AWS_PROFILE"
NO_ACCOUNT: Final = "000000000000"
GONE: Final = (
    *("NotFound", "NoSuchEntity", "NoSuchKey", "NoSuchBucket", "NoSuchUpload"),
    *("ResourceNotFound", "ResourceNotFoundException", "ObjectNotFoundException", "404"),
)
ABSENT: Final = re.compile(r"does not exist|could not find|not found|cannot find", re.IGNORECASE)


class ServiceError(ReviewdeskError):
    """A service of AWS refuses a request, or cannot be reached.

    Args:
        sentence: what is said.
        reason: the service's code, as in ``AccessDeniedException``; empty where it did not answer.
        gone: whether it says that what was asked for is not there.
    """

    code = "service"

    def __init__(self, sentence: str, reason: str = "", gone: bool = False) -> None:
        super().__init__(sentence)
        self.reason = reason
        self.gone = gone


class Request(NamedTuple):
    """A request as boto3 takes it.

    Args:
        service: as in ``sagemaker``.
        operation: as in ``CreateEndpoint``.
        parameters: what it says.
        sent: whether it was sent; in a dry run only what changes nothing is.
    """

    service: str
    operation: str
    parameters: dict[str, Any]
    sent: bool

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return self._asdict()


class Account:
    """An account in one region, reached as boto3 is configured.

    Args:
        settings: project, region, profile, addresses of stand-ins.
        dry_run: whether nothing is changed: what would be sent is recorded, and what only reads is
            sent where there are credentials.
        hear: takes each request as it is made.

    Raises:
        UsageError: there is no region, no such profile, or a name is not allowed.
        MissingExtra: boto3 is not installed.
    """

    def __init__(
        self,
        settings: AccountSettings,
        *,
        dry_run: bool = False,
        hear: Callable[[Request], None] = lambda request: None,
    ) -> None:
        if not re.fullmatch(r"[a-z0-9](-?[a-z0-9]){0,19}", settings.project):
            raise UsageError(
                f"project is {settings.project!r}; it must have 1 to 20 small letters, digits and "
                "single hyphens"
            )
        self.settings = settings
        self.dry_run = dry_run
        self.requests: list[Request] = []
        self.hear = hear
        self._clients: dict[str, Any] = {}
        self._errors = require("botocore.exceptions", EXTRA)
        try:
            self._session = require("boto3", EXTRA).Session(
                profile_name=settings.profile or None,
                region_name=settings.region or None,
                botocore_session=botocore_session(),
            )
            self.region: str = self._session.region_name or ""
        except self._errors.BotoCoreError as error:
            raise UsageError(f"boto3 says: {error}") from error
        if not self.region:
            raise UsageError(
                "no region: give --region, put `region:` into the file, or set AWS_DEFAULT_REGION"
            )

    @property
    def project(self) -> str:
        """The name that marks what is made."""
        return self.settings.project

    @cached_property
    def reachable(self) -> bool:
        """Whether boto3 has credentials; a dry run works without."""
        return self._session.get_credentials() is not None

    def require_credentials(self) -> None:
        """Raise where nothing can be sent at all; a dry run may go on.

        Raises:
            ServiceError: boto3 has no credentials.
        """
        if not (self.dry_run or self.reachable):
            raise ServiceError(NO_CREDENTIALS)

    @cached_property
    def number(self) -> str:
        """The account's number; zeros in a dry run without credentials."""
        answer = self.call("sts", "get_caller_identity")
        return str(answer.get("Account", NO_ACCOUNT))

    @cached_property
    def partition(self) -> str:
        """The part of AWS that the region is in, as in ``aws`` or ``aws-cn``."""
        return str(self._session.get_partition_for_region(self.region))

    def arn(self, service: str, resource: str, *, of_region: bool = True) -> str:
        """Return the name that a resource has among all of AWS."""
        region = self.region if of_region else ""
        return f"arn:{self.partition}:{service}:{region}:{self.number}:{resource}"

    def tags(self, **more: str) -> dict[str, str]:
        """Return the tags of every resource that is made; the first says that it is ours."""
        return {**self.settings.tags, TAG: self.project, **more}

    def tag_list(self, more: Mapping[str, str] | None = None) -> list[dict[str, str]]:
        """Return the tags as most services take them."""
        every = {**self.tags(), **(more or {})}
        return [{"Key": name, "Value": value} for name, value in every.items()]

    @property
    def broken(self) -> type[Exception]:
        """The error of a body that stops while it is read."""
        kind: type[Exception] = self._errors.BotoCoreError
        return kind

    def client(self, service: str, region: str = "") -> Any:
        """Return boto3's client of a service; ``call`` and ``pages`` say its errors in a sentence.

        Args:
            service: as boto3 names it.
            region: where it is, if not in the account's region.
        """
        key = f"{service} {region}"
        if key not in self._clients:
            config = require("botocore.config", EXTRA).Config(
                retries={"mode": "standard", "max_attempts": 4},
                user_agent_extra="reviewdesk",
                connect_timeout=10,
                read_timeout=70,
            )
            self._clients[key] = self._session.client(
                service,
                region_name=region or self.region,
                endpoint_url=self.settings.endpoint_urls.get(service),
                config=config,
            )
        return self._clients[key]

    def call(
        self, service: str, method: str, region: str = "", **parameters: Any
    ) -> dict[str, Any]:
        """Send a request and return what the service answers.

        In a dry run it is recorded; the answer is empty unless it only reads.

        Args:
            service: as boto3 names it, as in ``sagemaker``.
            method: as boto3 names it, as in ``create_endpoint``.
            region: where, if not in the account's region.
            parameters: of the request.

        Raises:
            UsageError: the service would not take it; nothing was sent.
            ServiceError: it is refused, or the service cannot be reached.
        """
        operation = self._checked(service, method, parameters)
        if not operation:
            return {}
        with _Sentences(self._errors, service, operation):
            answer: dict[str, Any] = getattr(self.client(service, region), method)(**parameters)
        return answer

    def pages(
        self, service: str, method: str, key: str, region: str = "", **parameters: Any
    ) -> Iterator[Any]:
        """Yield the members of a list that a service answers page by page.

        Args:
            service: as boto3 names it.
            method: as boto3 names it, as in ``list_endpoints``.
            key: what the answer calls the list.
            region: where, if not in the account's region.
            parameters: of the request.

        Raises:
            UsageError: the service would not take it; nothing was sent.
            ServiceError: it is refused, or the service cannot be reached.
        """
        operation = self._checked(service, method, parameters)
        if not operation:
            return
        with _Sentences(self._errors, service, operation):
            for page in self.client(service, region).get_paginator(method).paginate(**parameters):
                yield from page.get(key) or []

    def look(self, service: str, method: str, **parameters: Any) -> dict[str, Any] | None:
        """Return what a service says of something; None where it is not there.

        Raises:
            ServiceError: it is refused, or the service cannot be reached.
        """
        try:
            return self.call(service, method, **parameters) or None
        except ServiceError as error:
            if error.gone:
                return None
            raise

    def _checked(self, service: str, method: str, parameters: Mapping[str, Any]) -> str:
        """Check and record a request; return the operation's name, empty if it is not sent."""
        operation = operation_name(service, method)
        check_call(service, operation, parameters)
        sent = not self.dry_run or (operation.startswith(READS) and self.reachable)
        request = Request(service, operation, dict(parameters), sent)
        self.requests.append(request)
        self.hear(request)
        return operation if sent else ""


def require_settings(account: Account, *names: str) -> None:
    """Raise when a setting of the account is missing that a request needs.

    Raises:
        UsageError: says which, and where it is given.
    """
    for name in names:
        if not getattr(account.settings, name):
            raise UsageError(f"no {name}: give --{name}, or put `{name}:` into the file")


class _Sentences:
    """Turns boto3's errors into one sentence.

    Args:
        errors: botocore's.
        service: that is asked.
        operation: that is asked for.
    """

    def __init__(self, errors: Any, service: str, operation: str) -> None:
        self._errors, self._service, self._operation = errors, service, operation

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, self._errors.ClientError):
            said = error.response.get("Error", {})
            code, message = str(said.get("Code", "")), str(said.get("Message", ""))
            gone = any(one in code for one in GONE) or bool(ABSENT.search(message))
            raise ServiceError(
                f"{self._service} refuses {self._operation} with {code}: {message}", code, gone
            ) from error
        if isinstance(error, self._errors.NoCredentialsError):
            raise ServiceError(NO_CREDENTIALS) from error
        if isinstance(error, self._errors.BotoCoreError):
            raise ServiceError(
                f"{self._service} cannot be asked for {self._operation}: {error}"
            ) from error
