"""Scaling of an endpoint's variants by requests a minute."""

from typing import Any, Final

from reviewdesk.aws.control.endpoint_plan import EndpointPlan
from reviewdesk.aws.control.resources import DIMENSION, PREFIX, SCALING
from reviewdesk.aws.control.session import Account
from reviewdesk.aws.control.settings import DeploySettings

IN_SECONDS: Final = 600
OUT_SECONDS: Final = 300


def scale(account: Account, plan: EndpointPlan, settings: DeploySettings) -> None:
    """Have each variant scale as asked for, or not at all.

    Raises:
        ServiceError: AWS refuses.
    """
    there = scaled_variants(account, plan.name)
    wanted = plan.variants if settings.most_instances > settings.instances else ()
    for variant in there - set(wanted):
        account.look(SCALING, "deregister_scalable_target", **_names(plan.name, variant))
    for variant in wanted:
        names = _names(plan.name, variant)
        account.call(
            *(SCALING, "register_scalable_target"),
            **names,
            MinCapacity=settings.instances,
            MaxCapacity=settings.most_instances,
        )
        account.call(
            *(SCALING, "put_scaling_policy"),
            **names,
            PolicyName=f"{PREFIX}{account.project}",
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration=_policy(settings),
        )


def scaled_variants(account: Account, endpoint: str) -> set[str]:
    """Return the variants of an endpoint that scale.

    Raises:
        ServiceError: AWS refuses.
    """
    targets = account.pages(
        SCALING, "describe_scalable_targets", "ScalableTargets", ServiceNamespace="sagemaker"
    )
    parts = [target["ResourceId"].split("/") for target in targets]
    return {part[3] for part in parts if part[1] == endpoint}


def _names(endpoint: str, variant: str) -> dict[str, Any]:
    return {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/{endpoint}/variant/{variant}",
        "ScalableDimension": DIMENSION,
    }


def _policy(settings: DeploySettings) -> dict[str, Any]:
    return {
        "TargetValue": settings.requests_per_minute,
        "PredefinedMetricSpecification": {
            "PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"
        },
        "ScaleInCooldown": IN_SECONDS,
        "ScaleOutCooldown": OUT_SECONDS,
    }
