"""SageMaker's tuning jobs, checked against botocore's own model of the service."""

from typing import Any

import boto3
import pytest
from botocore.validate import ParamValidator

from reviewdesk.errors import InputError, UsageError
from reviewdesk.formats.tuning_job import TuningJob, read_tuning_job, write_tuning_job
from reviewdesk.settings import Search

WALK: dict[str, Any] = {
    "ParameterRanges": {
        "CategoricalParameterRanges": [{"Name": "mode", "Values": ["supervised"]}],
        "ContinuousParameterRanges": [
            {"Name": "learning_rate", "MinValue": "0.005", "MaxValue": "0.01",
             "ScalingType": "Logarithmic"}
        ],
        "IntegerParameterRanges": [
            {"Name": "word_ngrams", "MinValue": "2", "MaxValue": "10", "ScalingType": "Auto"},
            {"Name": "vector_dim", "MinValue": "32", "MaxValue": "300", "ScalingType": "Auto"},
        ],
    },
    "ResourceLimits": {"MaxNumberOfTrainingJobs": 50, "MaxParallelTrainingJobs": 5},
    "Strategy": "Bayesian",
    "HyperParameterTuningJobObjective": {"MetricName": "validation:accuracy", "Type": "Maximize"},
}  # fmt: skip


def valid(document: dict[str, Any]) -> str:
    client = boto3.client("sagemaker", region_name="eu-west-1", aws_access_key_id="x",
                          aws_secret_access_key="x")  # fmt: skip
    operation = client.meta.service_model.operation_model("CreateHyperParameterTuningJob")
    shape = operation.input_shape.members["HyperParameterTuningJobConfig"]
    return str(ParamValidator().validate(document, shape).generate_report())


def test_a_published_job_is_read_and_written_as_the_service_takes_it() -> None:
    for document in (WALK, {"HyperParameterTuningJobConfig": WALK}):
        job = read_tuning_job(document, "job.json")
        assert job.trials == 50
        assert job.parallel == 5
        assert job.ranges["word_ngrams"] == Search(2, 10, whole=True)
        assert job.ranges["learning_rate"] == Search(0.005, 0.01, log=True)
        assert job.ranges["mode"].values == ("supervised",)
        assert valid(write_tuning_job(job)) == ""
    static = {"HyperParameterTuningJobConfig": WALK,
              "TrainingJobDefinition": {"StaticHyperParameters": {"epochs": "10"}}}  # fmt: skip
    assert read_tuning_job(static, "job.json").static == {"epochs": "10"}


@pytest.mark.parametrize("strategy", ["bayesian", "random", "hyperband", "grid"])
def test_every_job_of_ours_comes_back(strategy: str) -> None:
    job = TuningJob(
        ranges={"a": Search(1, 9, whole=True, log=True), "b": Search(0.25, 0.5),
                "c": Search(values=("x", "y"))},
        strategy=strategy, trials=7, parallel=2, seconds=600, metric="validation:log_loss",
        maximise=False, early_stopping=True, seed=4,
    )  # fmt: skip
    document = write_tuning_job(job)
    assert valid(document) == ""
    assert read_tuning_job(document, "x") == job


@pytest.mark.parametrize(
    ("change", "error", "match"),
    [
        ({"ResourceLimits": None}, InputError, "no tuning job"),
        ({"ParameterRanges": {}}, InputError, "no hyper-parameter"),
        ({"Strategy": "Magic"}, InputError, "Magic"),
        (
            {"ParameterRanges": {"IntegerParameterRanges": [
                {"Name": "a", "MinValue": "5", "MaxValue": "2"}]}},
            InputError, "empty",
        ),
        (
            {"ParameterRanges": {"CategoricalParameterRanges": [
                {"Name": "a", "Values": [str(n) for n in range(31)]}]}},
            UsageError, "30 values",
        ),
    ],
)  # fmt: skip
def test_what_is_no_job_is_said(change: dict[str, Any], error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        read_tuning_job({**WALK, **change}, "job.json")
    with pytest.raises(InputError, match="no tuning job"):
        read_tuning_job(["no"], "job.json")
