"""The least that each command needs, as policies of IAM, and what the containers' role needs.

Only what a command sends is in its policy. Where IAM allows it, resources are named or carry the
project's tag; listings, which IAM cannot narrow, are of everything.
"""

import re
from collections.abc import Sequence
from typing import Any, Final

from reviewdesk.aws.control.resources import PREFIX, ROLE_PATH
from reviewdesk.aws.control.session import TAG, Account
from reviewdesk.aws.control.stack_policies import StackPolicies
from reviewdesk.aws.control.statements import Statement, allow
from reviewdesk.errors import UsageError

VERSION: Final = "2012-10-17"
SAGEMAKER: Final = "sagemaker.amazonaws.com"
SCHEDULER: Final = "scheduler.amazonaws.com"
ECR: Final = re.compile(
    r"(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/([^:@]+)(?:[:@].*)?"
)
"""An image's address: account, region, repository, and a tag or digest."""
KMS: Final = ("kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey")


class Policies:
    """Policies for one account, region, project, bucket and role.

    Args:
        account: whose settings they are for.
    """

    def __init__(self, account: Account) -> None:
        self._account = account
        self._settings = account.settings
        if not account.settings.bucket or not account.settings.role:
            raise UsageError("a policy names the bucket and the role: give --bucket and --role")
        self._stacks = stacks = StackPolicies(account)
        self._commands = {
            "train": self._train,
            "tune": self._tune,
            "deploy": self._deploy,
            "predict": self._predict,
            "status": self._status,
            "delete": self._delete,
            "webapp-deploy": self._webapp_deploy,
            "webapp-delete": stacks.webapp_delete,
            "pipeline-deploy": stacks.pipeline_deploy,
            "pipeline-delete": stacks.pipeline_delete,
            "graph-load": self._graph_load,
            "role": self._role,
        }

    @property
    def names(self) -> tuple[str, ...]:
        """The commands, and ``role`` for what jobs and endpoints run as."""
        return tuple(self._commands)

    def of(self, command: str) -> dict[str, Any]:
        """Return the policy of a command.

        Args:
            command: as in ``deploy`` or ``webapp-deploy``; ``role`` is for what jobs and endpoints
                run as.

        Raises:
            UsageError: there is no such command.
        """
        if command not in self._commands:
            raise UsageError(f"no policy for {command!r}; there are: {', '.join(self.names)}")
        statements = [*self._commands[command](), *self._encryption()]
        for number, statement in enumerate(statements, start=1):
            statement["Sid"] = f"Statement{number}"
        return {"Version": VERSION, "Statement": statements}

    def _train(self) -> list[Statement]:
        return [
            self._jobs("training-job", ["CreateTrainingJob", "DescribeTrainingJob", *TAGS]),
            *self._of_jobs("TrainingJobs"),
        ]

    def _tune(self) -> list[Statement]:
        tuning = ["CreateHyperParameterTuningJob", "DescribeHyperParameterTuningJob", *TAGS]
        return [
            self._jobs("hyper-parameter-tuning-job", tuning),
            self._jobs("training-job", ["DescribeTrainingJob"]),
            *self._of_jobs("TrainingJobs"),
        ]

    def _of_jobs(self, log: str) -> list[Statement]:
        return [
            self._pass(self._settings.role, SAGEMAKER),
            allow(["pricing:GetProducts"], ["*"]),
            self._logs(log),
            *self._files(),
        ]

    def _deploy(self) -> list[Statement]:
        account = self._account
        group = f"{PREFIX}{account.project}"
        expiry_role = account.arn("iam", f"role{ROLE_PATH}{self._expiry_role()}", of_region=False)
        tagged = {"StringEquals": {f"aws:ResourceTag/{TAG}": account.project}}
        own = [self._sagemaker("endpoint/*"), *self._parts()]
        return [
            allow(
                ["sagemaker:CreateModel", "sagemaker:CreateEndpointConfig"],
                self._parts(),
                {"StringEquals": {f"aws:RequestTag/{TAG}": account.project}},
            ),
            allow(
                ["sagemaker:CreateEndpoint"],
                [self._sagemaker("endpoint/*"), self._sagemaker(f"endpoint-config/{PREFIX}*")],
            ),
            allow(["sagemaker:AddTags"], own),
            allow(
                [
                    *("sagemaker:UpdateEndpoint", "sagemaker:DeleteEndpoint"),
                    *("sagemaker:DeleteEndpointConfig", "sagemaker:DeleteModel"),
                    "sagemaker:InvokeEndpoint",
                ],
                own,
                tagged,
            ),
            allow(
                [
                    *("sagemaker:DescribeEndpoint", "sagemaker:DescribeEndpointConfig"),
                    *("sagemaker:DescribeModel", "sagemaker:ListTags"),
                ],
                own,
            ),
            allow(["sagemaker:ListEndpointConfigs", "pricing:GetProducts"], ["*"]),
            allow(
                [
                    *("scheduler:CreateSchedule", "scheduler:DeleteSchedule"),
                    *("scheduler:GetSchedule", "scheduler:UpdateSchedule"),
                ],
                [account.arn("scheduler", f"schedule/{group}/*")],
            ),
            allow(
                [
                    *("scheduler:CreateScheduleGroup", "scheduler:GetScheduleGroup"),
                    "scheduler:TagResource",
                ],
                [account.arn("scheduler", f"schedule-group/{group}")],
            ),
            allow(
                ["iam:CreateRole", "iam:GetRole", "iam:PutRolePolicy", "iam:TagRole"],
                [expiry_role],
            ),
            self._pass(expiry_role, SCHEDULER),
            self._pass(self._settings.role, SAGEMAKER),
            *self._scaling(),
            *self._files(),
        ]

    def _scaling(self) -> list[Statement]:
        service = "sagemaker.application-autoscaling.amazonaws.com"
        return [
            allow(
                [
                    *(
                        f"application-autoscaling:{name}"
                        for name in (
                            "DeregisterScalableTarget",
                            "DescribeScalableTargets",
                            "PutScalingPolicy",
                            "RegisterScalableTarget",
                        )
                    ),
                ],
                ["*"],
                {
                    "StringEqualsIfExists": {
                        "application-autoscaling:service-namespace": "sagemaker"
                    }
                },
            ),
            allow(
                ["iam:CreateServiceLinkedRole"],
                [self._account.arn("iam", f"role/aws-service-role/{service}/*", of_region=False)],
                {"StringLike": {"iam:AWSServiceName": service}},
            ),
        ]

    def _predict(self) -> list[Statement]:
        reading = ["DescribeEndpoint", "DescribeEndpointConfig", "DescribeModel"]
        own = [self._sagemaker("endpoint/*"), *self._parts()]
        request = {"StringEquals": {f"aws:RequestTag/{TAG}": self._account.project}}
        return [
            allow(["sagemaker:InvokeEndpoint"], [self._sagemaker("endpoint/*")]),
            allow([f"sagemaker:{name}" for name in reading], own),
            allow(["sagemaker:CreateModel"], self._parts()[:1], request),
            self._jobs("transform-job", ["CreateTransformJob", "DescribeTransformJob"]),
            allow(["sagemaker:AddTags"], [self._sagemaker("transform-job/*"), *self._parts()[:1]]),
            *self._of_jobs("TransformJobs"),
        ]

    def _status(self) -> list[Statement]:
        return [
            allow(
                [
                    *(f"sagemaker:{name}" for name in LISTS),
                    *("sagemaker:DescribeEndpoint", "sagemaker:DescribeEndpointConfig"),
                    *("sagemaker:DescribeTrainingJob", "sagemaker:DescribeTransformJob"),
                    *LISTS_OF_OTHERS,
                    *("cloudwatch:GetMetricStatistics", "pricing:GetProducts"),
                ],
                ["*"],
            ),
            self._versions(),
        ]

    def _delete(self) -> list[Statement]:
        account = self._account
        tagged = {"StringEquals": {f"aws:ResourceTag/{TAG}": account.project}}
        prefix = f"reviewdesk/{account.project}/*"
        group = f"{PREFIX}{account.project}"
        return [
            allow([*(f"sagemaker:{name}" for name in LISTS), *LISTS_OF_OTHERS], ["*"]),
            allow([f"sagemaker:{name}" for name in ENDS], [self._sagemaker("*")], tagged),
            allow(["application-autoscaling:DeregisterScalableTarget"], ["*"]),
            allow(
                ["cloudformation:DeleteStack", "cloudformation:DescribeStackResources"],
                [account.arn("cloudformation", "stack/*")],
                tagged,
            ),
            *self._stacks.files(),
            *self._stacks.contents(),
            allow(
                ["scheduler:DeleteSchedule", "scheduler:DeleteScheduleGroup"],
                [
                    account.arn("scheduler", f"schedule/{group}/*"),
                    account.arn("scheduler", f"schedule-group/{group}"),
                ],
            ),
            allow(
                ["iam:DeleteRole", "iam:DeleteRolePolicy", "iam:ListRolePolicies"],
                [
                    account.arn(
                        "iam", f"role{ROLE_PATH}{PREFIX}{account.project}-*", of_region=False
                    )
                ],
            ),
            self._versions(),
            allow(
                ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:DeleteObjectVersion"],
                [self._bucket(f"/{prefix}")],
            ),
        ]

    def _webapp_deploy(self) -> list[Statement]:
        return [*self._stacks.webapp_deploy(), *self._files()]

    def _graph_load(self) -> list[Statement]:
        """Return what a load needs; a cluster's address does not tell its name in ARNs."""
        cluster = self._account.arn("neptune-db", "*/*")
        actions = ["neptune-db:GetLoaderJobStatus", "neptune-db:StartLoaderJob"]
        return [allow(actions, [cluster]), *self._files()]

    def _role(self) -> list[Statement]:
        """Return what jobs and endpoints need: the project's files, logs, figures, the image."""
        account = self._account
        return [
            allow(["s3:GetObject", "s3:PutObject"], [self._bucket(f"/{self._prefix()}*")]),
            allow(["s3:ListBucket"], [self._bucket()]),
            allow(
                [
                    *("logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams"),
                    "logs:PutLogEvents",
                ],
                [account.arn("logs", "log-group:/aws/sagemaker/*")],
            ),
            allow(
                ["cloudwatch:PutMetricData"],
                ["*"],
                {"StringLike": {"cloudwatch:namespace": ["AWS/SageMaker", "/aws/sagemaker/*"]}},
            ),
            allow(
                [
                    "ecr:BatchCheckLayerAvailability",
                    "ecr:BatchGetImage",
                    "ecr:GetDownloadUrlForLayer",
                ],
                [self._repository()],
            ),
            allow(["ecr:GetAuthorizationToken"], ["*"]),
            *self._vpc(),
        ]

    def _vpc(self) -> list[Statement]:
        if not self._settings.subnets:
            return []
        names = (
            *("CreateNetworkInterface", "CreateNetworkInterfacePermission"),
            *("DeleteNetworkInterface", "DeleteNetworkInterfacePermission", "DescribeDhcpOptions"),
            *("DescribeNetworkInterfaces", "DescribeSecurityGroups", "DescribeSubnets"),
            "DescribeVpcs",
        )
        return [allow([f"ec2:{name}" for name in names], ["*"])]

    def _encryption(self) -> list[Statement]:
        key = self._settings.kms_key
        return [allow(KMS, [key])] if key.startswith("arn:") else []

    def _jobs(self, resource: str, names: Sequence[str]) -> Statement:
        return allow([f"sagemaker:{name}" for name in names], [self._sagemaker(f"{resource}/*")])

    def _files(self) -> list[Statement]:
        """Return what sending and fetching the project's files needs."""
        return [
            allow(
                [
                    *("s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts"),
                    "s3:PutObject",
                ],
                [self._bucket(f"/{self._prefix()}*")],
            ),
            allow(["s3:ListBucket", "s3:ListBucketMultipartUploads"], [self._bucket()]),
        ]

    def _versions(self) -> Statement:
        names = ("s3:ListBucketMultipartUploads", "s3:ListBucketVersions")
        return allow(names, [self._bucket()])

    def _logs(self, log: str) -> Statement:
        group = self._account.arn("logs", f"log-group:/aws/sagemaker/{log}:*")
        return allow(["logs:DescribeLogStreams", "logs:GetLogEvents"], [group])

    def _pass(self, role: str, service: str) -> Statement:
        return allow(["iam:PassRole"], [role], {"StringEquals": {"iam:PassedToService": service}})

    def _prefix(self) -> str:
        return f"reviewdesk/{self._account.project}/"

    def _bucket(self, path: str = "") -> str:
        return f"arn:{self._account.partition}:s3:::{self._settings.bucket}{path}"

    def _sagemaker(self, resource: str) -> str:
        return self._account.arn("sagemaker", resource)

    def _repository(self) -> str:
        """Return the repository of the image; all of the account's where it has no such address."""
        image = ECR.fullmatch(self._settings.image)
        if image is None:
            return self._account.arn("ecr", "repository/*")
        number, region, name = image.groups()
        return f"arn:{self._account.partition}:ecr:{region}:{number}:repository/{name}"

    def _parts(self) -> list[str]:
        return [
            self._sagemaker(f"model/{PREFIX}*"),
            self._sagemaker(f"endpoint-config/{PREFIX}*"),
        ]

    def _expiry_role(self) -> str:
        return f"{PREFIX}{self._account.project}-{self._account.region}"


TAGS: Final = ("AddTags", "ListTags")
LISTS: Final = (
    *("ListEndpointConfigs", "ListEndpoints", "ListHyperParameterTuningJobs", "ListModels"),
    *("ListTags", "ListTrainingJobs", "ListTransformJobs"),
)
LISTS_OF_OTHERS: Final = (
    *("application-autoscaling:DescribeScalableTargets", "cloudformation:DescribeStacks"),
    *("application-autoscaling:DescribeScalingPolicies", "iam:ListRoleTags", "iam:ListRoles"),
    *("scheduler:ListScheduleGroups", "scheduler:ListSchedules", "scheduler:ListTagsForResource"),
)
ENDS: Final = (
    *("DeleteEndpoint", "DeleteEndpointConfig", "DeleteModel", "StopHyperParameterTuningJob"),
    *("StopTrainingJob", "StopTransformJob"),
)
