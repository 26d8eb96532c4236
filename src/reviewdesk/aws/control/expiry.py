"""When an endpoint ends: a moment that is always set, and a deletion that AWS itself carries out.

EventBridge Scheduler calls SageMaker's DeleteEndpoint at that moment, whether this machine is on or
not. It is set up before the endpoint is made, so that no endpoint is ever without.
"""

import json
import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from reviewdesk.aws.control.resources import PREFIX, ROLE_PATH
from reviewdesk.aws.control.session import TAG, Account, ServiceError
from reviewdesk.errors import UsageError

UNITS: Final = {"m": 60, "h": 3600, "d": 86400, "w": 604800}
SOONEST_SECONDS: Final = 600
LATEST_DAYS: Final = 366
TARGET: Final = "scheduler:::aws-sdk:sagemaker:deleteEndpoint"
POLICY: Final = "delete-endpoints"
ROLE_TRIES: Final = 10
ROLE_SECONDS: Final = 3.0
"""A new role is known to the scheduler only after some seconds."""


def expiry(text: str, now: datetime) -> datetime:
    """Return the moment that a user means.

    Args:
        text: a length of time from now, as in ``8h`` or ``2d``, or a moment, as in
            ``2026-12-01T18:00``, which is UTC where it names no zone.
        now: the present moment.

    Raises:
        UsageError: it is neither, or is too soon or too late.
    """
    length = re.fullmatch(r"(\d{1,6})([mhdw])", text)
    if length:
        moment = now + timedelta(seconds=int(length[1]) * UNITS[length[2]])
    else:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError as error:
            raise UsageError(
                f"{text!r} is no expiry; write a time from now as 8h or 2d, or a moment as "
                "2026-12-01T18:00"
            ) from error
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if not SOONEST_SECONDS <= (moment - now).total_seconds() <= LATEST_DAYS * 86400:
        raise UsageError(f"{text} is no expiry: it must be 10 minutes to {LATEST_DAYS} days ahead")
    return moment.astimezone(UTC).replace(microsecond=0)


def said(moment: datetime) -> str:
    """Return a moment as tags and people read it, in UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class ExpiryGuard:
    """Scheduled deletions of a project's endpoints.

    Args:
        account: where.
        pause_seconds: between two tries with a role that is new.
    """

    def __init__(self, account: Account, *, pause_seconds: float = ROLE_SECONDS) -> None:
        self._account = account
        self._pause = pause_seconds
        self.group = f"{PREFIX}{account.project}"
        self.role = f"{PREFIX}{account.project}-{account.region}"

    def set(self, endpoint: str, moment: datetime) -> None:
        """Have an endpoint deleted at a moment, also if none is there yet.

        Raises:
            ServiceError: it cannot be scheduled.
        """
        role = self._make_role()
        self._make_group()
        request = self._request(endpoint, moment, role)
        there = self._account.look("scheduler", "get_schedule", Name=endpoint, GroupName=self.group)
        method = "create_schedule" if there is None else "update_schedule"
        self._patiently(method, request)

    def clear(self, endpoint: str) -> None:
        """Take an endpoint's scheduled deletion back, if there is one.

        Raises:
            ServiceError: the scheduler refuses.
        """
        self._account.look("scheduler", "delete_schedule", Name=endpoint, GroupName=self.group)

    def _request(self, endpoint: str, moment: datetime, role: str) -> dict[str, Any]:
        return {
            "Name": endpoint,
            "GroupName": self.group,
            "ScheduleExpression": f"at({moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S})",
            "ScheduleExpressionTimezone": "UTC",
            "Description": f"Deletes the endpoint {endpoint} of {self._account.project}",
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "ActionAfterCompletion": "NONE",
            "State": "ENABLED",
            "Target": {
                "Arn": f"arn:{self._account.partition}:{TARGET}",
                "RoleArn": role,
                "Input": json.dumps({"EndpointName": endpoint}),
                "RetryPolicy": {"MaximumEventAgeInSeconds": 86400, "MaximumRetryAttempts": 185},
            },
        }

    def _make_group(self) -> None:
        if self._account.look("scheduler", "get_schedule_group", Name=self.group) is None:
            self._account.call(
                *("scheduler", "create_schedule_group"),
                Name=self.group,
                Tags=self._account.tag_list(),
            )

    def _make_role(self) -> str:
        """Make the role that may delete this project's endpoints and nothing else."""
        account = self._account
        if account.look("iam", "get_role", RoleName=self.role) is None:
            account.call(
                *("iam", "create_role"),
                RoleName=self.role,
                Path=ROLE_PATH,
                AssumeRolePolicyDocument=json.dumps(trust(account)),
                Description="Deletes endpoints of reviewdesk when they expire",
                Tags=account.tag_list({"reviewdesk:region": account.region}),
            )
        account.call(
            *("iam", "put_role_policy"),
            RoleName=self.role,
            PolicyName=POLICY,
            PolicyDocument=json.dumps(permission(account)),
        )
        return account.arn("iam", f"role{ROLE_PATH}{self.role}", of_region=False)

    def _patiently(self, method: str, request: dict[str, Any]) -> None:
        for left in reversed(range(ROLE_TRIES)):
            try:
                self._account.call("scheduler", method, **request)
                return
            except ServiceError as error:
                if "assume" not in str(error) or not left:
                    raise
                time.sleep(self._pause)


def trust(account: Account) -> dict[str, Any]:
    """Return who may take the role: the scheduler, for schedules of this account only."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "scheduler.amazonaws.com"},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"aws:SourceAccount": account.number}},
            }
        ],
    }


def permission(account: Account) -> dict[str, Any]:
    """Return what the role may do: delete endpoints that are the project's."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "sagemaker:DeleteEndpoint",
                "Resource": account.arn("sagemaker", "endpoint/*"),
                "Condition": {"StringEquals": {f"aws:ResourceTag/{TAG}": account.project}},
            }
        ],
    }
