"""A training job, and a tuning job, as SageMaker's API takes them."""

import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from reviewdesk.aws.control.endpoint_plan import network
from reviewdesk.aws.control.session import Account, require_settings
from reviewdesk.aws.control.settings import TrainJobSettings
from reviewdesk.aws.control.transfer import Address, address, own_prefix, upload_folder
from reviewdesk.errors import InputError, UsageError
from reviewdesk.formats.tuning_job import read_tuning_job
from reviewdesk.progress import Progress
from reviewdesk.s3 import SCHEME

METRICS: Final = {
    "train:accuracy": "#train_accuracy: ([0-9.]+)",
    "validation:accuracy": "#validation_accuracy: ([0-9.]+)",
    "validation:macro_f1": "validation:macro_f1=([0-9.]+)",
    "validation:log_loss": "validation:log_loss=([0-9.]+)",
}
"""What the image prints, by the names that SageMaker's console shows."""
FIGURE: Final = re.compile(r"validation:([a-z0-9_]+)")
CHECKPOINTS: Final = "/opt/ml/checkpoints"
LONGEST_TUNING_NAME: Final = 32


def job_name(project: str, what: str, now: datetime) -> str:
    """Return a name for a job; SageMaker takes each only once."""
    stem = re.sub(r"[^a-zA-Z0-9]+", "-", f"{project}-{what}").strip("-")
    return f"{stem[:16].rstrip('-')}-{now:%y%m%d-%H%M%S}"


def jobs_prefix(account: Account, name: str) -> Address:
    """Return where a job's results lie."""
    return own_prefix(account).below(f"jobs/{name}/")


def training_request(
    account: Account, name: str, settings: TrainJobSettings, progress: Progress
) -> dict[str, Any]:
    """Send local data to S3 and return the request of a training job.

    Args:
        account: where.
        name: of the job.
        settings: what is learnt and on what.
        progress: shows what is sent.

    Raises:
        UsageError: something that a job needs is missing.
        StorageError: data cannot be read.
        ServiceError: S3 refuses.
    """
    require_settings(account, "role", "image")
    if not settings.data:
        raise UsageError("no data: give --data, or put `data:` into the file's part train")
    channels = {"train": settings.data, "validation": settings.validation}
    return {
        "TrainingJobName": name,
        "HyperParameters": dict(settings.hyper_parameters),
        **_definition(account, name, settings),
        "InputDataConfig": [
            _channel(account, channel, place, settings, progress)
            for channel, place in channels.items()
            if place
        ],
        "Tags": account.tag_list(),
    }


def tuning_request(
    account: Account,
    name: str,
    document: Mapping[str, Any],
    settings: TrainJobSettings,
    progress: Progress,
    *,
    place: str = "the tuning job",
) -> dict[str, Any]:
    """Return the request of a tuning job: the file's ranges and limits, with our image and data.

    Args:
        account: where.
        name: of the job.
        document: what ``tune --write-job`` writes, or a whole request, whose image and data are
            replaced.
        settings: what is learnt and on what.
        progress: shows what is sent.
        place: the file, for messages.

    Raises:
        InputError: it is no tuning job.
        UsageError: something that a job needs is missing.
    """
    job = read_tuning_job(document, place)
    if len(name) > LONGEST_TUNING_NAME:
        raise UsageError(f"{name} is longer than the {LONGEST_TUNING_NAME} letters of such a job")
    single = training_request(account, name, settings, progress)
    single.pop("TrainingJobName")
    tags = single.pop("Tags")
    fixed = {**job.static, **single.pop("HyperParameters")}
    config = dict(document.get("HyperParameterTuningJobConfig", document))
    config["HyperParameterTuningJobObjective"] = {
        "Type": "Maximize" if job.maximise else "Minimize",
        "MetricName": job.metric,
    }
    algorithm = {**single["AlgorithmSpecification"], "MetricDefinitions": metrics(job.metric)}
    request: dict[str, Any] = {
        "HyperParameterTuningJobName": name,
        "HyperParameterTuningJobConfig": config,
        "TrainingJobDefinition": {
            **single,
            "AlgorithmSpecification": algorithm,
            "StaticHyperParameters": {
                key: value for key, value in fixed.items() if key not in job.ranges
            },
        },
        "Tags": tags,
    }
    if document.get("WarmStartConfig"):
        request["WarmStartConfig"] = document["WarmStartConfig"]
    return request


def metrics(objective: str = "") -> list[dict[str, str]]:
    """Return what SageMaker reads of the image's lines, the objective among it.

    Raises:
        InputError: the image prints no such figure.
    """
    named = dict(METRICS)
    if objective and objective not in named:
        figure = FIGURE.fullmatch(objective)
        if figure is None:
            raise InputError(
                f"the image prints no {objective}; there are: {', '.join(named)}, and "
                "validation:NAME of every figure of evaluate"
            )
        named[objective] = f"validation:{figure[1]}=([0-9.]+)"
    return [{"Name": name, "Regex": regex} for name, regex in named.items()]


def _definition(account: Account, name: str, settings: TrainJobSettings) -> dict[str, Any]:
    """Return what a training job and the jobs of a tuning have in common."""
    key = account.settings.kms_key
    results = jobs_prefix(account, name)
    seconds = round(settings.hours * 3600)
    stopping = {"MaxRuntimeInSeconds": seconds}
    if settings.spot:
        waiting = round(settings.wait_hours * 3600) or 2 * seconds
        if waiting < seconds:
            raise UsageError("wait_hours must not be less than hours: it holds them")
        stopping["MaxWaitTimeInSeconds"] = waiting
    definition: dict[str, Any] = {
        "AlgorithmSpecification": {
            "TrainingImage": account.settings.image,
            "TrainingInputMode": settings.input_mode,
            "MetricDefinitions": metrics(),
        },
        "RoleArn": account.settings.role,
        "OutputDataConfig": {
            "S3OutputPath": str(results.below("output")),
            **({"KmsKeyId": key} if key else {}),
        },
        "ResourceConfig": {
            "InstanceType": settings.instance,
            "InstanceCount": settings.instances,
            "VolumeSizeInGB": settings.volume_gb,
            **({"VolumeKmsKeyId": key} if key else {}),
        },
        "StoppingCondition": stopping,
        **network(account),
    }
    if settings.spot:
        definition["EnableManagedSpotTraining"] = True
    if settings.spot or settings.checkpoints:
        definition["CheckpointConfig"] = {
            "S3Uri": str(results.below("checkpoints")),
            "LocalPath": CHECKPOINTS,
        }
    if settings.encrypt_traffic:
        definition["EnableInterContainerTrafficEncryption"] = True
    return definition


def _channel(
    account: Account, channel: str, place: str, settings: TrainJobSettings, progress: Progress
) -> dict[str, Any]:
    where = _on_s3(account, channel, place, progress)
    dealt = "ShardedByS3Key" if settings.sharded else "FullyReplicated"
    return {
        "ChannelName": channel,
        "DataSource": {
            "S3DataSource": {
                "S3DataType": "S3Prefix",
                "S3Uri": str(where),
                "S3DataDistributionType": dealt,
            }
        },
    }


def _on_s3(account: Account, channel: str, place: str, progress: Progress) -> Address:
    if place.startswith(SCHEME):
        return address(place)
    path = Path(place)
    if not path.exists():
        raise UsageError(f"{place} does not exist; give a folder, a file, or s3://BUCKET/PREFIX/")
    where = own_prefix(account).below(f"data/{channel}/{path.resolve().name}/")
    upload_folder(account, path, where, progress)
    return where
