"""A model on this machine: any command, run and judged as SageMaker's serving container."""

import http.client
import json
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

from reviewdesk.aws.local.limits import ContainerLimits
from reviewdesk.aws.local.objects import objects, one_object
from reviewdesk.aws.local.process import REGION, ContainerProcess
from reviewdesk.aws.local.report import REFUSED, Report
from reviewdesk.aws.local.request import check_request, read_request
from reviewdesk.aws.local.training_checks import Snapshot, snapshot
from reviewdesk.errors import UsageError
from reviewdesk.formats.archive import unpack_archive
from reviewdesk.storage import storage_errors

OPERATION: Final = "CreateModel"
OURS: Final = (sys.executable, "-m", "reviewdesk.aws")
LIMITS: Final = ContainerLimits()
PORT: Final = 8080
OUTSIDE: Final = "127.0.0.2"
"""An address of this machine at which only those answer that listen on all of them."""
LOOPBACK: Final = "127.0.0.1"
POLL_SECONDS: Final = 0.05
CHUNK: Final = 1 << 20
UNKNOWN_HEADERS: Final = {
    "X-Amzn-SageMaker-Custom-Attributes": "trace=1",
    "X-Amzn-SageMaker-Inference-Id": "emulated-1",
    "X-Not-Known": "ignored",
}

Hear = Callable[[str], None]


class ContainerAnswer(NamedTuple):
    """What a container answered.

    Args:
        status: the HTTP status.
        body: the body.
        content_type: its media type.
        seconds: how long it took.
    """

    status: int
    body: bytes
    content_type: str
    seconds: float


@dataclass(frozen=True)
class ModelRequest:
    """A model as it is asked for.

    Args:
        request: what CreateModel takes.
    """

    request: Mapping[str, Any]

    @classmethod
    def read(cls, path: Path, report: Report) -> Self:
        """Read it from a file, and report what the API does not take."""
        request = read_request(path, OPERATION)
        check_request(request, OPERATION, report)
        return cls(request)

    @property
    def container(self) -> Mapping[str, Any]:
        """The container that answers."""
        several = self.request.get("Containers", ())
        if len(several) > 1:
            raise UsageError("a pipeline of several containers cannot be emulated; name one")
        found: Mapping[str, Any] = self.request.get("PrimaryContainer") or (
            several[0] if several else {}
        )
        return found

    @property
    def environment(self) -> dict[str, str]:
        """What its container finds in its environment."""
        return dict(self.container.get("Environment", {}))

    def fill(self, base: Path) -> None:
        """Put the model where its container finds it.

        Raises:
            BundleError: its archive is damaged or hostile.
            StorageError: it cannot be read.
        """
        model = base / "model"
        with storage_errors(str(base)):
            base.mkdir(parents=True, exist_ok=True)
        address = self.container.get("ModelDataUrl")
        if address:
            with tempfile.TemporaryDirectory(prefix="reviewdesk-") as aside:
                one_object(address).copy(Path(aside) / "model.tar.gz")
                unpack_archive(Path(aside) / "model.tar.gz", model)
            return
        with storage_errors(str(model)):
            model.mkdir(parents=True)
        source = self.container.get("ModelDataSource", {}).get("S3DataSource")
        for one in objects(source["S3Uri"]) if source else ():
            one.copy(model / one.name)


@dataclass
class ServedModel:
    """A container that serves, from its start to its end.

    Args:
        model: what it serves.
        command: what is run; ``serve`` comes behind it.
        base: what stands for ``/opt/ml``; empty.
        environment: what the platform sets beside the model's own.
        port: where it is to listen.
        report: takes what it breaks.
        hear: takes each line that it prints.
        limits: how long the platform waits.
    """

    model: ModelRequest
    command: Sequence[str]
    base: Path
    environment: Mapping[str, str]
    port: int
    report: Report
    hear: Hear
    limits: ContainerLimits
    up: bool = field(default=False, init=False)
    _host: str = field(default=OUTSIDE, init=False)
    _process: ContainerProcess | None = field(default=None, init=False)
    _before: Snapshot = field(default_factory=dict, init=False)

    def __enter__(self) -> Self:
        """Start it and wait until it answers to ``/ping``; ``up`` says whether it does."""
        self.model.fill(self.base)
        self._before = snapshot(self.base)
        environment = {
            "AWS_REGION": REGION,
            **({"SAGEMAKER_BIND_TO_PORT": str(self.port)} if self.port != PORT else {}),
            **self.model.environment,
            **self.environment,
        }
        words = [*(self.command or OURS), "serve"]
        if _connects(LOOPBACK, self.port):
            raise UsageError(f"something listens on port {self.port} already; choose another port")
        begun = time.monotonic()
        self._process = ContainerProcess(words, self.base, environment, self.hear)
        try:
            self.up = self._wait_for_ping(begun + self.limits.start)
        except BaseException:
            self._process.end()
            raise
        self.report.figures["start"] = time.monotonic() - begun
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End it as the platform does, and judge how it ends."""
        process = self._process
        assert process is not None  # noqa: S101  (it was started)
        if process.code is not None:
            if self.up:
                self.report.failed(f"the container ended by itself with exit code {process.code}")
            process.end()
        elif process.stop(self.limits.stop_serving) is None:
            self.report.broke(
                "sigterm",
                f"it still ran {self.limits.stop_serving:g} seconds after SIGTERM and was killed",
            )
        if snapshot(self.base) != self._before:
            self.report.broke("model-read-only", "it changed files below /opt/ml; it may only read")

    def _wait_for_ping(self, end: float) -> bool:
        process = self._process
        assert process is not None  # noqa: S101  (it was started)
        last = "nothing listened"
        while time.monotonic() < end:
            if process.code is not None:
                self.report.failed(
                    f"the container ended with exit code {process.code} before it served"
                )
                return False
            try:
                answer = self.ask("GET", "/ping", timeout=self.limits.ping)
                if answer.status == 200:
                    self._judge_ping(answer)
                    return True
                last = f"/ping was answered with {answer.status}"
            except ConnectionRefusedError:
                if self._host == OUTSIDE and _connects(LOOPBACK, self.port):
                    self.report.broke(
                        "address",
                        "it listens on 127.0.0.1 only, where nobody outside the container reaches "
                        "it; listen on 0.0.0.0",
                    )
                    self._host = LOOPBACK
            except (OSError, http.client.HTTPException):
                last = f"/ping was not answered within {self.limits.ping:g} seconds"
            time.sleep(POLL_SECONDS)
        self.report.broke(
            "start", f"it did not answer well within {self.limits.start:g} seconds: {last}"
        )
        self.report.failed("the container did not pass the ping health check")
        return False

    def _judge_ping(self, answer: ContainerAnswer) -> None:
        if answer.body:
            self.report.broke("ping", "/ping was answered with a body; it must be empty")

    def ping(self, while_working: bool = False) -> None:
        """Ask ``/ping`` once more, and report where it is not answered in time."""
        when = " while a request was worked on" if while_working else ""
        try:
            answer = self.ask("GET", "/ping", timeout=self.limits.ping)
        except (OSError, http.client.HTTPException):
            self.report.broke(
                "ping", f"/ping was not answered within {self.limits.ping:g} seconds{when}"
            )
            return
        self._judge_ping(answer)
        if answer.status != 200:
            self.report.broke("ping", f"/ping was answered with {answer.status}{when}")

    def execution_parameters(self) -> dict[str, Any]:
        """Return what it says of batch transforms; empty where it says nothing."""
        try:
            answer = self.ask("GET", "/execution-parameters", timeout=self.limits.ping)
        except (OSError, http.client.HTTPException):
            return {}
        if answer.status != 200:
            return {}
        try:
            parameters = json.loads(answer.body)
        except ValueError:
            parameters = None
        kinds = {"MaxConcurrentTransforms": int, "BatchStrategy": str, "MaxPayloadInMB": int}
        fits = isinstance(parameters, dict) and all(
            isinstance(parameters[name], kind) for name, kind in kinds.items() if name in parameters
        )
        if not fits or parameters.get("BatchStrategy", "MULTI_RECORD") not in (
            "MULTI_RECORD", "SINGLE_RECORD",
        ):  # fmt: skip
            self.report.broke(
                "execution-parameters",
                "/execution-parameters is no JSON of MaxConcurrentTransforms, BatchStrategy "
                "(MULTI_RECORD or SINGLE_RECORD) and MaxPayloadInMB",
            )
            return {}
        return dict(parameters)

    def invoke(
        self,
        body: bytes,
        content_type: str,
        accept: str = "",
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        *,
        chunked: bool = False,
    ) -> ContainerAnswer:
        """Send a request to ``/invocations`` and return the answer.

        Raises:
            OSError: there was no answer in time, or none at all.
        """
        sent = {"Content-Type": content_type, **({"Accept": accept} if accept else {})}
        limit = timeout or self.limits.answer
        whole = {**sent, **(headers or {}), **({"Transfer-Encoding": "chunked"} if chunked else {})}
        answer = self.ask("POST", "/invocations", body, whole, limit, chunked=chunked)
        self.report.answers[answer.status] += 1
        return answer

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = 60.0,
        *,
        chunked: bool = False,
    ) -> ContainerAnswer:
        """Send a request, with a connection of its own, and return the answer."""
        sent = memoryview(body or b"")
        connection = http.client.HTTPConnection(self._host, self.port, timeout=timeout)
        begun = time.monotonic()
        try:
            connection.connect()
            connected = time.monotonic() - begun
            if connected > self.limits.accept:
                self.report.broke(
                    "accept", f"a connection took longer than {self.limits.accept * 1000:g} ms"
                )
            if chunked:
                parts = (sent[at : at + CHUNK] for at in range(0, len(sent), CHUNK))
                connection.request(method, path, parts, dict(headers or {}), encode_chunked=True)
            else:
                connection.request(method, path, body, dict(headers or {}))
            answer = connection.getresponse()
            content = answer.read()
            kind = answer.headers.get("Content-Type", "")
            return ContainerAnswer(answer.status, content, kind, time.monotonic() - begun)
        finally:
            connection.close()


def emulate_serving(
    model: Path,
    command: Sequence[str] = (),
    *,
    requests: Sequence[Path] = (),
    content_type: str = "application/json",
    accept: str = "",
    base: Path,
    port: int = PORT,
    hear: Hear = lambda line: None,
    limits: ContainerLimits = LIMITS,
    meanwhile: Callable[[ServedModel], None] = lambda served: None,
) -> Report:
    """Run a model as SageMaker would serve it, and report what its container broke.

    Args:
        model: a file with a request of CreateModel; addresses may be ``file://``.
        command: what is run in the place of the image, with ``serve`` behind it; our image's by
            default.
        requests: files that are sent as bodies.
        content_type: their media type.
        accept: the media type that is asked for.
        base: the folder that stands for ``/opt/ml``; empty.
        port: where it is to listen; ``SAGEMAKER_BIND_TO_PORT`` says so where it is not 8080.
        hear: takes each line that it prints.
        limits: how long the platform waits.
        meanwhile: is called with what is served, before it is ended.

    Raises:
        UsageError: the request is none, or the command cannot be started.
        BundleError: the model's archive is damaged or hostile.
        StorageError: something cannot be read.
    """
    report = Report("serve")
    asked = ModelRequest.read(model, report)
    if report.violations:
        return report.failed("the API would not take this model", REFUSED)
    with ServedModel(asked, command, base, {}, port, report, hear, limits) as served:
        if served.up:
            served.ping()
            served.execution_parameters()
            for path in requests:
                with storage_errors(str(path)):
                    body = path.read_bytes()
                _try_request(served, path.name, body, content_type, accept)
            meanwhile(served)
    return report


def _try_request(
    served: ServedModel, name: str, body: bytes, content_type: str, accept: str
) -> None:
    """Send a body twice, once with headers that a container may not know."""
    report, limits = served.report, served.limits
    if len(body) > limits.payload:
        report.broke("payload", f"{name} has {len(body):,} bytes; {limits.payload:,} are carried")
        return
    answers = []
    for headers in ({}, UNKNOWN_HEADERS):
        pinger = threading.Timer(POLL_SECONDS, served.ping, (True,))
        pinger.start()
        try:
            answers.append(served.invoke(body, content_type, accept, headers))
        except (OSError, http.client.HTTPException):
            report.broke("answer", f"{name} was not answered within {limits.answer:g} seconds")
            return
        finally:
            pinger.join()
    plain, with_headers = answers
    if plain.status != with_headers.status:
        report.broke(
            "unknown-headers",
            f"{name} is answered with {plain.status}, and with {with_headers.status} when headers "
            "come that are not known; they must be ignored",
        )
    if plain.status >= 400:
        report.failed(f"{name} was answered with {plain.status}, which callers get as a ModelError")
    if len(plain.body) > limits.payload:
        report.broke(
            "payload",
            f"the answer to {name} has {len(plain.body):,} bytes; {limits.payload:,} are carried",
        )


def _connects(host: str, port: int) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=1)
    try:
        connection.connect()
    except OSError:
        return False
    finally:
        connection.close()
    return True
