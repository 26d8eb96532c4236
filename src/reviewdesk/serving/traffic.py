"""What happens to a request beside its answer: it is dealt to a variant, shadowed and logged."""

import contextlib
import json
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from reviewdesk.errors import ReviewdeskError, UsageError
from reviewdesk.formats.capture_files import CaptureFolder
from reviewdesk.formats.capture_log import Captured
from reviewdesk.serving.media_types import JSON, JSON_LINES
from reviewdesk.serving.variants import ServedEndpoint, Variant, part_of
from reviewdesk.settings import TrafficSettings
from reviewdesk.storage import read_json

MOST_SHADOWED: Final = 1_024
MOST_SHADOWED_WORK: Final = 16 << 20
"""Requests that wait for a shadow at a time; more are not shadowed."""

GAUGES: Final = "monitor.prom"
"""Gauges that `monitor` leaves in the folder of an endpoint's log."""

MOST_GAUGES: Final = 65_536

WEIGHTS_SECONDS: Final = 1.0
"""How often a file of weights is looked at."""


@dataclass(frozen=True)
class Call:
    """A request for scores, as far as it decides who answers and what is logged.

    Args:
        endpoint: the endpoint's name.
        headers: as they were sent.
        given: media type of the body.
        wanted: media type of the answer.
        body: the body.
        inference_id: the caller's name for the request; empty without one.
        target: the variant that the caller asks for.
        event_id: our name for the request.
    """

    endpoint: str
    headers: Mapping[str, str]
    given: str
    wanted: str
    body: bytes
    inference_id: str = ""
    target: str | None = None
    event_id: str = ""

    @property
    def request(self) -> str:
        """What a request without a sticky key is dealt by."""
        return self.inference_id or self.event_id


class Scored(NamedTuple):
    """An answer.

    Args:
        body: as it is sent.
        reviews: how many it is about.
    """

    body: bytes
    reviews: int


class Traffic:
    """Deals requests to variants and logs them.

    Args:
        settings: by what they are dealt, and where logs go.
        endpoints: what answers, by name.

    Raises:
        UsageError: the weights are of other variants, or not readable.
    """

    def __init__(self, settings: TrafficSettings, endpoints: Mapping[str, ServedEndpoint]) -> None:
        self.settings = settings
        self.captured = 0
        self.not_captured = 0
        self._endpoints = endpoints
        self._log = None
        if settings.capture:
            self._log = CaptureFolder(Path(settings.capture), settings.capture_mb << 20)
        self._several = any(len(one.variants) + len(one.shadows) > 1 for one in endpoints.values())
        self._seen_weights = 0
        self._looked = 0.0
        self._lock = threading.Lock()
        if settings.weights:
            self._read_weights()

    @property
    def captures(self) -> bool:
        """Whether requests are logged."""
        return self._log is not None

    def named(self, call: Call) -> Call:
        """Give a request a name of its own, where anything goes by it."""
        if self._log is None and not self._several:
            return call
        return replace(call, event_id=str(uuid.uuid4()))

    def dealt(self, call: Call) -> tuple[Variant, str]:
        """Return the variant that answers, and the unit that it was dealt to, if there is one.

        Raises:
            RequestError: the caller asks for a variant that is not there.
        """
        endpoint = self._endpoints[call.endpoint]
        if self.settings.weights:
            self._follow_weights()
        unit = _unit(call, self.settings.sticky) if self.settings.sticky else ""
        return endpoint.choose(unit or call.request, call.target), unit

    def log(
        self,
        call: Call,
        variant: Variant,
        unit: str,
        begun: float,
        answer: bytes | None,
        status: int = 200,
        *,
        shadow: bool = False,
    ) -> None:
        """Log a request, if it is one of those that are logged; a full disk stops no answer.

        Args:
            call: the request.
            variant: what answered.
            unit: whom it was dealt to.
            begun: when scoring began, by ``time.perf_counter``.
            answer: the answer's body; None without one.
            status: its HTTP status.
            shadow: whether it goes to nobody.
        """
        if self._log is None:
            return
        if part_of(f"capture\n{call.request}") * 100 >= self.settings.capture_percent:
            return
        now = datetime.now(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
        try:
            self._log.write(
                Captured(
                    call.endpoint,
                    variant.name,
                    call.event_id,
                    now,
                    call.inference_id,
                    call.given,
                    call.body if self.settings.capture_input else None,
                    call.wanted,
                    answer,
                    (time.perf_counter() - begun) * 1000,
                    status,
                    unit,
                    shadow,
                    call.target is not None,
                )
            )
            self.captured += 1
        except (OSError, ReviewdeskError):
            self.not_captured += 1

    def weigh_anew(self) -> None:
        """Read the weights again, where there is a file of them: there are other variants now."""
        if self.settings.weights:
            with contextlib.suppress(OSError, ReviewdeskError), self._lock:
                self._read_weights()

    def gauges(self) -> str:
        """Return what `monitor` has found of the endpoints, in Prometheus' text format."""
        lines: dict[str, None] = {}
        for name in self._endpoints if self._log else ():
            path = Path(self.settings.capture) / name / GAUGES
            with contextlib.suppress(OSError), path.open(encoding="utf-8") as file:
                lines |= dict.fromkeys(file.read(MOST_GAUGES).splitlines())
        return "".join(f"{line}\n" for line in lines)

    def _follow_weights(self) -> None:
        """Read the weights again when their file has changed; wrong ones change nothing."""
        now = time.monotonic()
        with self._lock:
            if now - self._looked < WEIGHTS_SECONDS:
                return
            self._looked = now
            try:
                changed = Path(self.settings.weights).stat().st_mtime_ns
                if changed != self._seen_weights:
                    self._read_weights()
            except (OSError, ReviewdeskError):
                return

    def _read_weights(self) -> None:
        path = Path(self.settings.weights)
        weights = read_json(path)
        self._seen_weights = path.stat().st_mtime_ns
        if not isinstance(weights, dict) or not weights.keys() <= self._endpoints.keys():
            raise UsageError(f"{path} must hold weights by endpoint and variant")
        for name, own in weights.items():
            if not isinstance(own, dict) or not all(map(_is_number, own.values())):
                raise UsageError(f"{path} must hold a number for each variant of {name}")
            self._endpoints[name].weigh(own)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _unit(call: Call, sticky: str) -> str:
    """Return the value that a caller is known by, from a header or the body; empty without one."""
    header = call.headers.get(sticky.lower())
    if header:
        return header
    body = call.body
    if call.given == JSON_LINES:
        body = body.lstrip().partition(b"\n")[0]
    elif call.given != JSON:
        return ""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    found = value.get(sticky) if isinstance(value, dict) else None
    return str(found) if isinstance(found, str | int) else ""
