"""Training and tuning jobs with an account: sent, watched, and what they learnt fetched."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from reviewdesk.aws.control.costs import UNKNOWN
from reviewdesk.aws.control.job_watch import COMPLETED, JobLog, watch
from reviewdesk.aws.control.prices import TRAINING, Price
from reviewdesk.aws.control.resources import tags_of
from reviewdesk.aws.control.session import TAG
from reviewdesk.aws.control.settings import TrainJobSettings
from reviewdesk.aws.control.training_request import (
    job_name,
    training_request,
    tuning_request,
)
from reviewdesk.aws.control.transfer import address, download
from reviewdesk.aws.control.work import Work
from reviewdesk.errors import UsageError
from reviewdesk.formats.archive import unpack_archive
from reviewdesk.formats.tuning_job import read_tuning_job
from reviewdesk.storage import storage_errors

LOG: Final = "/aws/sagemaker/TrainingJobs"
EXTRA_SECONDS: Final = 7200.0
"""What a job may take beyond its own limit: machines are looked for, results are kept."""


@dataclass(frozen=True)
class TrainedJob:
    """What became of a training job.

    Args:
        name: of the job.
        status: as SageMaker says it; empty if it was not waited for.
        reason: why it failed; empty otherwise.
        model: address of its archive; empty if there is none.
        metrics: what it printed last, by name.
        billable_seconds: what is paid, of each machine.
        cost: what that costs; None if no price is known.
        currency: of it.
    """

    name: str
    status: str = ""
    reason: str = ""
    model: str = ""
    metrics: dict[str, float] = field(default_factory=dict)
    billable_seconds: int = 0
    cost: float | None = None
    currency: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return dict(vars(self))


@dataclass(frozen=True)
class TunedJob:
    """What became of a tuning job.

    Args:
        name: of the job.
        status: as SageMaker says it; empty if it was not waited for.
        reason: why it failed; empty otherwise.
        best: the best of its jobs.
        settings: what that one was given by the tuning.
        objective: what it reached; None if there is none.
    """

    name: str
    status: str = ""
    reason: str = ""
    best: TrainedJob = TrainedJob("")
    settings: dict[str, str] = field(default_factory=dict)
    objective: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {**vars(self), "best": self.best.to_json()}


class Trainer(Work):
    """Runs training and tuning jobs in one account."""

    def train(
        self,
        settings: TrainJobSettings,
        *,
        name: str = "",
        out: Path | None = None,
        wait: bool = True,
    ) -> TrainedJob:
        """Run a job, or go on with one that was sent before, and fetch its model.

        Args:
            settings: what is learnt and on what.
            name: of the job; one that is there and ours is waited for, and not sent again.
            out: new folder for what it learnt.
            wait: whether to wait for its end.

        Raises:
            UsageError: something is missing or wrong; nothing was sent.
            ServiceError: AWS refuses, or the job takes too long.
        """
        self.account.require_credentials()
        _refuse_if_there(out)
        what = settings.hyper_parameters.get("target", settings.hyper_parameters.get("mode", ""))
        name = name or job_name(self.account.project, what or "train", datetime.now(UTC))
        if not self._sent("training_job", "TrainingJob", name):
            price = self.prices.hourly(TRAINING, settings.instance)
            self.hear(most_cost(settings, price))
            request = training_request(self.account, name, settings, self.progress)
            self.account.call("sagemaker", "create_training_job", **request)
        if not wait or self.account.dry_run:
            return TrainedJob(name)
        self.hear(f"{name} runs; interrupted, --name {name} goes on watching")
        done = self._result(name, self._watch(name, settings))
        if out is not None and done.status == COMPLETED:
            self.fetch(done, out)
        return done

    def tune(
        self,
        document: Mapping[str, Any],
        settings: TrainJobSettings,
        *,
        name: str = "",
        out: Path | None = None,
        wait: bool = True,
        place: str = "the tuning job",
    ) -> TunedJob:
        """Run a tuning job, or go on watching one, and fetch the model of its best job.

        Args:
            document: ranges, limits and objective, as ``tune --write-job`` writes them.
            settings: what its jobs learn and on what.
            name: of the job; one that is there and ours is waited for, and not sent again.
            out: new folder for what the best job learnt.
            wait: whether to wait for its end.
            place: the file that ``document`` is from, for messages.

        Raises:
            InputError: ``document`` is no tuning job.
            UsageError: something is missing or wrong; nothing was sent.
            ServiceError: AWS refuses, or the job takes too long.
        """
        self.account.require_credentials()
        _refuse_if_there(out)
        job = read_tuning_job(document, place)
        name = name or job_name(self.account.project, "tune", datetime.now(UTC))
        names = {"HyperParameterTuningJobName": name}
        if not self._sent("hyper_parameter_tuning_job", "HyperParameterTuningJob", name):
            price = self.prices.hourly(TRAINING, settings.instance)
            self.hear(most_cost(settings, price, job.trials))
            request = tuning_request(
                self.account, name, document, settings, self.progress, place=place
            )
            self.account.call("sagemaker", "create_hyper_parameter_tuning_job", **request)
        if not wait or self.account.dry_run:
            return TunedJob(name)
        self.hear(f"{name} runs; interrupted, --name {name} goes on watching")
        rounds = -(-job.trials // max(1, job.parallel))
        said = watch(
            self.account,
            "describe_hyper_parameter_tuning_job",
            names,
            "HyperParameterTuningJobStatus",
            JobLog(self.account, LOG, name, self.hear),
            hear=self.hear,
            said_of=_counters,
            poll_seconds=self.poll_seconds,
            patience_seconds=_most_hours(settings) * 3600 * rounds + EXTRA_SECONDS,
        )
        done = self._best(name, said)
        if out is not None and done.best.model:
            self.fetch(done.best, out)
        return done

    def _best(self, name: str, said: dict[str, Any]) -> TunedJob:
        status = said["HyperParameterTuningJobStatus"]
        reason = str(said.get("FailureReason", ""))
        best = said.get("BestTrainingJob") or {}
        if not best.get("TrainingJobName"):
            return TunedJob(name, status, reason)
        job = self.account.look(
            "sagemaker", "describe_training_job", TrainingJobName=best["TrainingJobName"]
        )
        if job is None:
            return TunedJob(name, status, reason)
        objective = best.get("FinalHyperParameterTuningJobObjectiveMetric", {})
        return TunedJob(
            name,
            status,
            reason,
            self._result(best["TrainingJobName"], job),
            dict(best.get("TunedHyperParameters", {})),
            float(objective["Value"]) if "Value" in objective else None,
        )

    def fetch(self, job: TrainedJob, out: Path) -> None:
        """Fetch what a job learnt, as a folder that appears when it is whole.

        Raises:
            ServiceError: it is not there.
            BundleError: it is no archive, or a hostile one.
            StorageError: it cannot be written.
        """
        archive = out.with_name(f".{out.name}.model.tar.gz")
        download(self.account, address(job.model), archive, self.progress)
        aside = out.with_name(f".{out.name}.unpacked")
        with storage_errors(str(out)):
            shutil.rmtree(aside, ignore_errors=True)
            unpack_archive(archive, aside)
            aside.rename(out)
            archive.unlink()

    def _sent(self, method: str, noun: str, name: str) -> bool:
        """Say whether a job is there; one that is not ours is refused."""
        there = self.account.look("sagemaker", f"describe_{method}", **{f"{noun}Name": name})
        if there is None:
            return False
        if tags_of(self.account, there[f"{noun}Arn"]).get(TAG) != self.account.project:
            raise UsageError(f"there is a job {name} of somebody else; choose another name")
        return True

    def _watch(self, name: str, settings: TrainJobSettings) -> dict[str, Any]:
        return watch(
            self.account,
            "describe_training_job",
            {"TrainingJobName": name},
            "TrainingJobStatus",
            JobLog(self.account, LOG, name, self.hear),
            hear=self.hear,
            poll_seconds=self.poll_seconds,
            patience_seconds=_most_hours(settings) * 3600 + EXTRA_SECONDS,
        )

    def _result(self, name: str, said: dict[str, Any]) -> TrainedJob:
        resources = said.get("ResourceConfig", {})
        seconds = int(said.get("BillableTimeInSeconds", said.get("TrainingTimeInSeconds", 0)))
        price = self.prices.hourly(TRAINING, resources.get("InstanceType", ""))
        machines = int(resources.get("InstanceCount", 1))
        return TrainedJob(
            name,
            said["TrainingJobStatus"],
            said.get("FailureReason", ""),
            said.get("ModelArtifacts", {}).get("S3ModelArtifacts", ""),
            {one["MetricName"]: float(one["Value"]) for one in said.get("FinalMetricDataList", [])},
            seconds,
            None if price is None else price.hourly * seconds / 3600 * machines,
            "" if price is None else price.currency,
        )


def _refuse_if_there(out: Path | None) -> None:
    if out is not None and out.exists():
        raise UsageError(f"{out} is there already; choose another place")


def _most_hours(settings: TrainJobSettings) -> float:
    """Return how long a job may take, waiting for spare machines included."""
    waiting = settings.wait_hours or 2 * settings.hours
    return waiting if settings.spot else settings.hours


def _counters(said: dict[str, Any]) -> str:
    """Return how many jobs of a tuning are over."""
    counts = said.get("TrainingJobStatusCounters") or {}
    parts = [f"{count:,} {name}" for name, count in counts.items() if count]
    return f"{said['HyperParameterTuningJobStatus']}: {', '.join(parts)}" if parts else ""


def most_cost(settings: TrainJobSettings, price: Price | None, jobs: int = 1) -> str:
    """Return what people are told before jobs are sent: what they cost at most."""
    if price is None:
        return f"{UNKNOWN}; each job ends after {settings.hours:g} hours at the latest"
    most = price.hourly * settings.instances * settings.hours * jobs
    each = "" if jobs == 1 else f" of {jobs} jobs"
    spot = ", without the discount of spot machines" if settings.spot else ""
    return (
        f"{price.hourly * settings.instances:,.3f} {price.currency} an hour, at most {most:,.2f} "
        f"{price.currency}{each} for {settings.hours:g} hours each{spot} (price of {price.day}, "
        f"{price.source})"
    )
