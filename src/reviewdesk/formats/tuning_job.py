"""SageMaker's description of a tuning job: ranges, limits, strategy, objective.

Source: Amazon SageMaker API reference, HyperParameterTuningJobConfig and ParameterRanges. A file
holds a whole request, or the configuration alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from reviewdesk.errors import InputError, UsageError
from reviewdesk.settings import Search

STRATEGIES: Final = {
    "Bayesian": "bayesian",
    "Random": "random",
    "Hyperband": "hyperband",
    "Grid": "grid",
}
REVERSE: Final = "ReverseLogarithmic"
MOST_PARENTS: Final = 5
MOST_PARAMETERS: Final = 30
MOST_VALUES: Final = 30


@dataclass(frozen=True)
class TuningJob:
    """What is tuned, how often and for what.

    Args:
        ranges: where good values are looked for, by name.
        strategy: ``bayesian``, ``random``, ``hyperband`` or ``grid``.
        trials: most trials.
        parallel: most trials at a time.
        seconds: most seconds in all; 0 means no limit.
        metric: name of the objective, as in ``validation:accuracy``.
        maximise: whether more is better.
        early_stopping: whether trials that look bad are stopped.
        seed: of the search; None where it is left to chance.
        static: hyper-parameters that stay as they are.
        parents: names of earlier jobs that this one begins with.
        identical: whether these were of the same data and algorithm.
    """

    ranges: Mapping[str, Search]
    strategy: str = "bayesian"
    trials: int = 50
    parallel: int = 1
    seconds: int = 0
    metric: str = "validation:accuracy"
    maximise: bool = True
    early_stopping: bool = False
    seed: int | None = None
    static: Mapping[str, str] = field(default_factory=dict)
    parents: tuple[str, ...] = ()
    identical: bool = False


def read_tuning_job(document: Any, name: str) -> TuningJob:
    """Return what a tuning job's JSON says.

    Args:
        document: a request of ``CreateHyperParameterTuningJob``, or its
            ``HyperParameterTuningJobConfig`` alone.
        name: the file, for the messages.

    Raises:
        InputError: a part is missing or not as SageMaker writes it.
        UsageError: there are too many ranges or values.
    """
    try:
        return _job(document)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        if isinstance(error, UsageError | InputError):
            raise
        raise InputError(
            f"{name} is no tuning job of SageMaker: {_missing(error)} is missing or not as it is "
            "written there"
        ) from error


def write_tuning_job(job: TuningJob) -> dict[str, Any]:
    """Return a tuning job as SageMaker takes it."""
    ranges: dict[str, list[dict[str, Any]]] = {
        "IntegerParameterRanges": [],
        "ContinuousParameterRanges": [],
        "CategoricalParameterRanges": [],
    }
    for name, search in job.ranges.items():
        if search.values:
            values = [str(value) for value in search.values]
            ranges["CategoricalParameterRanges"].append({"Name": name, "Values": values})
            continue
        kind = "IntegerParameterRanges" if search.whole else "ContinuousParameterRanges"
        ends = (f"{int(end)}" if search.whole else f"{end!r}" for end in (search.low, search.high))
        low, high = ends
        scaling = REVERSE if search.reverse else "Logarithmic" if search.log else "Linear"
        ranges[kind].append(
            {"Name": name, "MinValue": low, "MaxValue": high, "ScalingType": scaling}
        )
    limits = {"MaxNumberOfTrainingJobs": job.trials, "MaxParallelTrainingJobs": job.parallel}
    if job.seconds:
        limits["MaxRuntimeInSeconds"] = job.seconds
    named = {value: name for name, value in STRATEGIES.items()}
    document = {
        "Strategy": named[job.strategy],
        "HyperParameterTuningJobObjective": {
            "Type": "Maximize" if job.maximise else "Minimize",
            "MetricName": job.metric,
        },
        "ResourceLimits": limits,
        "ParameterRanges": ranges,
        "TrainingJobEarlyStoppingType": "Auto" if job.early_stopping else "Off",
    }
    return document if job.seed is None else {**document, "RandomSeed": job.seed}


def _job(document: Any) -> TuningJob:
    config = document.get("HyperParameterTuningJobConfig", document)
    definition = document.get("TrainingJobDefinition", {})
    limits = config["ResourceLimits"]
    objective = config.get("HyperParameterTuningJobObjective", {})
    ranges = _ranges(config["ParameterRanges"])
    strategy = config.get("Strategy", "Bayesian")
    if strategy not in STRATEGIES:
        raise InputError(f"the strategy is {strategy!r}; there are: {', '.join(STRATEGIES)}")
    warm = document.get("WarmStartConfig") or {}
    parents = warm.get("ParentHyperParameterTuningJobs", [])
    if len(parents) > MOST_PARENTS:
        raise UsageError(f"more than {MOST_PARENTS} jobs to begin with")
    return TuningJob(
        parents=tuple(str(one["HyperParameterTuningJobName"]) for one in parents),
        identical=warm.get("WarmStartType") == "IdenticalDataAndAlgorithm",
        ranges=ranges,
        strategy=STRATEGIES[strategy],
        trials=int(limits.get("MaxNumberOfTrainingJobs", 50)),
        parallel=int(limits.get("MaxParallelTrainingJobs", 1)),
        seconds=int(limits.get("MaxRuntimeInSeconds", 0)),
        metric=str(objective.get("MetricName", "validation:accuracy")),
        maximise=objective.get("Type", "Maximize") == "Maximize",
        early_stopping=config.get("TrainingJobEarlyStoppingType", "Off") == "Auto",
        seed=int(config["RandomSeed"]) if "RandomSeed" in config else None,
        static={str(k): str(v) for k, v in definition.get("StaticHyperParameters", {}).items()},
    )


def _ranges(document: Mapping[str, Any]) -> dict[str, Search]:
    searches: dict[str, Search] = {}
    for kind, whole in (("IntegerParameterRanges", True), ("ContinuousParameterRanges", False)):
        for bounds in document.get(kind, []):
            low, high = float(bounds["MinValue"]), float(bounds["MaxValue"])
            scaling = bounds.get("ScalingType", "Auto")
            log, reverse = scaling == "Logarithmic", scaling == REVERSE
            fits = (not log or low > 0) and (not reverse or (low >= 0 and high < 1 and not whole))
            if not low <= high or not fits:
                raise InputError(f"the range of {bounds['Name']} is empty, or none of its scale's")
            searches[bounds["Name"]] = Search(low, high, log=log, whole=whole, reverse=reverse)
    for bounds in document.get("CategoricalParameterRanges", []):
        if len(bounds["Values"]) > MOST_VALUES:
            raise UsageError(f"{bounds['Name']} has more than {MOST_VALUES} values")
        searches[bounds["Name"]] = Search(values=tuple(bounds["Values"]))
    if len(searches) > MOST_PARAMETERS:
        raise UsageError(f"more than {MOST_PARAMETERS} hyper-parameters are tuned")
    if not searches:
        raise InputError("no hyper-parameter has a range")
    return searches


def _missing(error: Exception) -> str:
    return f"{error}" if isinstance(error, KeyError) else "a value"
