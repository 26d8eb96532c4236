"""What the pipeline's tasks ask for, done on this machine: a folder in the place of S3.

``s3://BUCKET/KEY`` is ``FOLDER/BUCKET/KEY``. Jobs run as SageMaker's containers do here (``aws
local``), and endpoints and messages are asked of an account, if there is one.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from reviewdesk.aws.control.session import Account, ServiceError
from reviewdesk.aws.local.training import emulate_training
from reviewdesk.aws.pipeline.definition import INTEGRATION
from reviewdesk.aws.pipeline.machine import TASK_FAILED, StateError
from reviewdesk.errors import ReviewdeskError
from reviewdesk.s3 import SCHEME
from reviewdesk.storage import storage_errors

CONTAINER: Final = "/opt/ml"
REASON_LETTERS: Final = 300
PROGRAMS: Final = {
    "python": [sys.executable],
    "reviewdesk": [sys.executable, "-m", "reviewdesk"],
}
"""What an image's programs are here."""
_CAMEL: Final = re.compile(r"(?<!^)(?=[A-Z])")


class LocalTasks:
    """Does tasks.

    Args:
        folder: stands for S3.
        account: is asked for endpoints and messages; without one there is no endpoint, and
            messages are only said.
        hear: is told what jobs print, and messages.
    """

    def __init__(
        self,
        folder: Path,
        *,
        account: Account | None = None,
        hear: Callable[[str], None] = lambda line: None,
    ) -> None:
        self._folder = folder.resolve()
        self._account = account
        self._hear = hear
        self._tasks: dict[str, Callable[[dict[str, Any]], Any]] = {
            "emr-serverless:startJobRun.sync": self._on_emr,
            "glue:startJobRun.sync": self._on_glue,
            "sagemaker:createTrainingJob.sync": self._train,
            "sagemaker:createProcessingJob.sync": self._process,
            "aws-sdk:s3:getObject": self._read,
            "aws-sdk:s3:copyObject": self._copy,
        }

    def __call__(self, resource: str, parameters: dict[str, Any]) -> Any:
        """Do a task and return its result.

        Raises:
            StateError: it failed.
        """
        name = resource.removeprefix(INTEGRATION)
        try:
            if name in self._tasks:
                return self._tasks[name](parameters)
            return self._ask(name, parameters)
        except StateError:
            raise
        except ReviewdeskError as error:
            raise StateError(TASK_FAILED, str(error)) from error

    def place(self, address: str) -> Path:
        """Return where an address of S3 is on this machine."""
        return self._folder / address.removeprefix(SCHEME)

    def _on_emr(self, parameters: dict[str, Any]) -> None:
        self._prepare(parameters["JobDriver"]["SparkSubmit"]["EntryPointArguments"])

    def _on_glue(self, parameters: dict[str, Any]) -> None:
        self._prepare(json.loads(parameters["Arguments"]["--arguments"]))

    def _prepare(self, words: Sequence[str]) -> None:
        local = [str(self.place(one)) if one.startswith(SCHEME) else one for one in words]
        self._run([sys.executable, "-m", "reviewdesk", *local], {})

    def _train(self, parameters: dict[str, Any]) -> None:
        with tempfile.TemporaryDirectory(prefix="reviewdesk-job-") as folder:
            job = Path(folder) / "job.json"
            job.write_text(json.dumps(self._mapped(parameters)))
            report = emulate_training(job, hear=self._hear)
        if report.status != "Completed":
            raise StateError(TASK_FAILED, report.reason or f"the job ended as {report.status}")

    def _process(self, parameters: dict[str, Any]) -> None:
        """Run a processing job: inputs copied in, the program run, outputs copied out."""
        with (
            storage_errors("a processing job's folder"),
            tempfile.TemporaryDirectory(prefix="reviewdesk-processing-") as base,
        ):
            for one in parameters["ProcessingInputs"]:
                source = self.place(one["S3Input"]["S3Uri"])
                to = Path(one["S3Input"]["LocalPath"].replace(CONTAINER, base, 1))
                _copy(source, to if source.is_dir() else to / source.name)
            outputs = parameters["ProcessingOutputConfig"]["Outputs"]
            written = [one["S3Output"] for one in outputs]
            places = [Path(one["LocalPath"].replace(CONTAINER, base, 1)) for one in written]
            for place in places:
                place.mkdir(parents=True, exist_ok=True)
            application = parameters["AppSpecification"]
            words = [one.replace(CONTAINER, base, 1) for one in application["ContainerEntrypoint"]]
            environment = self._mapped(parameters.get("Environment", {}))
            command = [*PROGRAMS.get(words[0], words[:1]), *words[1:]]
            self._run(command, {**environment, "SAGEMAKER_BASE_DIR": base})
            for place, one in zip(places, written, strict=True):
                _copy(place, self.place(one["S3Uri"]))

    def _run(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        done = subprocess.run(  # noqa: S603  (the definition's own words)
            [*command],
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        for line in (done.stdout + done.stderr).splitlines():
            self._hear(line)
        if done.returncode:
            said = done.stderr.strip().splitlines() or ["no reason"]
            raise StateError(TASK_FAILED, said[-1][:REASON_LETTERS])

    def _read(self, parameters: dict[str, Any]) -> dict[str, str]:
        place = self._folder / parameters["Bucket"] / parameters["Key"]
        if not place.is_file():
            raise StateError("S3.NoSuchKeyException", "there is no such object")
        return {"Body": place.read_text()}

    def _copy(self, parameters: dict[str, Any]) -> None:
        source = self._folder / parameters["CopySource"]
        if not source.is_file():
            raise StateError("S3.S3Exception", "there is no such object")
        _copy(source, self._folder / parameters["Bucket"] / parameters["Key"])

    def _ask(self, name: str, parameters: dict[str, Any]) -> Any:
        """Ask the account; without one, say messages, and have no endpoint."""
        service, method = name.removeprefix("aws-sdk:").split(":")
        if self._account is None:
            if name == "sns:publish":
                self._hear(parameters["Message"])
                return None
            raise StateError("SageMaker.SageMakerException", "there is no account to ask")
        operation = _CAMEL.sub("_", method).lower()
        try:
            answer = self._account.call(service, operation, **parameters)
        except ServiceError as error:
            sdk = name.startswith("aws-sdk:")
            said = "SageMakerException" if sdk else "AmazonSageMakerException"
            raise StateError(f"SageMaker.{said}", error.reason) from error
        return json.loads(json.dumps(answer, default=str))

    def _mapped(self, value: Any) -> Any:
        """Return a request with its addresses on this machine."""
        if isinstance(value, Mapping):
            return {name: self._mapped(one) for name, one in value.items()}
        if isinstance(value, list):
            return [self._mapped(one) for one in value]
        if isinstance(value, str) and value.startswith(SCHEME):
            return f"file://{self.place(value)}{'/' if value.endswith('/') else ''}"
        return value


def _copy(source: Path, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, to, dirs_exist_ok=True)
    else:
        aside = to.with_name(f".{to.name}.partial")
        shutil.copyfile(source, aside)
        aside.replace(to)
