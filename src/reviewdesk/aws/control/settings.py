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
    endpoint_urls: dict[str, str] = setting(
        {}, "address of a stand-in for a service, as in sagemaker=http://127.0.0.1:5000"
    )


@dataclass(frozen=True, kw_only=True)
class DeploySettings(Settings):
    """An endpoint: what answers, on what, and when it ends."""

    model: str = setting(
        "",
        "what answers: a bundle (a folder or its .tar.gz), or an archive on S3",
    )
    variants: tuple[str, ...] = setting(
        (),
        "variant NAME=MODEL:WEIGHT in place of one model; weights are parts of all requests",
    )
    shadow: str = setting(
        "", "NAME=MODEL that gets the requests too, and whose answers reach nobody"
    )
    instance: str = setting("ml.m5.large", "type of the machines")
    instances: int = setting(1, "number of the machines, of each variant", minimum=1, maximum=100)
    serverless: bool = setting(False, "no machines: paid by the request, nothing while idle")
    memory_mb: int = setting(
        2048, "serverless: memory, in steps of 1,024", minimum=1024, maximum=6144
    )
    concurrency: int = setting(5, "serverless: most requests at a time", minimum=1, maximum=200)
    most_instances: int = setting(
        0,
        "scale up to so many machines and back to --instances; 0 does not scale",
        minimum=0,
        maximum=100,
    )
    requests_per_minute: float = setting(
        600.0, "requests a minute and machine above which one is added", minimum=1
    )
    expires: str = setting(
        "",
        "when it is deleted, by AWS itself: a time from now as 8h or 2d, or a moment as "
        "2026-12-01T18:00 (UTC)",
    )
    limit: float = setting(
        0.0,
        "most that it may cost until it is deleted, in the prices' currency; sets the expiry, or "
        "brings it forward",
        minimum=0,
    )
    probe: str = setting(
        "Works very well, would buy it again.",
        "text that is sent to what was deployed; without a good answer nothing is changed",
    )
    environment: dict[str, str] = setting({}, "environment variable of the container")
    capture_percent: int = setting(
        0,
        "percentage of requests whose answers are logged on S3, below captures/; 0 logs none",
        minimum=0,
        maximum=100,
    )
    capture_input: bool = setting(False, "log the texts of these requests, too")
    startup_seconds: int = setting(
        240, "seconds until the first good /ping", minimum=60, maximum=3600
    )
    alarms: tuple[str, ...] = setting(
        (), "CloudWatch alarm that rolls an update back while requests move to it"
    )


@dataclass(frozen=True, kw_only=True)
class TrainJobSettings(Settings):
    """A training job: what is learnt from, on what, and for how long at most."""

    data: str = setting("", "what is learnt from: a prepared folder, review files, or s3://")
    validation: str = setting("", "what is measured on, if not a share of the data; local or s3://")
    hyper_parameters: dict[str, str] = setting(
        {}, "hyper-parameter, as in model=linear or target=stars; see docs/aws.md"
    )
    input_mode: str = setting(
        "File",
        "how data comes: copied first, read as it is needed, or through a pipe",
        choices=("File", "FastFile", "Pipe"),
    )
    sharded: bool = setting(False, "deal the files to the machines instead of giving all to each")
    instance: str = setting("ml.m5.xlarge", "type of the machines")
    instances: int = setting(1, "number of the machines", minimum=1, maximum=100)
    volume_gb: int = setting(30, "size of each machine's disk", minimum=1, maximum=16384)
    hours: float = setting(
        4.0, "most hours that it may run; SageMaker stops it then", minimum=0.05, maximum=672
    )
    spot: bool = setting(
        False, "spare machines at a lower price; taken away and given again, from checkpoints on"
    )
    wait_hours: float = setting(
        0.0, "spot: most hours in all, waiting included; 0 means twice --hours", minimum=0
    )
    checkpoints: bool = setting(False, "keep checkpoints on S3; spot always does")
    encrypt_traffic: bool = setting(False, "encrypt what the machines send each other")


@dataclass(frozen=True, kw_only=True)
class TransformJobSettings(Settings):
    """A batch transform: files labelled by machines that are gone afterwards."""

    model: str = setting(
        "", "what labels: a bundle, an archive on S3, or empty for the model of the endpoint"
    )
    content_type: str = setting(
        "application/jsonlines",
        "what the files hold, a record a line",
        choices=("application/jsonlines", "text/csv", "text/plain", "text/x-libsvm"),
    )
    instance: str = setting("ml.m5.xlarge", "type of the machines")
    instances: int = setting(1, "number of the machines", minimum=1, maximum=100)
    payload_mb: int = setting(6, "most megabytes of a request", minimum=1, maximum=100)
    at_once: int = setting(4, "requests at a time to each machine", minimum=1, maximum=100)
