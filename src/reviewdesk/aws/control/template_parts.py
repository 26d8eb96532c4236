"""Parts that CloudFormation templates are made of."""

from collections.abc import Mapping, Sequence
from typing import Any


def resource(kind: str, **properties: Any) -> dict[str, Any]:
    """Return a resource of a kind, as in ``AWS::S3::Bucket``."""
    return {"Type": kind, "Properties": properties}


def policy(statements: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return a policy document."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def service_role(service: str, name: str, allowed: Mapping[str, Any]) -> dict[str, Any]:
    """Return a role that a service takes.

    Args:
        service: as in ``lambda.amazonaws.com``.
        name: of its policy.
        allowed: the policy document.
    """
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return resource(
        "AWS::IAM::Role",
        AssumeRolePolicyDocument=policy([trust]),
        Policies=[{"PolicyName": name, "PolicyDocument": dict(allowed)}],
    )
