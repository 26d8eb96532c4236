"""What is ours in an account's region: a table of kinds, each listed, and each ended in its way.

The tag `reviewdesk` says what is ours; schedules, which have no tags, stand in a group that has it.
The order of the table is that of ending: what costs most first, and an endpoint's scheduled
deletion only when the endpoint itself is gone.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NamedTuple

from reviewdesk.aws.control.session import EXPIRES, TAG, Account, ServiceError
from reviewdesk.aws.control.stacks import begin_deletion

ENDPOINT_TAG: Final = "reviewdesk:endpoint"
"""The tag that says which endpoint a model or a configuration is of."""
PREFIX: Final = "reviewdesk-"
"""The beginning of all names that are ours to choose."""
RUNNING: Final = "InProgress"
PASSING: Final = ("Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting", "Stopping")
"""States that end by themselves."""
PASSING_ENDS: Final = ("_IN_PROGRESS", "DELETING")
ROLE_PATH: Final = "/reviewdesk/"
SCALING: Final = "application-autoscaling"
DIMENSION: Final = "sagemaker:variant:DesiredInstanceCount"


@dataclass(frozen=True)
class Resource:
    """Something of ours.

    Args:
        kind: as in ``endpoint``.
        name: as its service calls it.
        project: that it belongs to.
        status: as its service says it; empty where it has none.
        created: when it was made; None where that is not said.
        expires: when it is to be deleted, as its tag says; empty if never.
        endpoint: that it belongs to; empty if to none.
        about: what else its kind needs to know of it.
    """

    kind: str
    name: str
    project: str
    status: str = ""
    created: datetime | None = None
    expires: str = ""
    endpoint: str = ""
    about: Mapping[str, Any] = field(default_factory=dict)

    @property
    def passing(self) -> bool:
        """Whether its state ends by itself."""
        return self.status in PASSING or self.status.endswith(PASSING_ENDS)


class Kind(NamedTuple):
    """A kind of resources.

    Args:
        name: as in ``endpoint configuration``.
        listed: yields those of ours, of every project.
        ended: deletes or stops one.
    """

    name: str
    listed: Callable[[Account], Iterator[Resource]]
    ended: Callable[[Account, Resource], object]


class _SageMaker(NamedTuple):
    """How SageMaker lists and ends one kind."""

    kind: str
    lists: str
    members: str
    noun: str
    ends: str
    parameters: dict[str, str]

    def listed(self, account: Account) -> Iterator[Resource]:
        name, arn = f"{self.noun}Name", f"{self.noun}Arn"
        listing = account.pages("sagemaker", self.lists, self.members, **self.parameters)
        for member in list(listing):
            status = member.get(f"{self.noun}Status", "")
            if self.parameters.get("StatusEquals", status) != status:
                continue
            tags = tags_of(account, member[arn])
            if TAG in tags:
                yield Resource(
                    kind=self.kind,
                    name=member[name],
                    project=tags[TAG],
                    status=status,
                    created=member.get("CreationTime"),
                    expires=tags.get(EXPIRES, ""),
                    endpoint=tags.get(ENDPOINT_TAG, ""),
                )

    def ended(self, account: Account, resource: Resource) -> None:
        if resource.status not in ("Deleting", "Stopping"):
            account.call("sagemaker", self.ends, **{f"{self.noun}Name": resource.name})


def tags_of(account: Account, arn: str) -> dict[str, str]:
    """Return the tags of something of SageMaker's; none where it is gone."""
    try:
        listing = list(account.pages("sagemaker", "list_tags", "Tags", ResourceArn=arn))
    except ServiceError as error:
        if error.gone:
            return {}
        raise
    return {tag["Key"]: tag["Value"] for tag in listing}


def scalings(account: Account) -> Iterator[Resource]:
    """Yield how endpoints scale: those of ours, and those that were, whose policy is ours."""
    service, parameters = SCALING, {"ServiceNamespace": "sagemaker"}
    targets = list(
        account.pages(service, "describe_scalable_targets", "ScalableTargets", **parameters)
    )
    if not targets:
        return
    projects = {one.name: one.project for one in ENDPOINTS.listed(account)}
    policies = account.pages(service, "describe_scaling_policies", "ScalingPolicies", **parameters)
    for policy in list(policies):
        if policy["PolicyName"].startswith(PREFIX):
            endpoint = policy["ResourceId"].split("/")[1]
            projects.setdefault(endpoint, policy["PolicyName"].removeprefix(PREFIX))
    for target in targets:
        endpoint = target["ResourceId"].split("/")[1]
        if endpoint in projects:
            yield Resource(
                kind="scaling",
                name=target["ResourceId"],
                project=projects[endpoint],
                created=target.get("CreationTime"),
                endpoint=endpoint,
                about={"least": target.get("MinCapacity"), "most": target.get("MaxCapacity")},
            )


def _stop_scaling(account: Account, resource: Resource) -> None:
    account.call(
        *(SCALING, "deregister_scalable_target"),
        ServiceNamespace="sagemaker",
        ResourceId=resource.name,
        ScalableDimension=DIMENSION,
    )


def schedule_groups(account: Account) -> Iterator[Resource]:
    """Yield the groups that scheduled deletions stand in."""
    groups = account.pages("scheduler", "list_schedule_groups", "ScheduleGroups", NamePrefix=PREFIX)
    for group in list(groups):
        answer = account.call("scheduler", "list_tags_for_resource", ResourceArn=group["Arn"])
        tags = {tag["Key"]: tag["Value"] for tag in answer.get("Tags", [])}
        if TAG in tags:
            yield Resource(
                kind="schedule group",
                name=group["Name"],
                project=tags[TAG],
                status=group.get("State", "").replace("ACTIVE", ""),
                created=group.get("CreationDate"),
            )


def _delete_schedule_group(account: Account, resource: Resource) -> None:
    if not resource.passing:
        account.call("scheduler", "delete_schedule_group", Name=resource.name)


def schedules(account: Account) -> Iterator[Resource]:
    """Yield scheduled deletions."""
    for group in schedule_groups(account):
        members = account.pages("scheduler", "list_schedules", "Schedules", GroupName=group.name)
        for schedule in list(members):
            yield Resource(
                kind="scheduled deletion",
                name=schedule["Name"],
                project=group.project,
                created=schedule.get("CreationDate"),
                endpoint=schedule["Name"],
                about={"group": group.name},
            )


def _delete_schedule(account: Account, resource: Resource) -> None:
    account.call(
        "scheduler", "delete_schedule", Name=resource.name, GroupName=resource.about["group"]
    )


def roles(account: Account) -> Iterator[Resource]:
    """Yield the roles that scheduled deletions of this region run as."""
    for role in list(account.pages("iam", "list_roles", "Roles", PathPrefix=ROLE_PATH)):
        answer = account.look("iam", "list_role_tags", RoleName=role["RoleName"]) or {}
        tags = {tag["Key"]: tag["Value"] for tag in answer.get("Tags", [])}
        if TAG in tags and tags.get("reviewdesk:region") == account.region:
            yield Resource(
                kind="role", name=role["RoleName"], project=tags[TAG], created=role["CreateDate"]
            )


def _delete_role(account: Account, resource: Resource) -> None:
    name = resource.name
    for policy in list(account.pages("iam", "list_role_policies", "PolicyNames", RoleName=name)):
        account.call("iam", "delete_role_policy", RoleName=name, PolicyName=policy)
    account.call("iam", "delete_role", RoleName=name)


def stacks(account: Account) -> Iterator[Resource]:
    """Yield CloudFormation stacks; what is in them goes with them."""
    for stack in list(account.pages("cloudformation", "describe_stacks", "Stacks")):
        tags = {tag["Key"]: tag["Value"] for tag in stack.get("Tags", [])}
        if TAG in tags and not stack.get("ParentId"):
            yield Resource(
                kind="stack",
                name=stack["StackName"],
                project=tags[TAG],
                status=stack["StackStatus"],
                created=stack.get("CreationTime"),
            )


def _delete_stack(account: Account, resource: Resource) -> None:
    if resource.status != "DELETE_IN_PROGRESS":
        begin_deletion(account, resource.name)


ENDPOINTS: Final = _SageMaker(
    *("endpoint", "list_endpoints", "Endpoints", "Endpoint", "delete_endpoint"), {}
)
TRANSFORMS: Final = _SageMaker(
    *("transform job", "list_transform_jobs", "TransformJobSummaries", "TransformJob"),
    "stop_transform_job",
    {"StatusEquals": RUNNING},
)
TUNINGS: Final = _SageMaker(
    *("tuning job", "list_hyper_parameter_tuning_jobs", "HyperParameterTuningJobSummaries"),
    *("HyperParameterTuningJob", "stop_hyper_parameter_tuning_job"),
    {"StatusEquals": RUNNING},
)
TRAININGS: Final = _SageMaker(
    *("training job", "list_training_jobs", "TrainingJobSummaries", "TrainingJob"),
    "stop_training_job",
    {"StatusEquals": RUNNING},
)
CONFIGS: Final = _SageMaker(
    *("endpoint configuration", "list_endpoint_configs", "EndpointConfigs", "EndpointConfig"),
    "delete_endpoint_config",
    {"NameContains": PREFIX},
)
MODELS: Final = _SageMaker(
    *("model", "list_models", "Models", "Model", "delete_model"), {"NameContains": PREFIX}
)

KINDS: Final = (
    Kind("scaling", scalings, _stop_scaling),
    *(Kind(one.kind, one.listed, one.ended) for one in (ENDPOINTS, TUNINGS, TRAININGS, TRANSFORMS)),
    Kind("stack", stacks, _delete_stack),
    *(Kind(one.kind, one.listed, one.ended) for one in (CONFIGS, MODELS)),
    Kind("scheduled deletion", schedules, _delete_schedule),
    Kind("schedule group", schedule_groups, _delete_schedule_group),
    Kind("role", roles, _delete_role),
)
"""Every kind, in the order in which they are ended."""
