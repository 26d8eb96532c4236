"""Settings of work with an account: one class a part of the YAML file."""

from dataclasses import dataclass
from typing import Final

from reviewdesk.settings import Settings, setting

PROJECT: Final = "reviewdesk"


@dataclass(frozen=True, kw_only=True)
class AccountSettings(Settings):
    """The account: where work is done, and whose resources are ours."""

    project: str = setting(
        PROJECT,
        "name that marks what is made: the value of the tag reviewdesk on every resource, and the "
        "beginning of what has no name of its own",
    )
    region: str = setting("", "AWS region; empty means the one that boto3 is configured for")
    profile: str = setting("", "profile of boto3's own files; credentials are given nowhere else")
    bucket: str = setting("", "S3 bucket for data, code, models and results; it must exist")
    role: str = setting("", "ARN of the IAM role that SageMaker's jobs and endpoints run as")
    image: str = setting("", "address of the image in ECR, as in 1234.dkr.ecr.REGION.../reviewdesk")
    kms_key: str = setting(
        "", "KMS key for volumes and for what is written to S3; empty means none"
    )
    subnets: tuple[str, ...] = setting((), "subnet of the VPC that jobs and endpoints run in")
    security_groups: tuple[str, ...] = setting((), "security group of the VPC")
    isolated: bool = setting(False, "containers have no network: nothing in, nothing out")
    tags: dict[str, str] = setting({}, "further tag of every resource")
    endpoints: dict[str, str] = setting(
        {}, "address of a stand-in for a service, as in sagemaker=http://127.0.0.1:5000"
    )
