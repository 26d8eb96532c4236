"""A batch transform on this machine: files in, ``.out`` files in the same order, as SageMaker."""

import gzip
import http.client
import json
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from reviewdesk.aws.local.data_processing import (
    CSV,
    JOINABLE,
    JSON_LINES,
    DataProcessing,
    selector,
)
from reviewdesk.aws.local.limits import ContainerLimits
from reviewdesk.aws.local.objects import Object, below, manifest_objects, objects, put
from reviewdesk.aws.local.pipes import GZIP
from reviewdesk.aws.local.report import REFUSED, Report
from reviewdesk.aws.local.request import check_request, read_request
from reviewdesk.aws.local.serving import LIMITS, PORT, Hear, ModelRequest, ServedModel
from reviewdesk.aws.local.splitting import (
    LINE,
    MULTI,
    NONE,
    SINGLE,
    assemble,
    payloads,
    split,
)
from reviewdesk.errors import InputError, ReviewdeskError, UsageError

OPERATION: Final = "CreateTransformJob"
MOST_MEGABYTES: Final = 100
DEFAULT_MEGABYTES: Final = 6
TIMEOUT_SECONDS: Final = 600
RETRIES: Final = 3
STRATEGIES: Final = {"SINGLE_RECORD": SINGLE, "MULTI_RECORD": MULTI}
NAMES: Final = {SINGLE: "SINGLE_RECORD", MULTI: "MULTI_RECORD"}


@dataclass(frozen=True)
class TransformRequest:
    """A transform job as it is asked for.

    Args:
        request: what CreateTransformJob takes.
    """

    request: Mapping[str, Any]

    @property
    def input(self) -> Mapping[str, Any]:
        """What is transformed."""
        found: Mapping[str, Any] = self.request["TransformInput"]
        return found

    @property
    def split_type(self) -> str:
        """How files are split into records."""
        return str(self.input.get("SplitType", NONE))

    @property
    def assemble_with(self) -> str:
        """How answers become a file."""
        return str(self.request["TransformOutput"].get("AssembleWith", NONE))

    @property
    def content_type(self) -> str:
        """Media type of the records; empty where nobody says it."""
        return str(self.input.get("ContentType", ""))

    @property
    def accept(self) -> str:
        """Media type of the answers; empty where nobody says it."""
        return str(self.request["TransformOutput"].get("Accept", ""))

    @property
    def processing(self) -> DataProcessing:
        """What is selected and joined."""
        processing = self.request.get("DataProcessing", {})
        return DataProcessing(
            self.content_type.partition(";")[0],
            (self.accept or self.content_type).partition(";")[0],
            processing.get("InputFilter", "$"),
            processing.get("OutputFilter", "$"),
            processing.get("JoinSource", "None") == "Input",
        )

    @property
    def environment(self) -> dict[str, str]:
        """What a container finds in its environment: no more of the batch than the user set."""
        variables = {"SAGEMAKER_BATCH": "true", **self.request.get("Environment", {})}
        if "MaxPayloadInMB" in self.request:
            variables["SAGEMAKER_MAX_PAYLOAD_IN_MB"] = str(self.request["MaxPayloadInMB"])
        if "BatchStrategy" in self.request:
            variables["SAGEMAKER_BATCH_STRATEGY"] = NAMES[self.request["BatchStrategy"]]
        if "MaxConcurrentTransforms" in self.request:
            variables["SAGEMAKER_MAX_CONCURRENT_TRANSFORMS"] = str(
                self.request["MaxConcurrentTransforms"]
            )
        return variables

    def check(self, report: Report) -> None:
        """Report what the API does not take."""
        megabytes = self.request.get("MaxPayloadInMB", DEFAULT_MEGABYTES)
        together = megabytes * self.request.get("MaxConcurrentTransforms", 1)
        if together > MOST_MEGABYTES:
            report.broke(
                "payload",
                f"MaxPayloadInMB times MaxConcurrentTransforms is {together}; 100 are allowed",
            )
        if "BatchStrategy" in self.request and self.split_type == NONE:
            report.broke("split", "a BatchStrategy needs a SplitType other than None")
        processing = self.processing
        for path in (processing.input_filter, processing.output_filter):
            try:
                selector(path)
            except UsageError as error:
                report.broke("data-processing", str(error))
        if not processing.needed:
            return
        if processing.content_type not in JOINABLE:
            report.broke(
                "data-processing",
                f"filters and joins need a ContentType of {', '.join(JOINABLE)}; it is "
                f"{processing.content_type or 'none'}",
            )
        if processing.join and processing.content_type != processing.accept:
            report.broke("data-processing", "a join needs an Accept that equals the ContentType")
        if processing.join and self.split_type != self.assemble_with:
            report.broke("data-processing", "a join needs an AssembleWith that equals SplitType")


def emulate_transform(
    job: Path,
    model: Path,
    command: Sequence[str] = (),
    *,
    base: Path,
    port: int = PORT,
    hear: Hear = lambda line: None,
    limits: ContainerLimits = LIMITS,
) -> Report:
    """Run a batch transform as SageMaker would, and report what its container broke.

    Args:
        job: a file with a request of CreateTransformJob; addresses may be ``file://``.
        model: a file with the request of CreateModel that made the job's model.
        command: what is run in the place of the image, with ``serve`` behind it; our image's by
            default.
        base: the folder that stands for ``/opt/ml``; empty.
        port: where the container is to listen.
        hear: takes each line that it prints.
        limits: how long the platform waits.

    Raises:
        UsageError: a request is none, or the command cannot be started.
        InputError: there is nothing to transform.
        BundleError: the model's archive is damaged or hostile.
        StorageError: something cannot be read or written.
    """
    report = Report("transform")
    request = TransformRequest(read_request(job, OPERATION))
    check_request(dict(request.request), OPERATION, report)
    request.check(report)
    asked = ModelRequest.read(model, report)
    if report.violations:
        return report.failed("the API would not take this job", REFUSED)
    found = _inputs(request)
    environment = request.environment
    with ServedModel(asked, command, base, environment, port, report, hear, limits) as served:
        if served.up:
            _Transform(request, served, report).run(found)
    return report


def _inputs(request: TransformRequest) -> list[Object]:
    source = request.input["DataSource"]["S3DataSource"]
    read = manifest_objects if source["S3DataType"] == "ManifestFile" else objects
    return read(source["S3Uri"])


class _FailedRequest(InputError):
    """A request that no retry helped."""


class _Transform:
    """One job that runs."""

    def __init__(self, request: TransformRequest, served: ServedModel, report: Report) -> None:
        self.request, self.served, self.report = request, served, report
        parameters = served.execution_parameters()
        own = request.request
        megabytes = own.get("MaxPayloadInMB", parameters.get("MaxPayloadInMB", DEFAULT_MEGABYTES))
        self.largest = int(megabytes) << 20
        workers = own.get("MaxConcurrentTransforms", parameters.get("MaxConcurrentTransforms", 1))
        self.workers = max(1, min(int(workers), MOST_MEGABYTES // max(1, int(megabytes)) or 1))
        by_container = STRATEGIES[parameters.get("BatchStrategy", "MULTI_RECORD")]
        self.strategy = own.get("BatchStrategy", by_container)
        client = own.get("ModelClientConfig", {})
        self.timeout = float(client.get("InvocationsTimeoutInSeconds", TIMEOUT_SECONDS))
        self.retries = int(client.get("InvocationsMaxRetries", RETRIES))

    def run(self, objects_: Sequence[Object]) -> None:
        """Transform all files; one that fails fails the job and leaves no output."""
        begun = time.monotonic()
        address = self.request.request["TransformOutput"]["S3OutputPath"]
        with ThreadPoolExecutor(self.workers) as pool:
            for object_ in objects_:
                try:
                    content = self._transformed(object_, pool)
                except ReviewdeskError as error:
                    self.report.failed(f"{object_.name}: {error}")
                    continue
                out = below(address, f"{object_.name}.out")
                with tempfile.NamedTemporaryFile(prefix="reviewdesk-") as file:
                    file.write(content)
                    file.flush()
                    put(Path(file.name), out)
                self.report.outputs.append(out)
        self.report.figures["transform"] = time.monotonic() - begun

    def _transformed(self, object_: Object, pool: ThreadPoolExecutor) -> bytes:
        content = object_.read()
        if self.request.input.get("CompressionType") == GZIP:
            try:
                content = gzip.decompress(content)
            except (OSError, EOFError) as error:
                raise InputError("it is no Gzip file, or cut off") from error
        records = split(content, self.request.split_type, object_.name)
        if self.request.split_type == LINE:
            _check_lines(records, self.request.processing.content_type)
        processing = self.request.processing
        sent = [processing.sent(record) for record in records] if processing.needed else records
        batches = list(payloads(sent, self.strategy, self.largest, object_.name))
        answers = list(pool.map(lambda batch: self._answer(b"".join(batch)), batches))
        if processing.needed:
            answers = _kept(processing, records, batches, answers, self.request.split_type)
        return assemble(answers, self.request.assemble_with)

    def _answer(self, body: bytes) -> bytes:
        """Return the answer to a request, tried again where that may help."""
        sentence = ""
        for attempt in range(self.retries + 1):
            try:
                answer = self.served.invoke(
                    body,
                    self.request.content_type,
                    self.request.accept,
                    timeout=self.timeout,
                    chunked=not self.largest,
                )
            except (OSError, http.client.HTTPException):
                sentence = f"a request was not answered within {self.timeout:g} seconds"
                continue
            if answer.status < 400:
                return answer.body
            sentence = f"a request was answered with {answer.status}"
            if answer.status < 500:
                break
            time.sleep(min(0.1 * 2**attempt, 1.0))
        raise _FailedRequest(f"{sentence}; the container's log may say why")


def _check_lines(records: Sequence[bytes], content_type: str) -> None:
    """Check that each line is a record by itself.

    Raises:
        InputError: one is not; a container would get half of a record.
    """
    for number, line in enumerate(records, start=1):
        if content_type == CSV and line.count(b'"') % 2:
            raise InputError(
                f"line {number} ends inside quotes; CSV with line ends inside its fields cannot be "
                "split by Line"
            )
        if content_type == JSON_LINES:
            try:
                json.loads(line)
            except (ValueError, RecursionError) as error:
                raise InputError(f"line {number} is no JSON; write one object a line") from error


def _kept(
    processing: DataProcessing,
    records: Sequence[bytes],
    batches: Sequence[Sequence[bytes]],
    answers: Sequence[bytes],
    kind: str,
) -> list[bytes]:
    """Return what is kept of each record and its own answer.

    Raises:
        InputError: there are not as many answers as records.
    """
    each: list[bytes] = []
    for batch, answer in zip(batches, answers, strict=True):
        own = split(answer, LINE, "the answer") if kind == LINE else [answer]
        if len(own) != len(batch):
            raise InputError(
                f"{len(batch)} records were answered with {len(own)}; filters and joins need one "
                "answer a record"
            )
        each += own
    return [processing.kept(record, answer) for record, answer in zip(records, each, strict=True)]
