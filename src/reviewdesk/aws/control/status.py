"""What is ours in a region, what it has cost so far, and which endpoints nobody asks."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from reviewdesk.aws.control.inventory import FILES, list_resources
from reviewdesk.aws.control.prices import ENDPOINT, HOURS_A_MONTH, TRAINING, TRANSFORM, Prices
from reviewdesk.aws.control.resources import ENDPOINTS, TRAININGS, TRANSFORMS, Resource
from reviewdesk.aws.control.session import Account, ServiceError

IDLE_HOURS: Final = 24
PERIOD_SECONDS: Final = 3600
SCHEDULED: Final = "scheduled deletion"


@dataclass(frozen=True)
class Machines:
    """What runs for a resource.

    Args:
        use: as prices have it.
        kinds: how many of each type.
    """

    use: str
    kinds: Mapping[str, int]

    def __str__(self) -> str:
        return ", ".join(f"{count} x {instance}" for instance, count in self.kinds.items())


@dataclass(frozen=True)
class State:
    """One resource, with what it costs.

    Args:
        resource: what it is.
        machines: what runs for it; None where nothing does.
        hourly: per hour; None where no price is known.
        so_far: since it was made, with the machines of now; None where no price is known.
        currency: of these.
        requests: in the last day, or since it was made; None where it is not counted.
        idle: whether it is an endpoint that nobody asked.
        warning: what is wrong with it; empty if nothing.
    """

    resource: Resource
    machines: Machines | None = None
    hourly: float | None = None
    so_far: float | None = None
    currency: str = ""
    requests: int | None = None
    idle: bool = False
    warning: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        one = self.resource
        return {
            **{"kind": one.kind, "name": one.name, "project": one.project, "status": one.status},
            "created": None if one.created is None else one.created.isoformat(),
            **{"expires": one.expires, "endpoint": one.endpoint, "about": dict(one.about)},
            "machines": {} if self.machines is None else dict(self.machines.kinds),
            **{"hourly": self.hourly, "so_far": self.so_far, "currency": self.currency},
            **{"requests": self.requests, "idle": self.idle, "warning": self.warning},
        }


@dataclass(frozen=True)
class Status:
    """What is ours.

    Args:
        region: where.
        states: of every resource.
        errors: why a kind could not be listed, by its name.
    """

    region: str
    states: list[State]
    errors: dict[str, str]

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        resources = [state.to_json() for state in self.states]
        return {"region": self.region, "resources": resources, "errors": self.errors}

    def sentences(self) -> list[str]:
        """Return what must not be overlooked."""
        lines = [
            f"{state.resource.name}: {state.warning}" for state in self.states if state.warning
        ]
        for state in self.states:
            if state.idle and state.hourly:
                lines.append(
                    f"{state.resource.name} is idle: no request in a day, and "
                    f"{state.hourly * HOURS_A_MONTH:,.2f} {state.currency} a month; "
                    f"`reviewdesk aws delete {state.resource.name}` ends it"
                )
            elif state.idle:
                lines.append(f"{state.resource.name} is idle: no request in a day, price unknown")
        return [*lines, *(f"{kind} not listed: {why}" for kind, why in self.errors.items())]


def status(
    account: Account,
    prices: Prices,
    *,
    every_project: bool = True,
    now: datetime | None = None,
) -> Status:
    """Return every resource of ours in the account's region, with what it costs.

    Args:
        account: where.
        prices: of machines.
        every_project: whether those of other projects are listed too.
        now: the present moment.
    """
    now = now or datetime.now(UTC)
    listing = list_resources(account, every_project=every_project)
    errors = dict(listing.errors)
    scheduled = {one.endpoint for one in listing.resources if one.kind == SCHEDULED}
    states = []
    for resource in listing.resources:
        try:
            states.append(_state(account, prices, resource, scheduled, now))
        except ServiceError as error:
            if not error.gone:
                errors[f"{resource.kind} {resource.name}"] = str(error)
                states.append(State(resource))
    return Status(account.region, states, errors)


def _state(
    account: Account, prices: Prices, resource: Resource, scheduled: set[str], now: datetime
) -> State:
    machines = _machines(account, resource)
    if machines is None:
        return State(resource, warning=_warning(resource))
    hourly, currency = _hourly(prices, machines)
    begun = resource.created or now
    hours = max(0.0, (now - begun).total_seconds()) / 3600
    requests = _requests(account, resource, now) if resource.kind == ENDPOINTS.kind else None
    idle = requests == 0 and now - begun >= timedelta(hours=1) and bool(machines.kinds)
    return State(
        resource,
        machines,
        hourly,
        None if hourly is None else hourly * hours,
        currency,
        requests,
        idle,
        _unguarded(resource, scheduled, now),
    )


def _hourly(prices: Prices, machines: Machines) -> tuple[float | None, str]:
    """Return what machines cost an hour, with the currency; None where a price is not known."""
    found = [
        (prices.hourly(machines.use, instance), count) for instance, count in machines.kinds.items()
    ]
    known = [(price, count) for price, count in found if price is not None]
    if len(known) < len(found):
        return None, ""
    return (
        sum(price.hourly * count for price, count in known),
        next((price.currency for price, _ in known), ""),
    )


def _machines(account: Account, resource: Resource) -> Machines | None:
    """Return what runs for a resource."""
    name = resource.name
    if resource.kind == ENDPOINTS.kind:
        return Machines(ENDPOINT, _endpoint_machines(account, name))
    if resource.kind == TRAININGS.kind:
        job = account.call("sagemaker", "describe_training_job", TrainingJobName=name)
        return Machines(TRAINING, _counted(job.get("ResourceConfig", {})))
    if resource.kind == TRANSFORMS.kind:
        job = account.call("sagemaker", "describe_transform_job", TransformJobName=name)
        return Machines(TRANSFORM, _counted(job.get("TransformResources", {})))
    return None


def _counted(resources: Mapping[str, Any]) -> dict[str, int]:
    instance = resources.get("InstanceType")
    return {instance: int(resources.get("InstanceCount", 1))} if instance else {}


def _endpoint_machines(account: Account, name: str) -> dict[str, int]:
    """Return how many machines of each type an endpoint has now; none where it is serverless."""
    endpoint = account.call("sagemaker", "describe_endpoint", EndpointName=name)
    config = account.look(
        *("sagemaker", "describe_endpoint_config"),
        EndpointConfigName=endpoint["EndpointConfigName"],
    )
    asked = {
        one["VariantName"]: one
        for key in ("ProductionVariants", "ShadowProductionVariants")
        for one in (config or {}).get(key, [])
    }
    now = {
        one["VariantName"]: int(one["CurrentInstanceCount"])
        for key in ("ProductionVariants", "ShadowProductionVariants")
        for one in endpoint.get(key, [])
        if "CurrentInstanceCount" in one
    }
    kinds: dict[str, int] = {}
    for variant, one in asked.items():
        instance = one.get("InstanceType")
        if instance:
            count = now.get(variant, int(one.get("InitialInstanceCount", 1)))
            kinds[instance] = kinds.get(instance, 0) + count
    return kinds


def _requests(account: Account, resource: Resource, now: datetime) -> int:
    """Return how many requests an endpoint got in the last day, over all variants."""
    endpoint = account.call("sagemaker", "describe_endpoint", EndpointName=resource.name)
    total = 0.0
    for variant in endpoint.get("ProductionVariants", []):
        answer = account.call(
            *("cloudwatch", "get_metric_statistics"),
            Namespace="AWS/SageMaker",
            MetricName="Invocations",
            Dimensions=[
                {"Name": "EndpointName", "Value": resource.name},
                {"Name": "VariantName", "Value": variant["VariantName"]},
            ],
            StartTime=now - timedelta(hours=IDLE_HOURS),
            EndTime=now,
            Period=PERIOD_SECONDS,
            Statistics=["Sum"],
        )
        total += sum(float(point["Sum"]) for point in answer.get("Datapoints", []))
    return round(total)


def _unguarded(resource: Resource, scheduled: set[str], now: datetime) -> str:
    """Return what is wrong with an endpoint's end."""
    if resource.kind != ENDPOINTS.kind:
        return ""
    if resource.name not in scheduled:
        return "no deletion is scheduled; deploy it again with --expires, or delete it"
    try:
        over = bool(resource.expires) and datetime.fromisoformat(resource.expires) < now
    except ValueError:
        return "its tag reviewdesk:expires is no moment"
    return "it has expired and is still there; delete it" if over else ""


def _warning(resource: Resource) -> str:
    if resource.kind == FILES and resource.about.get("unfinished"):
        return "uploads that were not finished take room that is paid; `aws delete` removes them"
    return ""
