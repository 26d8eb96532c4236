"""A training job on this machine: any command, run and judged as SageMaker's container."""

import re
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from reviewdesk.aws.local.limits import ContainerLimits
from reviewdesk.aws.local.objects import below, objects, put
from reviewdesk.aws.local.pipes import FedPipe
from reviewdesk.aws.local.process import JOB_ACCOUNT, REGION, ContainerProcess, measured
from reviewdesk.aws.local.report import COMPLETED, REFUSED, STOPPED, Report
from reviewdesk.aws.local.request import check_request, read_request
from reviewdesk.aws.local.training_checks import (
    Snapshot,
    check_input,
    check_model,
    check_no_failure,
    check_places,
    failure_reason,
    snapshot,
)
from reviewdesk.aws.local.training_folders import TrainingRequest
from reviewdesk.errors import InputError, UsageError
from reviewdesk.formats.archive import write_archive
from reviewdesk.storage import storage_errors

OPERATION: Final = "CreateTrainingJob"
OURS: Final = (sys.executable, "-m", "reviewdesk.aws")
LIMITS: Final = ContainerLimits()
LONGEST_EXPRESSION: Final = 500
POLL_SECONDS: Final = 0.1

Hear = Callable[[str], None]


@dataclass
class _Host:
    """One container of a job."""

    number: int
    base: Path
    pipes: list[FedPipe]
    before: Snapshot
    process: ContainerProcess | None = field(default=None)
    code: int | None = None
    killed: bool = False


def emulate_training(
    job: Path,
    command: Sequence[str] = (),
    *,
    base: Path | None = None,
    stop_after: float | None = None,
    hear: Hear = lambda line: None,
    limits: ContainerLimits = LIMITS,
) -> Report:
    """Run a training job as SageMaker would, and report what its container broke.

    Args:
        job: a file with a request of CreateTrainingJob; addresses may be ``file://``.
        command: what is run in the place of the image, with ``train`` behind it; the job's own
            ContainerEntrypoint, or our image's, by default.
        base: the folder that stands for ``/opt/ml``; it is kept. A temporary one by default.
        stop_after: the job is stopped after so many seconds, as by StopTrainingJob.
        hear: takes each line that it prints.
        limits: how long the platform waits.

    Raises:
        UsageError: the request is none, or the command cannot be started.
        InputError: a channel has no data.
        StorageError: something cannot be read or written.
    """
    request = TrainingRequest(read_request(job, OPERATION))
    report = Report("train")
    check_request(dict(request.request), OPERATION, report)
    request.check(report)
    if report.violations:
        return report.failed("the API would not take this job", REFUSED)
    words = _words(request, command)
    if Path(words[0]).name == "tini":
        report.broke("entry-point", "tini takes the word train for a program; start it otherwise")
    with _base(base) as folder:
        return _Training(request, words, folder, report, hear, limits).run(stop_after)


@contextmanager
def _base(base: Path | None) -> Iterator[Path]:
    """Yield the folder that is asked for, or one that goes away."""
    if base is None:
        with tempfile.TemporaryDirectory(prefix="reviewdesk-ml-") as folder:
            yield Path(folder)
        return
    with storage_errors(str(base)):
        base.mkdir(parents=True, exist_ok=True)
        if any(base.iterdir()):
            raise UsageError(f"{base} is not empty; name a new folder to stand for /opt/ml")
    yield base.resolve()


def _words(request: TrainingRequest, command: Sequence[str]) -> list[str]:
    """Return what is run: as docker runs an image with ``train``, or with an entry point."""
    if command:
        return [*command, "train"]
    algorithm = request.request["AlgorithmSpecification"]
    if "ContainerEntrypoint" in algorithm:
        return [*algorithm["ContainerEntrypoint"], *algorithm.get("ContainerArguments", ())]
    return [*OURS, *algorithm.get("ContainerArguments", ("train",))]


class _Training:
    """One job that runs."""

    def __init__(
        self,
        request: TrainingRequest,
        words: Sequence[str],
        folder: Path,
        report: Report,
        hear: Hear,
        limits: ContainerLimits,
    ) -> None:
        self.request, self.words, self.folder = request, list(words), folder
        self.report, self.hear, self.limits = report, hear, limits
        self.metrics = _definitions(request.request, report)
        self._lock = threading.Lock()

    def run(self, stop_after: float | None) -> Report:
        """Run it to its end, judge it, and write what it leaves."""
        hosts = [self._host(number) for number in range(len(self.request.hosts))]
        begun = time.monotonic()
        try:
            for host in hosts:
                host.process = self._start(host)
            stopped = self._wait(hosts, stop_after)
        finally:
            for host in hosts:
                for pipe in host.pipes:
                    pipe.end()
                if host.process is not None:
                    host.process.end()
        self.report.figures["training"] = time.monotonic() - begun
        for host in hosts:
            self._judge(host, stopped)
        self._judge_metrics()
        if not self.report.reason or stopped:
            self._keep(hosts)
        return self.report

    def _host(self, number: int) -> _Host:
        several = len(self.request.hosts) > 1
        base = self.folder / self.request.hosts[number] if several else self.folder
        pipes = self.request.fill(base, number)
        self._restore_checkpoints(base)
        return _Host(number, base, pipes, snapshot(base / "input"))

    def _start(self, host: _Host) -> ContainerProcess:
        name = self.request.name
        environment = {
            "TRAINING_JOB_NAME": name,
            "TRAINING_JOB_ARN": f"{JOB_ACCOUNT}:training-job/{name}",
            "AWS_REGION": REGION,
            **self.request.request.get("Environment", {}),
        }
        return ContainerProcess(self.words, host.base, environment, self._listen)

    def _listen(self, line: str) -> None:
        self.hear(line)
        with self._lock:
            for name, pattern in self.metrics.items():
                value = measured(pattern, line)
                if value is not None:
                    self.report.metrics.setdefault(name, []).append(value)

    def _wait(self, hosts: Sequence[_Host], stop_after: float | None) -> bool:
        """Wait until all have ended; return whether they were asked to."""
        condition = self.request.request.get("StoppingCondition", {})
        longest = condition.get("MaxRuntimeInSeconds", 86_400)
        end = time.monotonic() + min(longest, stop_after if stop_after is not None else longest)
        while any(self._runs(host) for host in hosts):
            if any(host.code for host in hosts):
                self._stop(hosts)  # one that failed fails the job
                return False
            if time.monotonic() >= end:
                self._stop(hosts)
                return True
            time.sleep(POLL_SECONDS)
        return False

    def _runs(self, host: _Host) -> bool:
        assert host.process is not None  # noqa: S101  (all were started)
        if host.code is None:
            host.code = host.process.code
            if host.code is not None and (left := host.process.left_running()):
                self.report.broke(
                    "processes",
                    f"{left} of its processes ran on when it had ended; they end with it",
                )
        return host.code is None

    def _stop(self, hosts: Sequence[_Host]) -> None:
        for host in hosts:
            if host.process is not None and self._runs(host):
                host.code = host.process.stop(self.limits.stop_training)
                host.killed = host.code is None

    def _judge(self, host: _Host, stopped: bool) -> None:
        report, base = self.report, host.base
        check_input(base, host.before, report)
        check_places(base, report)
        if stopped:
            report.status = STOPPED
            self._judge_stopped(host)
        elif host.killed:
            pass  # another host had failed
        elif host.code:
            report.failed(failure_reason(base, host.code, report))
        else:
            check_no_failure(base, report)
            if host.number == 0:
                check_model(base, report)
        for pipe in host.pipes:
            _judge_pipe(pipe, report)

    def _judge_stopped(self, host: _Host) -> None:
        seconds = f"{self.limits.stop_training:g} seconds"
        if host.killed:
            self.report.broke(
                "sigterm", f"it still ran {seconds} after SIGTERM and was killed; SIGTERM must "
                "reach it, and it must end in time"
            )  # fmt: skip
            return
        if host.code:
            self.report.broke(
                "sigterm",
                f"after SIGTERM it ended with exit code {host.code}; 0 says that all is saved",
            )
        left = [host.base / "model", host.base / "checkpoints"]
        if host.number == 0 and not any(one.is_dir() and any(one.iterdir()) for one in left):
            self.report.broke(
                "sigterm", "it was stopped and saved neither a model nor a checkpoint"
            )

    def _judge_metrics(self) -> None:
        for name in self.metrics:
            if name not in self.report.metrics and self.report.status == COMPLETED:
                self.report.broke("metrics", f"no line that was printed has the metric {name}")

    def _restore_checkpoints(self, base: Path) -> None:
        """Give back what an earlier run of the job has left at the checkpoints' address."""
        config = self.request.request.get("CheckpointConfig")
        if config is None:
            return
        folder = base / "checkpoints"
        folder.mkdir()
        try:
            found = objects(below(config["S3Uri"], ""))
        except InputError:
            return
        for one in found:
            one.copy(folder / one.name)

    def _keep(self, hosts: Sequence[_Host]) -> None:
        """Write the archives and checkpoints to their addresses."""
        config = self.request.request.get("CheckpointConfig")
        for host in hosts[:1]:
            for path in sorted((host.base / "checkpoints").rglob("*")) if config else ():
                if path.is_file():
                    name = path.relative_to(host.base / "checkpoints").as_posix()
                    put(path, below(config["S3Uri"], name))  # type: ignore[index]
            output = below(self.request.request["OutputDataConfig"]["S3OutputPath"], "")
            for folder, name in (("model", "model.tar.gz"), ("output/data", "output.tar.gz")):
                if any(path.is_file() for path in (host.base / folder).rglob("*")):
                    address = below(output, f"{self.request.name}/output/{name}")
                    with tempfile.TemporaryDirectory(prefix="reviewdesk-") as aside:
                        write_archive(host.base / folder, Path(aside) / name)
                        put(Path(aside) / name, address)
                    self.report.outputs.append(address)


def _definitions(request: Mapping[str, Any], report: Report) -> dict[str, "re.Pattern[str]"]:
    """Return the metric definitions' expressions by name."""
    definitions = {}
    for definition in request["AlgorithmSpecification"].get("MetricDefinitions", ()):
        if len(definition["Regex"]) > LONGEST_EXPRESSION:
            report.broke(
                "metrics", f"the expression of {definition['Name']} is longer than 500 letters"
            )
        try:
            definitions[definition["Name"]] = re.compile(definition["Regex"])
        except re.error as error:
            raise UsageError(
                f"the metric {definition['Name']} has no regular expression"
            ) from error
        if not definitions[definition["Name"]].groups:
            report.broke(
                "metrics", f"the expression of {definition['Name']} has no group to capture"
            )
    return definitions


def _judge_pipe(pipe: FedPipe, report: Report) -> None:
    if pipe.error:
        raise InputError(f"the channel {pipe.channel} could not be fed: {pipe.error}")
    if not pipe.epochs and report.status == COMPLETED:
        report.broke("pipe", f"the pipe {pipe.channel}_0 was never opened")
    if pipe.most_readers > 1:
        report.broke(
            "pipe",
            f"{pipe.most_readers} processes had a pipe of {pipe.channel} open; one may read it",
        )
