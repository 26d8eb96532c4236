"""The pipeline as a CloudFormation template: state machine, schedule, topic, and their roles."""

from typing import Any, Final

from reviewdesk.aws.control.template_parts import policy, resource, service_role
from reviewdesk.aws.pipeline.definition import Surroundings, pipeline_definition
from reviewdesk.aws.pipeline.settings import EMR, PipelineSettings

POLICY: Final = "pipeline"
JOBS: Final = ("training-job", "processing-job")
RULES: Final = (
    "StepFunctionsGetEventsForSageMakerTrainingJobsRule",
    "StepFunctionsGetEventsForSageMakerProcessingJobsRule",
    "StepFunctionsGetEventsForEMRServerlessJobRule",
)
"""Rules by which Step Functions hears of the ends of jobs that it waits for."""


def pipeline_template(settings: PipelineSettings, around: Surroundings) -> dict[str, Any]:
    """Return the template.

    Args:
        settings: of the pipeline.
        around: what it works with; its topic is the template's own.
    """
    starts = policy([_allow(["states:StartExecution"], {"Ref": "Machine"})])
    schedule = {
        "ScheduleExpression": settings.schedule,
        "FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 60},
        "State": "ENABLED",
        "Target": {
            "Arn": {"Ref": "Machine"},
            "RoleArn": _arn_of("ScheduleRole"),
            "Input": "{}",
            "RetryPolicy": {"MaximumRetryAttempts": 3, "MaximumEventAgeInSeconds": 3600},
        },
    }
    topic: dict[str, Any] = {"KmsMasterKeyId": around.kms_key or "alias/aws/sns"}
    if settings.email:
        topic["Subscription"] = [{"Protocol": "email", "Endpoint": settings.email}]
    allowed = _permissions(settings, around)
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "reviewdesk: a monthly pipeline with a gate",
        "Resources": {
            "Topic": resource("AWS::SNS::Topic", **topic),
            "MachineRole": service_role("states.amazonaws.com", POLICY, allowed),
            "Machine": resource(
                "AWS::StepFunctions::StateMachine",
                StateMachineName={"Ref": "AWS::StackName"},  # by which policies name it
                RoleArn=_arn_of("MachineRole"),
                StateMachineType="STANDARD",
                Definition=pipeline_definition(settings, around),
                DefinitionSubstitutions={"topic": {"Ref": "Topic"}},
            ),
            "ScheduleRole": service_role("scheduler.amazonaws.com", POLICY, starts),
            "Schedule": resource("AWS::Scheduler::Schedule", **schedule),
        },
        "Outputs": {
            "Machine": {"Value": {"Ref": "Machine"}},
            "Topic": {"Value": {"Ref": "Topic"}},
        },
    }


TOPIC: Final = "${topic}"
"""The topic's name inside the definition, which the template fills in."""


def _permissions(settings: PipelineSettings, around: Surroundings) -> dict[str, Any]:
    jobs = [_sagemaker(f"{one}/{around.project}-*") for one in JOBS]
    rules = [_named("events", f"rule/{one}") for one in RULES]
    objects = {"Fn::Sub": f"arn:${{AWS::Partition}}:s3:::{around.bucket}/{around.prefix}/*"}
    statements = [
        _allow(
            ["sagemaker:CreateTrainingJob", "sagemaker:DescribeTrainingJob",
             "sagemaker:StopTrainingJob", "sagemaker:CreateProcessingJob",
             "sagemaker:DescribeProcessingJob", "sagemaker:StopProcessingJob",
             "sagemaker:AddTags"],
            jobs,
        ),
        _allow(["events:PutTargets", "events:PutRule", "events:DescribeRule"], rules),
        _allow(["s3:GetObject", "s3:PutObject"], objects),
        _allow(["sns:Publish"], {"Ref": "Topic"}),
        {**_allow(["iam:PassRole"], around.role), "Condition": {"StringEquals": {
            "iam:PassedToService": ["sagemaker.amazonaws.com", "emr-serverless.amazonaws.com"]}}},
    ]  # fmt: skip
    if settings.endpoint:
        made = [_sagemaker(f"{one}/{around.project}-*") for one in ("model", "endpoint-config")]
        endpoint = _sagemaker(f"endpoint/{settings.endpoint.lower()}")
        creates = ["sagemaker:CreateModel", "sagemaker:CreateEndpointConfig", "sagemaker:AddTags"]
        statements.append(_allow(creates, made))
        statements.append(
            _allow(["sagemaker:DescribeEndpoint", "sagemaker:UpdateEndpoint"], [endpoint, made[1]])
        )
    if settings.prepare_on == EMR:
        application = _named("emr-serverless", f"/applications/{settings.application}")
        run = _named("emr-serverless", f"/applications/{settings.application}/jobruns/*")
        actions = [f"emr-serverless:{one}JobRun" for one in ("Start", "Get", "Cancel")]
        statements.append(_allow(actions, [application, run]))
    else:
        job = _named("glue", f"job/{settings.application}")
        actions = [f"glue:{one}" for one in ("StartJobRun", "GetJobRun", "BatchStopJobRun")]
        statements.append(_allow(actions, job))
    return policy(statements)


def _allow(actions: list[str], resource: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resource}


def _arn_of(name: str) -> dict[str, Any]:
    return {"Fn::GetAtt": [name, "Arn"]}


def _sagemaker(name: str) -> dict[str, str]:
    return _named("sagemaker", name)


def _named(service: str, name: str) -> dict[str, str]:
    return {
        "Fn::Sub": f"arn:${{AWS::Partition}}:{service}:${{AWS::Region}}:${{AWS::AccountId}}:{name}"
    }
