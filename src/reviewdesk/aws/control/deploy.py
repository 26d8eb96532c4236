"""Deploying an endpoint: its end is scheduled, then it is made or changed, then it is probed.

What fails is taken back: a new endpoint is deleted, one that was there gets its earlier
configuration. SageMaker itself keeps the earlier machines until the new ones pass /ping.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from reviewdesk.aws.control.costs import Cost, decide_expiry
from reviewdesk.aws.control.endpoint_plan import EndpointPlan, plan_endpoint, planned_variants
from reviewdesk.aws.control.expiry import ExpiryGuard, said
from reviewdesk.aws.control.prices import ENDPOINT
from reviewdesk.aws.control.probe import ProbeFailed, probe
from reviewdesk.aws.control.resources import CONFIGS, PREFIX, tags_of
from reviewdesk.aws.control.scaling import scale, scaled_variants
from reviewdesk.aws.control.session import EXPIRES, TAG, ServiceError
from reviewdesk.aws.control.settings import DeploySettings
from reviewdesk.aws.control.waiting import endpoint_at_rest
from reviewdesk.aws.control.work import Work
from reviewdesk.errors import UsageError

IN_SERVICE: Final = "InService"
MADE: Final = "made"
CHANGED: Final = "changed"
SAME: Final = "was so already"
PLANNED: Final = "would be made or changed"


@dataclass(frozen=True)
class Deployment:
    """What became of a deployment.

    Args:
        name: of the endpoint.
        outcome: ``made``, ``changed``, ``was so already``; of a dry run what would be.
        config: its configuration now.
        expires: when it is deleted.
        cost: what it costs.
    """

    name: str
    outcome: str
    config: str
    expires: str
    cost: Cost

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        price = self.cost.price
        return {
            **{name: value for name, value in vars(self).items() if name != "cost"},
            "hourly": self.cost.hourly,
            "most_hourly": self.cost.most_hourly,
            "currency": None if price is None else price.currency,
            "price_of": None if price is None else price.day,
        }


class Deployer(Work):
    """Deploys endpoints of one account."""

    def deploy(self, name: str, settings: DeploySettings) -> Deployment:
        """Make an endpoint, or change the one that is there, without an outage.

        Args:
            name: of the endpoint.
            settings: what it is to be.

        Raises:
            UsageError: it has no end, or is not as it must be; nothing was made.
            ProbeFailed: it did not answer as it should, and everything is as it was before.
            ServiceError: AWS refuses something; a new endpoint is deleted again, a changed one has
                its earlier configuration.
        """
        self.account.require_credentials()
        now = datetime.now(UTC)
        cost = self._cost(settings)
        expires = decide_expiry(settings.expires, settings.limit, cost, now)
        there = self._ours(name)
        for sentence in cost.sentences(expires, now):
            self.hear(sentence)
        plan = plan_endpoint(self.account, name, settings, self.progress)
        ExpiryGuard(self.account).set(name, expires)
        try:
            outcome = self._carry_out(plan, settings, there, said(expires))
        except (ServiceError, UsageError):
            if there is None and self._gone(name):
                ExpiryGuard(self.account).clear(name)
            raise
        self._tag(name, said(expires))
        scale(self.account, plan, settings)
        if not self.account.dry_run:
            self._remove_earlier(plan)
        return Deployment(name, outcome, plan.config_name, said(expires), cost)

    def _cost(self, settings: DeploySettings) -> Cost:
        machines = settings.instances * len(planned_variants(settings))
        if settings.serverless:
            return Cost(None, 0, 0, idle=True)
        most = max(settings.most_instances, settings.instances)
        if settings.most_instances and settings.most_instances < settings.instances:
            raise UsageError("most_instances must not be less than instances")
        price = self.prices.hourly(ENDPOINT, settings.instance)
        return Cost(price, machines, most * len(planned_variants(settings)))

    def _ours(self, name: str) -> dict[str, Any] | None:
        """Return the endpoint that is there, at rest; None if there is none that can be changed."""
        there = self.account.look("sagemaker", "describe_endpoint", EndpointName=name)
        if there is None:
            return None
        if tags_of(self.account, there["EndpointArn"]).get(TAG) != self.account.project:
            raise UsageError(
                f"there is an endpoint {name} that is not of the project {self.account.project}; "
                "choose another name"
            )
        try:
            there = endpoint_at_rest(
                self.account, name, hear=self.hear, poll_seconds=self.poll_seconds
            )
        except ServiceError as error:
            if error.gone:
                return None
            raise
        if there["EndpointStatus"] != IN_SERVICE:
            self.hear(f"{name} is {there['EndpointStatus']}; it is deleted and made anew")
            self.account.call("sagemaker", "delete_endpoint", EndpointName=name)
            self._until_gone(name)
            return None
        return there

    def _at_rest(self, name: str) -> dict[str, Any]:
        return endpoint_at_rest(self.account, name, hear=self.hear, poll_seconds=self.poll_seconds)

    def _gone(self, name: str) -> bool:
        return self.account.look("sagemaker", "describe_endpoint", EndpointName=name) is None

    def _until_gone(self, name: str) -> None:
        try:
            self._at_rest(name)
        except ServiceError as error:
            if not error.gone:
                raise

    def _carry_out(
        self,
        plan: EndpointPlan,
        settings: DeploySettings,
        there: dict[str, Any] | None,
        expires: str,
    ) -> str:
        earlier = "" if there is None else str(there["EndpointConfigName"])
        same = earlier == plan.config_name
        if same:  # perhaps of a deployment that was interrupted before it was probed
            earlier = next(iter(self._other_configs(plan)), "")
        try:
            if not same:
                self._make_parts(plan)
                self._switch(plan, settings, expires, new=there is None)
                self._settle(plan)
            probe(self.account, plan.name, plan.variants, settings.probe)
        except (ServiceError, UsageError) as error:
            if earlier or not same:
                self._take_back(plan, earlier, error)
            raise
        if self.account.dry_run:
            return PLANNED
        return SAME if same else CHANGED if earlier else MADE

    def _make_parts(self, plan: EndpointPlan) -> None:
        for model in plan.models:
            name = model["ModelName"]
            if self.account.look("sagemaker", "describe_model", ModelName=name) is None:
                self.account.call("sagemaker", "create_model", **model)
        there = self.account.look(
            "sagemaker", "describe_endpoint_config", EndpointConfigName=plan.config_name
        )
        if there is None:
            self.account.call("sagemaker", "create_endpoint_config", **plan.config)

    def _switch(
        self, plan: EndpointPlan, settings: DeploySettings, expires: str, *, new: bool
    ) -> None:
        names = {"EndpointName": plan.name, "EndpointConfigName": plan.config_name}
        if new:
            tags = self.account.tag_list({EXPIRES: expires})
            self.account.call("sagemaker", "create_endpoint", **names, Tags=tags)
            return
        more: dict[str, Any] = {}
        if settings.alarms:
            more["DeploymentConfig"] = _rollout(settings)
        if scaled_variants(self.account, plan.name):
            more["RetainAllVariantProperties"] = True
            more["ExcludeRetainedVariantProperties"] = [{"VariantPropertyType": "DesiredWeight"}]
        self.account.call("sagemaker", "update_endpoint", **names, **more)

    def _settle(self, plan: EndpointPlan) -> None:
        """Wait until the endpoint is at rest, and see that it is what was asked for."""
        if self.account.dry_run:
            return
        there = endpoint_at_rest(
            self.account, plan.name, hear=self.hear, poll_seconds=self.poll_seconds
        )
        reason = there.get("FailureReason", "no reason is given")
        if there["EndpointStatus"] != IN_SERVICE:
            raise ServiceError(f"{plan.name} ended as {there['EndpointStatus']}: {reason}")
        if there["EndpointConfigName"] != plan.config_name:
            raise ServiceError(f"SageMaker took the change of {plan.name} back: {reason}")

    def _take_back(self, plan: EndpointPlan, earlier: str, error: BaseException) -> None:
        """Bring back what was there before."""
        account = self.account
        if account.dry_run:
            return
        why = "a probe failed" if isinstance(error, ProbeFailed) else "it failed"
        try:
            if not earlier:
                self.hear(f"{why}: {plan.name} is deleted again")
                account.look("sagemaker", "delete_endpoint", EndpointName=plan.name)
                self._until_gone(plan.name)
            else:
                self.hear(f"{why}: {plan.name} gets its earlier configuration back")
                self._go_back(plan.name, earlier)
            spared = self._models_of(earlier) if earlier else set()
            self._remove(plan.config_name, plan.model_names - spared)
        except ServiceError as second:
            raise ServiceError(
                f"{error}; and {plan.name} could not be brought back: {second}. Look at it with "
                "`reviewdesk aws status`; it expires in any case"
            ) from error

    def _go_back(self, name: str, earlier: str) -> None:
        there = self._at_rest(name)
        if there["EndpointConfigName"] != earlier:
            self.account.call(
                "sagemaker", "update_endpoint", EndpointName=name, EndpointConfigName=earlier
            )
            there = endpoint_at_rest(
                self.account, name, hear=self.hear, poll_seconds=self.poll_seconds
            )
        if there["EndpointStatus"] != IN_SERVICE or there["EndpointConfigName"] != earlier:
            raise ServiceError(f"{name} is {there['EndpointStatus']}")

    def _tag(self, name: str, expires: str) -> None:
        """Write the expiry where people see it."""
        there = self.account.look("sagemaker", "describe_endpoint", EndpointName=name) or {}
        arn = there.get("EndpointArn") or self.account.arn("sagemaker", f"endpoint/{name.lower()}")
        tags = [{"Key": EXPIRES, "Value": expires}]
        self.account.call("sagemaker", "add_tags", ResourceArn=arn, Tags=tags)

    def _remove_earlier(self, plan: EndpointPlan) -> None:
        """Remove configurations and models that the endpoint had before; they cost nothing.

        What cannot be removed now is listed by status and removed by delete.
        """
        try:
            for config in self._other_configs(plan):
                self._remove(config, self._models_of(config) - plan.model_names)
        except ServiceError as error:
            self.hear(f"an earlier configuration stays for now: {error}")

    def _other_configs(self, plan: EndpointPlan) -> list[str]:
        """Return the endpoint's configurations of ours beside the planned one, the newest first."""
        if not self.account.reachable:
            return []
        others = [
            one
            for one in CONFIGS.listed(self.account)
            if (one.project, one.endpoint) == (self.account.project, plan.name)
            and one.name != plan.config_name
        ]
        return [one.name for one in sorted(others, key=lambda one: str(one.created), reverse=True)]

    def _models_of(self, config: str) -> set[str]:
        """Return the models of ours that a configuration names."""
        there = self.account.look(
            "sagemaker", "describe_endpoint_config", EndpointConfigName=config
        )
        variants = (there or {}).get("ProductionVariants", [])
        shadows = (there or {}).get("ShadowProductionVariants", [])
        names = {str(one["ModelName"]) for one in [*variants, *shadows]}
        return {name for name in names if name.startswith(PREFIX)}

    def _remove(self, config: str, models: set[str]) -> None:
        self.account.look("sagemaker", "delete_endpoint_config", EndpointConfigName=config)
        for name in sorted(models):
            self.account.look("sagemaker", "delete_model", ModelName=name)


def _rollout(settings: DeploySettings) -> dict[str, Any]:
    """Return how requests move to new machines: a tenth first, all when no alarm rang."""
    return {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {
                "Type": "CANARY",
                "WaitIntervalInSeconds": 300,
                "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 10},
            },
            "TerminationWaitInSeconds": 60,
            "MaximumExecutionTimeoutInSeconds": 3600,
        },
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": name} for name in settings.alarms]},
    }
