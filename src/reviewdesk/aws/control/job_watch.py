"""Watching a job: its states, the lines that it prints, and how it ended."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from reviewdesk.aws.control.session import Account, ServiceError
from reviewdesk.aws.control.waiting import POLL_SECONDS, wait_for

COMPLETED: Final = "Completed"
PASSING: Final = ("InProgress", "Stopping", "")
MOST_LINES: Final = 1000
"""Lines of one stream that are shown at a look."""


@dataclass
class JobLog:
    """The lines that a job's machines print, as CloudWatch keeps them.

    Args:
        account: where.
        group: of the log, as in ``/aws/sagemaker/TrainingJobs``.
        job: its name.
        hear: takes each line.
    """

    account: Account
    group: str
    job: str
    hear: Callable[[str], None]
    _tokens: dict[str, str] = field(default_factory=dict)
    _silent: bool = False

    def read(self) -> None:
        """Show what is new. A log that is not there yet, or may not be read, is passed over."""
        if self._silent:
            return
        try:
            streams = self.account.pages(
                *("logs", "describe_log_streams", "logStreams"),
                logGroupName=self.group,
                logStreamNamePrefix=f"{self.job}/",
            )
            for stream in list(streams):
                self._read(stream["logStreamName"])
        except ServiceError as error:
            if not error.gone:
                self._silent = True
                self.hear(f"its log cannot be shown: {error}")

    def _read(self, stream: str) -> None:
        token = self._tokens.get(stream)
        answer = self.account.call(
            *("logs", "get_log_events"),
            logGroupName=self.group,
            logStreamName=stream,
            startFromHead=True,
            limit=MOST_LINES,
            **({"nextToken": token} if token else {}),
        )
        for event in answer.get("events", []):
            self.hear(str(event["message"]).rstrip("\n"))
        if answer.get("nextForwardToken"):
            self._tokens[stream] = answer["nextForwardToken"]


def watch(
    account: Account,
    method: str,
    names: dict[str, str],
    state: str,
    log: JobLog,
    *,
    hear: Callable[[str], None],
    said_of: Callable[[dict[str, Any]], str] = lambda answer: "",
    poll_seconds: float = POLL_SECONDS,
    patience_seconds: float,
) -> dict[str, Any]:
    """Wait for a job's end, show its states and its log, and return what SageMaker says of it.

    Args:
        account: where.
        method: that describes it, as in ``describe_training_job``.
        names: parameters of that.
        state: what its status is called, as in ``TrainingJobStatus``.
        log: its lines.
        hear: is told each new state.
        said_of: what is told of it, if not its status.
        poll_seconds: between two looks.
        patience_seconds: most to wait.

    Raises:
        ServiceError: it cannot be looked at, or takes longer.
    """
    seen = [""]

    def look() -> dict[str, Any]:
        answer = account.call("sagemaker", method, **names)
        said = said_of(answer) or str(answer.get("SecondaryStatus", "")) or str(answer[state])
        if seen[-1] != said:
            seen.append(said)
            hear(said)
        return answer

    last = wait_for(
        look,
        state,
        PASSING,
        also=log.read,
        poll_seconds=poll_seconds,
        patience_seconds=patience_seconds,
    )
    log.read()
    return last
