"""Settings of the monthly pipeline."""

from dataclasses import dataclass
from typing import Final

from reviewdesk.settings import Settings, setting

EMR: Final = "emr-serverless"
GLUE: Final = "glue"


@dataclass(frozen=True, kw_only=True)
class PipelineSettings(Settings):
    """The monthly pipeline: when, on what, what it learns, and what it refuses."""

    schedule: str = setting(
        "cron(0 5 1 * ? *)", "when it runs, as EventBridge has it: by default on each month's first"
    )
    reviews: str = setting("", "S3 address of the review files, as in s3://BUCKET/reviews/")
    prepare_on: str = setting(EMR, "service that prepares", choices=(EMR, GLUE))
    application: str = setting("", "EMR Serverless: the application's id; Glue: the job's name")
    script: str = setting("", "EMR Serverless: S3 address of spark_job.py (docs/spark.md)")
    spark_parameters: str = setting("", "EMR Serverless: sparkSubmitParameters")
    target: str = setting("sentiment", "what is learnt")
    family: str = setting("linear", "family of models")
    metric: str = setting("accuracy", "figure that the gate reads; more of it is better")
    least: float = setting(0.0, "the gate refuses a model whose figure is lower", minimum=0)
    tolerance: float = setting(
        0.0,
        "how much worse than the live model, at the better end of the difference's 95 % interval, "
        "a new one may be",
        minimum=0,
    )
    instance: str = setting("ml.m5.xlarge", "type of the machines that learn and evaluate")
    endpoint: str = setting(
        "", "endpoint that gets a new model; it must be there, with its own expiry (`aws deploy`)"
    )
    endpoint_instance: str = setting("ml.m5.large", "type of the endpoint's machines")
    hours: int = setting(12, "most hours that a step may take", minimum=1, maximum=120)
    email: str = setting("", "who is told how it went")
