"""An endpoint as requests: its models, its configuration, and names that follow from what they say.

The same endpoint asked for twice gives the same names, so that a deployment that was interrupted
goes on, and one that changes nothing does nothing.
"""

import hashlib
import json
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from reviewdesk.aws.control.resources import ENDPOINT_TAG, PREFIX
from reviewdesk.aws.control.session import Account, require_settings
from reviewdesk.aws.control.settings import DeploySettings
from reviewdesk.aws.control.transfer import Address, address, own_prefix, upload
from reviewdesk.aws.serve import open_model
from reviewdesk.errors import UsageError
from reviewdesk.formats.archive import unpacked, write_archive
from reviewdesk.progress import Progress
from reviewdesk.s3 import SCHEME
from reviewdesk.serving.variants import ALL_TRAFFIC

NAME: Final = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")
LONGEST_STEM: Final = 39
"""Letters of an endpoint's name in names that go by it, of which 63 are allowed."""
SERVERLESS_MEMORY: Final = 1024


@dataclass(frozen=True)
class PlannedVariant:
    """A variant before its model is on S3.

    Args:
        name: of the variant.
        model: a local path, or an address on S3.
        weight: its part of the requests.
    """

    name: str
    model: str
    weight: float = 1.0


@dataclass(frozen=True)
class EndpointPlan:
    """The requests that make an endpoint.

    Args:
        name: of the endpoint.
        models: requests of CreateModel.
        config: the request of CreateEndpointConfig.
        variants: names of the variants that answer.
    """

    name: str
    models: tuple[dict[str, Any], ...]
    config: dict[str, Any]
    variants: tuple[str, ...]

    @property
    def config_name(self) -> str:
        """The name of the configuration."""
        return str(self.config["EndpointConfigName"])

    @property
    def model_names(self) -> set[str]:
        """The names of the models."""
        return {str(model["ModelName"]) for model in self.models}


def planned_variants(settings: DeploySettings) -> list[PlannedVariant]:
    """Return the variants that are asked for, those that answer first, a shadow last.

    Raises:
        UsageError: there is none, or what is said of one is no variant.
    """
    if bool(settings.model) == bool(settings.variants):
        raise UsageError("give --model, or --variants NAME=MODEL:WEIGHT, and not both")
    if settings.model:
        variants = [PlannedVariant(ALL_TRAFFIC, settings.model)]
    else:
        variants = [_variant(word) for word in settings.variants]
    if not sum(one.weight for one in variants) > 0:
        raise UsageError("a variant must have a weight above 0")
    if settings.shadow:
        if len(variants) > 1:
            raise UsageError("SageMaker takes a shadow beside one variant only")
        variants.append(_variant(settings.shadow))
    if settings.serverless and len(variants) > 1:
        raise UsageError("a serverless endpoint has one variant and no shadow")
    names = [one.name for one in variants]
    if len(set(names)) < len(names):
        raise UsageError("two variants have one name")
    return variants


def _variant(word: str) -> PlannedVariant:
    name, equals, rest = word.partition("=")
    model, colon, weight = rest.rpartition(":")
    if not colon or (SCHEME.startswith(f"{model}:") and weight.startswith("//")):
        model, weight = rest, "1"
    if not (equals and model and NAME.fullmatch(name)):
        raise UsageError(f"{word!r} is no variant; write NAME=MODEL:WEIGHT, as in A=bundle:0.9")
    if not re.fullmatch(r"\d+(\.\d*)?|\.\d+", weight):
        raise UsageError(f"{weight!r} is no weight; write a number from 0 on")
    return PlannedVariant(name, model, float(weight))


def plan_endpoint(
    account: Account, name: str, settings: DeploySettings, progress: Progress
) -> EndpointPlan:
    """Send what is local to S3 and return the requests that make an endpoint.

    Raises:
        UsageError: what is asked for is no endpoint.
        BundleError: what is to answer is no bundle.
        ServiceError: S3 refuses.
    """
    if not NAME.fullmatch(name):
        raise UsageError(f"{name!r} is no name of an endpoint: letters, digits, hyphens, up to 63")
    require_settings(account, "role", "image")
    if settings.serverless and settings.memory_mb % SERVERLESS_MEMORY:
        raise UsageError("memory_mb must be 1024, 2048, 3072, 4096, 5120 or 6144")
    if settings.serverless and settings.capture_percent:
        raise UsageError("SageMaker logs no requests of a serverless endpoint")
    if settings.serverless and (account.settings.subnets or account.settings.isolated):
        raise UsageError("a serverless endpoint can have no VPC and no isolation")
    tags = account.tag_list({ENDPOINT_TAG: name})
    variants = planned_variants(settings)
    models = [
        model_request(account, name, one.model, settings.environment, progress) for one in variants
    ]
    answering = [
        _production(one, model["ModelName"], settings)
        for one, model in zip(variants, models, strict=True)
    ]
    shadows = [answering.pop()] if settings.shadow else []
    config: dict[str, Any] = {"ProductionVariants": answering}
    if shadows:
        config["ShadowProductionVariants"] = shadows
    if settings.capture_percent:
        config["DataCaptureConfig"] = _capture(account, settings)
    if account.settings.kms_key and not settings.serverless:
        config["KmsKeyId"] = account.settings.kms_key
    config = {"EndpointConfigName": _name(name, config), **config, "Tags": tags}
    unique = {model["ModelName"]: model for model in models}
    return EndpointPlan(
        name, tuple(unique.values()), config, tuple(one["VariantName"] for one in answering)
    )


def model_request(
    account: Account,
    endpoint: str,
    model: str,
    environment: Mapping[str, str],
    progress: Progress,
) -> dict[str, Any]:
    """Send a model to S3 and return the request of CreateModel; its name follows from it.

    Args:
        account: where.
        endpoint: that the model is of.
        model: a bundle, local or packed, or an archive on S3.
        environment: of its container.
        progress: shows what is sent.

    Raises:
        UsageError: it is not there, or the account lacks a role or an image.
        BundleError: it is no bundle.
        ServiceError: S3 refuses.
    """
    require_settings(account, "role", "image")
    where, version = model_on_s3(account, model, progress)
    container: dict[str, Any] = {
        "Image": account.settings.image,
        "ModelDataUrl": str(where),
        **({"Environment": dict(environment)} if environment else {}),
    }
    request = {
        "PrimaryContainer": container,
        "ExecutionRoleArn": account.settings.role,
        **network(account),
    }
    name = _name(endpoint, {**request, "version": version})
    return {"ModelName": name, **request, "Tags": account.tag_list({ENDPOINT_TAG: endpoint})}


def network(account: Account) -> dict[str, Any]:
    """Return where containers run: the VPC, and whether they have a network."""
    settings = account.settings
    where: dict[str, Any] = {}
    if bool(settings.subnets) != bool(settings.security_groups):
        raise UsageError("a VPC needs both: subnets and security_groups")
    if settings.subnets:
        where["VpcConfig"] = {
            "SecurityGroupIds": list(settings.security_groups),
            "Subnets": list(settings.subnets),
        }
    if settings.isolated:
        where["EnableNetworkIsolation"] = True
    return where


def _production(variant: PlannedVariant, model: str, settings: DeploySettings) -> dict[str, Any]:
    request = {
        "VariantName": variant.name,
        "ModelName": model,
        "InitialVariantWeight": variant.weight,
    }
    if settings.serverless:
        serverless = {"MemorySizeInMB": settings.memory_mb, "MaxConcurrency": settings.concurrency}
        return {**request, "ServerlessConfig": serverless}
    return {
        **request,
        "InstanceType": settings.instance,
        "InitialInstanceCount": settings.instances,
        "ContainerStartupHealthCheckTimeoutInSeconds": settings.startup_seconds,
    }


def _capture(account: Account, settings: DeploySettings) -> dict[str, Any]:
    """Return how SageMaker logs requests; it adds endpoint, variant and hour to the address."""
    modes = ["Input", "Output"] if settings.capture_input else ["Output"]
    key = account.settings.kms_key
    return {
        "EnableCapture": True,
        "InitialSamplingPercentage": settings.capture_percent,
        "DestinationS3Uri": str(own_prefix(account).below("captures")),
        "CaptureOptions": [{"CaptureMode": mode} for mode in modes],
        "CaptureContentTypeHeader": {
            "JsonContentTypes": ["application/json", "application/jsonlines"],
            "CsvContentTypes": ["text/csv"],
        },
        **({"KmsKeyId": key} if key else {}),
    }


def model_on_s3(account: Account, model: str, progress: Progress) -> tuple[Address, str]:
    """Return where a model's archive is on S3, and what tells it from another at that address."""
    if model.startswith(SCHEME):
        where = address(model)
        there = account.look("s3", "head_object", Bucket=where.bucket, Key=where.key)
        if there is None and account.reachable:
            raise UsageError(f"{model} is not there, or is a folder; a model is a .tar.gz")
        return where, str((there or {}).get("ETag", ""))
    path = Path(model)
    if not path.exists():
        raise UsageError(f"{model} does not exist; give a bundle, or s3://BUCKET/KEY")
    if path.is_dir():
        open_model(path)
        with tempfile.TemporaryDirectory(prefix="reviewdesk-model-") as folder:
            packed = Path(folder) / "model.tar.gz"
            write_archive(path, packed)
            return _send(account, packed, progress)
    with unpacked(path) as folder_of_model:
        open_model(folder_of_model)
    return _send(account, path, progress)


def _send(account: Account, archive: Path, progress: Progress) -> tuple[Address, str]:
    with archive.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    where = own_prefix(account).below(f"models/{digest[:16]}/model.tar.gz")
    with progress.task("Sending the model", archive.stat().st_size, "bytes") as task:
        upload(account, archive, where, task)
    return where, digest


def _name(endpoint: str, content: Mapping[str, Any]) -> str:
    """Return a name that goes by an endpoint's and by what is in it."""
    text = json.dumps({"endpoint": endpoint, **content}, sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()[:10]
    return f"{PREFIX}{endpoint[:LONGEST_STEM].rstrip('-')}-{digest}"
