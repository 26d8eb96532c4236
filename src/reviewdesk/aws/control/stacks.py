"""CloudFormation stacks: made, changed, waited for, deleted with the files in their buckets."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from reviewdesk.aws.control.session import Account, ServiceError
from reviewdesk.aws.control.waiting import POLL_SECONDS, wait_for

SERVICE: Final = "cloudformation"
PASSING: Final = "_IN_PROGRESS"
UNUSABLE: Final = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED")
"""A stack whose making failed can be deleted only."""

GOOD: Final = ("CREATE_COMPLETE", "UPDATE_COMPLETE")
BUCKET: Final = "AWS::S3::Bucket"
KEYS_AT_ONCE: Final = 1000


class Stacks:
    """The stacks of an account.

    Args:
        account: where.
        hear: is told each state.
        poll_seconds: how often it is asked for.
    """

    def __init__(
        self,
        account: Account,
        *,
        hear: Callable[[str], None] = lambda sentence: None,
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        self._account, self._hear, self._poll_seconds = account, hear, poll_seconds

    def look(self, name: str) -> dict[str, Any] | None:
        """Return what CloudFormation says of a stack; None where there is none."""
        answer = self._account.look(SERVICE, "describe_stacks", StackName=name)
        stacks = (answer or {}).get("Stacks") or [None]
        stack: dict[str, Any] | None = stacks[0]
        return None if stack is None or stack["StackStatus"] == "DELETE_COMPLETE" else stack

    def put(
        self, name: str, template: Mapping[str, Any], parameters: Mapping[str, str]
    ) -> tuple[str, dict[str, str]]:
        """Make a stack, or change one that is there; return what became of it and its outputs.

        Args:
            name: the stack's.
            template: as JSON values.
            parameters: of the template.

        Returns:
            ``made``, ``changed`` or ``unchanged``, and the outputs; empty in a dry run.

        Raises:
            ServiceError: CloudFormation refuses it, or takes it back.
        """
        there = self.look(name)
        if there is not None and there["StackStatus"] in UNUSABLE:
            self.delete(name)
            there = None
        request: dict[str, Any] = {
            "StackName": name,
            "TemplateBody": json.dumps(template, separators=(",", ":")),
            "Parameters": [
                {"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()
            ],
            "Capabilities": ["CAPABILITY_IAM"],
            "Tags": self._account.tag_list(),
        }
        outcome = "changed" if there else "made"
        try:
            self._account.call(SERVICE, "update_stack" if there else "create_stack", **request)
        except ServiceError as error:
            if "No updates are to be performed" not in str(error):
                raise
            outcome = "unchanged"
        if self._account.dry_run:
            return outcome, {}
        stack = self._at_rest(name)
        if stack["StackStatus"] not in GOOD:
            raise ServiceError(f"{name} ended as {stack['StackStatus']}: {self._reason(name)}")
        return outcome, {one["OutputKey"]: one["OutputValue"] for one in stack.get("Outputs", [])}

    def delete(self, name: str) -> bool:
        """Delete a stack with all in it, and say whether it is gone.

        Raises:
            ServiceError: it cannot be deleted.
        """
        begin_deletion(self._account, name)
        if self._account.dry_run:
            return False
        try:
            stack = self._at_rest(name)
        except ServiceError as error:
            if error.gone:
                return True
            raise
        if stack["StackStatus"] != "DELETE_COMPLETE":
            raise ServiceError(f"{name} is not deleted: {self._reason(name)}")
        return self.look(name) is None

    def _at_rest(self, name: str) -> dict[str, Any]:
        def look() -> dict[str, Any]:
            answer = self._account.call(SERVICE, "describe_stacks", StackName=name)
            stack: dict[str, Any] = answer["Stacks"][0]
            return {**stack, "passing": str(stack["StackStatus"].endswith(PASSING))}

        self._hear(f"waiting for {name}")
        return wait_for(look, "passing", ("True",), poll_seconds=self._poll_seconds)

    def _reason(self, name: str) -> str:
        """Return the first reason why something in a stack failed."""
        events = list(
            self._account.pages(SERVICE, "describe_stack_events", "StackEvents", StackName=name)
        )
        failed = [one for one in events if one.get("ResourceStatus", "").endswith("FAILED")]
        if not failed:
            return "CloudFormation says no reason"
        first = failed[-1]  # the newest stands first
        return f"{first['LogicalResourceId']}: {first.get('ResourceStatusReason', 'no reason')}"


def begin_deletion(account: Account, name: str) -> None:
    """Delete a stack, and before it the files in its buckets, without which these would stay.

    Raises:
        ServiceError: something cannot be deleted.
    """
    answer = account.look(SERVICE, "describe_stack_resources", StackName=name)
    for resource in (answer or {}).get("StackResources", []):
        bucket = resource.get("PhysicalResourceId", "")
        if resource["ResourceType"] == BUCKET and bucket:
            _empty(account, bucket)
    account.call(SERVICE, "delete_stack", StackName=name)


def _empty(account: Account, bucket: str) -> None:
    try:
        listed = list(account.pages("s3", "list_object_versions", "Versions", Bucket=bucket))
    except ServiceError as error:
        if error.gone:
            return
        raise
    keys = [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in listed]
    for start in range(0, len(keys), KEYS_AT_ONCE):
        part = {"Objects": keys[start : start + KEYS_AT_ONCE], "Quiet": True}
        account.call("s3", "delete_objects", Bucket=bucket, Delete=part)
