"""The pipeline in Amazon States Language: prepare, train, evaluate, gate, deploy, find, notify.

Source: Amazon States Language specification (states-language.net); AWS Step Functions developer
guide, service integrations.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from reviewdesk.aws.pipeline.settings import EMR, PipelineSettings

INTEGRATION: Final = "arn:aws:states:::"
LOOK: Final = "aws-sdk:sagemaker:describeEndpoint"
EVERYTHING: Final = {"ErrorEquals": ["States.ALL"], "ResultPath": "$.error"}
INPUT: Final = "/opt/ml/processing/input"
OUTPUT: Final = "/opt/ml/processing/output"
GATE_FILE: Final = "gate.json"
LIVE: Final = "REVIEWDESK_LIVE"
METRIC: Final = "REVIEWDESK_METRIC"
POLL_SECONDS: Final = 30
DISK_GB: Final = 30

State = dict[str, Any]

SAGEMAKER_RETRIES: Final = [
    {
        "ErrorEquals": ["SageMaker.ResourceLimitExceededException"],
        "IntervalSeconds": 300,
        "MaxAttempts": 12,
        "BackoffRate": 1.0,
    },
    {
        "ErrorEquals": ["SageMaker.AmazonSageMakerException", "ThrottlingException"],
        "IntervalSeconds": 5,
        "MaxAttempts": 5,
        "BackoffRate": 2.0,
    },
]
ANY_RETRIES: Final = [
    {
        "ErrorEquals": ["States.TaskFailed"],
        "IntervalSeconds": 30,
        "MaxAttempts": 2,
        "BackoffRate": 2.0,
    }
]


@dataclass(frozen=True)
class Surroundings:
    """What the pipeline works with, beside its settings.

    Args:
        base: S3 address of all that it writes, without a ``/`` at its end.
        project: the tag of what it makes.
        image: the image of jobs and of the endpoint.
        role: ARN of the role that jobs run as.
        topic: ARN of the topic that is told.
        kms_key: for volumes and what is written; empty for none.
        vpc: ``VpcConfig`` of SageMaker; empty for none.
    """

    base: str
    project: str
    image: str
    role: str
    topic: Any
    kms_key: str = ""
    vpc: Mapping[str, Any] | None = None

    @property
    def bucket(self) -> str:
        """The bucket of ``base``."""
        return self.base.removeprefix("s3://").partition("/")[0]

    @property
    def prefix(self) -> str:
        """The key of ``base``."""
        return self.base.removeprefix("s3://").partition("/")[2]


def pipeline_definition(settings: PipelineSettings, around: Surroundings) -> dict[str, Any]:
    """Return the state machine, as JSON values."""
    runs = f"{around.base}/runs/{{}}"
    places = {
        "run.$": "$.run",
        "name.$": f"States.Format('{around.project}-{{}}', $.run)",
        "prepared.$": f"States.Format('{runs}/prepared', $.run)",
        "models.$": f"States.Format('{runs}/models', $.run)",
        "model.$": f"States.Format('{runs}/models/{around.project}-{{}}/output/model.tar.gz', "
        "$.run, $.run)",
        "model_key.$": f"States.Format('{around.bucket}/{around.prefix}/runs/{{}}/models/"
        f"{around.project}-{{}}/output/model.tar.gz', $.run, $.run)",
        "gate.$": f"States.Format('{runs}/gate', $.run)",
        "gate_key.$": f"States.Format('{around.prefix}/runs/{{}}/gate/{GATE_FILE}', $.run)",
        "findings.$": f"States.Format('{runs}/findings', $.run)",
    }
    states: dict[str, State] = {
        "Begin": {"Type": "Pass", "Parameters": {"run.$": "States.UUID()"}, "Next": "Places"},
        "Places": {"Type": "Pass", "Parameters": places, "Next": "Prepare"},
        "Prepare": _task(**_prepare(settings, around), retries=ANY_RETRIES, then="Train"),
        "Train": _train(settings, around),
        "Evaluate": _evaluate(settings, around),
        **_gate(settings, around),
        **(_deploy(settings, around) if settings.endpoint else {}),
        "KeepModel": _task(
            "aws-sdk:s3:copyObject",
            {"Bucket": around.bucket, "Key": f"{around.prefix}/live/model.tar.gz",
             "CopySource.$": "$.model_key"},
            retries=ANY_RETRIES, then="Find",
        ),
        "Find": _find(settings, around),
        **_notify(around),
    }  # fmt: skip
    return {
        "Comment": "reviewdesk: prepare, train, evaluate, gate, deploy, find, notify",
        "StartAt": "Begin",
        "States": states,
    }


def _prepare(settings: PipelineSettings, around: Surroundings) -> dict[str, Any]:
    words = f"'prepare', '{settings.reviews}', '--out', $.prepared"
    if settings.prepare_on == EMR:
        submit: dict[str, Any] = {
            "EntryPoint": settings.script,
            "EntryPointArguments.$": f"States.Array({words})",
        }
        if settings.spark_parameters:
            submit["SparkSubmitParameters"] = settings.spark_parameters
        return {
            "resource": "emr-serverless:startJobRun.sync",
            "parameters": {
                "ApplicationId": settings.application,
                "ExecutionRoleArn": around.role,
                "JobDriver": {"SparkSubmit": submit},
            },
            "seconds": 3600 * settings.hours,
        }
    listed = f"States.JsonToString(States.Array({words}))"
    return {
        "resource": "glue:startJobRun.sync",
        "parameters": {
            "JobName": settings.application,
            "Arguments": {"--arguments.$": listed},
        },
        "seconds": 3600 * settings.hours,
    }


def _train(settings: PipelineSettings, around: Surroundings) -> State:
    encrypted: dict[str, Any] = {"KmsKeyId": around.kms_key} if around.kms_key else {}
    volume: dict[str, Any] = {"VolumeKmsKeyId": around.kms_key} if around.kms_key else {}
    source = {
        "S3DataType": "S3Prefix",
        "S3Uri.$": "States.Format('{}/', $.prepared)",
        "S3DataDistributionType": "FullyReplicated",
    }
    request: dict[str, Any] = {
        "TrainingJobName.$": "$.name",
        "AlgorithmSpecification": {"TrainingImage": around.image, "TrainingInputMode": "File"},
        "RoleArn": around.role,
        "HyperParameters": {"model": settings.family, "target": settings.target},
        "InputDataConfig": [{"ChannelName": "train", "DataSource": {"S3DataSource": source}}],
        "OutputDataConfig": {"S3OutputPath.$": "$.models", **encrypted},
        "ResourceConfig": {**_machine(settings), **volume},
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600 * settings.hours},
        "Tags": _tags(around),
        **({"VpcConfig": around.vpc} if around.vpc else {}),
    }
    return _task(
        "sagemaker:createTrainingJob.sync", request, retries=SAGEMAKER_RETRIES, then="Evaluate"
    )


def _evaluate(settings: PipelineSettings, around: Surroundings) -> State:
    environment = {
        LIVE: f"{around.base}/live/model.tar.gz",
        METRIC: settings.metric,
    }
    return _processing(
        "States.Format('{}-gate', $.name)",
        ["python", "-m", "reviewdesk.aws", "gate"],
        {"data": "States.Format('{}/', $.prepared)", "candidate": "$.model"},
        "$.gate",
        settings,
        around,
        environment,
        then="ReadFigures",
    )


def _find(settings: PipelineSettings, around: Surroundings) -> State:
    words = ["reviewdesk", "find", "all", f"{INPUT}/data", "--out", OUTPUT, "--overwrite"]
    return _processing(
        "States.Format('{}-find', $.name)",
        words,
        {"data": "States.Format('{}/', $.prepared)"},
        "$.findings",
        settings,
        around,
        {},
        then="Notify",
    )


def _processing(
    name: str,
    words: list[str],
    inputs: Mapping[str, str],
    output: str,
    settings: PipelineSettings,
    around: Surroundings,
    environment: Mapping[str, str],
    *,
    then: str,
) -> State:
    sources = [
        {
            "InputName": one,
            "S3Input": {
                "S3Uri.$": place,
                "LocalPath": f"{INPUT}/{one}",
                "S3DataType": "S3Prefix",
                "S3InputMode": "File",
            },
        }
        for one, place in inputs.items()
    ]
    target = {"S3Uri.$": output, "LocalPath": OUTPUT, "S3UploadMode": "EndOfJob"}
    volume: dict[str, Any] = {"VolumeKmsKeyId": around.kms_key} if around.kms_key else {}
    network = {"NetworkConfig": {"VpcConfig": around.vpc}} if around.vpc else {}
    written: dict[str, Any] = {"Outputs": [{"OutputName": "out", "S3Output": target}]}
    if around.kms_key:
        written["KmsKeyId"] = around.kms_key
    request: dict[str, Any] = {
        "ProcessingJobName.$": name,
        "AppSpecification": {"ImageUri": around.image, "ContainerEntrypoint": words},
        "RoleArn": around.role,
        "ProcessingInputs": sources,
        "ProcessingOutputConfig": written,
        "ProcessingResources": {"ClusterConfig": {**_machine(settings), **volume}},
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600 * settings.hours},
        "Tags": _tags(around),
        **({"Environment": dict(environment)} if environment else {}),
        **network,
    }
    return _task(
        "sagemaker:createProcessingJob.sync", request, retries=SAGEMAKER_RETRIES, then=then
    )


def _gate(settings: PipelineSettings, around: Surroundings) -> dict[str, State]:
    """Return the gate: what is not good enough, or surely worse than the live model, stays out."""
    passes = {
        "And": [
            {"Variable": "$.figures.value", "NumericGreaterThanEquals": settings.least},
            {"Variable": "$.figures.gain_at_best", "NumericGreaterThanEquals": -settings.tolerance},
        ],
        "Next": "LookForEndpoint" if settings.endpoint else "NoEndpoint",
    }
    read = _task(
        "aws-sdk:s3:getObject",
        {"Bucket": around.bucket, "Key.$": "$.gate_key"},
        retries=ANY_RETRIES,
        then="Gate",
    )
    read["ResultSelector"] = {"said.$": "States.StringToJson($.Body)"}
    read["ResultPath"] = "$.read"
    read["Next"] = "Figures"
    figures = {"Type": "Pass", "InputPath": "$.read.said", "ResultPath": "$.figures"}
    return {
        "ReadFigures": read,
        "Figures": {**figures, "Next": "Gate"},
        "Gate": {"Type": "Choice", "Choices": [passes], "Default": "Refuse"},
        "Refuse": _outcome("the new model was refused, and the live one stays", "Find"),
        "NoEndpoint": _outcome(
            "the new model is kept; no endpoint is there to update", "KeepModel"
        ),
    }


def _deploy(settings: PipelineSettings, around: Surroundings) -> dict[str, State]:
    """Return the update of an endpoint that is there, with SageMaker's own taking back watched."""
    describe = {"EndpointName": settings.endpoint}
    busy = SAGEMAKER_RETRIES[1:]
    look = _task(LOOK, describe, retries=busy, then="CreateModel")
    look["Catch"] = [
        {"ErrorEquals": ["SageMaker.SageMakerException"], "ResultPath": "$.error",
         "Next": "NoEndpoint"},
        *look["Catch"],
    ]  # fmt: skip
    variant = {
        "VariantName": "AllTraffic",
        "ModelName.$": "$.name",
        "InstanceType": settings.endpoint_instance,
        "InitialInstanceCount": 1,
    }
    tags = [*_tags(around), {"Key": "reviewdesk:endpoint", "Value": settings.endpoint}]
    model = {
        "ModelName.$": "$.name",
        "ExecutionRoleArn": around.role,
        "PrimaryContainer": {"Image": around.image, "ModelDataUrl.$": "$.model"},
        "Tags": tags,
        **({"VpcConfig": around.vpc} if around.vpc else {}),
    }
    config = {
        "EndpointConfigName.$": "$.name",
        "ProductionVariants": [variant],
        "Tags": tags,
        **({"KmsKeyId": around.kms_key} if around.kms_key else {}),
    }
    update = {"EndpointName": settings.endpoint, "EndpointConfigName.$": "$.name"}
    again = _task(LOOK, describe, retries=busy, then="Updated")
    again["ResultSelector"] = {"status.$": "$.EndpointStatus", "config.$": "$.EndpointConfigName"}
    again["ResultPath"] = "$.endpoint"
    here = {"Variable": "$.endpoint.status", "StringEquals": "InService"}
    new = {"Variable": "$.endpoint.config", "StringEqualsPath": "$.name"}
    chosen = [
        {"And": [here, new], "Next": "Deployed"},
        {**here, "Next": "TakenBack"},
        {"Variable": "$.endpoint.status", "StringEquals": "Failed", "Next": "TakenBack"},
    ]
    return {
        "LookForEndpoint": look,
        "CreateModel": _task(
            "sagemaker:createModel", model, retries=SAGEMAKER_RETRIES, then="CreateConfig"
        ),
        "CreateConfig": _task(
            "sagemaker:createEndpointConfig", config, retries=SAGEMAKER_RETRIES, then="Update"
        ),
        "Update": _task(
            "sagemaker:updateEndpoint", update, retries=SAGEMAKER_RETRIES, then="WaitForEndpoint"
        ),
        "WaitForEndpoint": {"Type": "Wait", "Seconds": POLL_SECONDS, "Next": "LookAgain"},
        "LookAgain": again,
        "Updated": {"Type": "Choice", "Choices": chosen, "Default": "WaitForEndpoint"},
        "Deployed": _outcome(f"the endpoint {settings.endpoint} has the new model", "KeepModel"),
        "TakenBack": _outcome("SageMaker took the new model back; the live one stays", "Find"),
    }


def _notify(around: Surroundings) -> dict[str, State]:
    failed = {
        "TopicArn": around.topic,
        "Subject": "reviewdesk: the pipeline failed",
        "Message.$": "States.Format('{} failed with {}; its execution says where.', "
        "$$.Execution.Name, $.error.Error)",
    }
    told = {
        "TopicArn": around.topic,
        "Subject": "reviewdesk: the pipeline is through",
        "Message.$": "States.Format('{}. Figures: {}. Findings: {}', $.outcome, "
        "States.JsonToString($.figures), $.findings)",
    }
    notify = _task("sns:publish", told, retries=ANY_RETRIES, then="Done")
    notify_failure = _task("sns:publish", failed, retries=ANY_RETRIES, then="Failed")
    notify_failure["Catch"] = [{**EVERYTHING, "Next": "Failed"}]
    return {
        "Notify": notify,
        "Done": {"Type": "Succeed"},
        "NotifyFailure": notify_failure,
        "Failed": {"Type": "Fail", "Error": "PipelineFailed", "Cause": "a step failed"},
    }


def _task(
    resource: str,
    parameters: Mapping[str, Any],
    *,
    retries: list[dict[str, Any]],
    then: str,
    seconds: int = 0,
) -> State:
    """Return a task whose result is dropped, and whose failure is told."""
    return {
        "Type": "Task",
        "Resource": INTEGRATION + resource,
        "Parameters": dict(parameters),
        **({"TimeoutSeconds": seconds} if seconds else {}),
        "ResultPath": None,
        "Retry": retries,
        "Catch": [
            {"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "NotifyFailure"}
        ],
        "Next": then,
    }


def _outcome(sentence: str, then: str) -> State:
    return {"Type": "Pass", "Result": sentence, "ResultPath": "$.outcome", "Next": then}


def _machine(settings: PipelineSettings) -> dict[str, Any]:
    return {"InstanceType": settings.instance, "InstanceCount": 1, "VolumeSizeInGB": DISK_GB}


def _tags(around: Surroundings) -> list[dict[str, str]]:
    return [{"Key": "reviewdesk", "Value": around.project}]


def as_text(definition: Mapping[str, Any]) -> str:
    """Return a definition as the JSON text that Step Functions takes."""
    return json.dumps(definition, indent=2)
