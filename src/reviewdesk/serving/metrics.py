"""What the server counts about itself, in Prometheus' text format.

Labels are addresses, endpoints, statuses and error codes that the server knows: nothing that a
client chose, and no text of a review.
"""

import functools
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from reviewdesk.errors import RequestError
from reviewdesk.storage import read_json

MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
"""Upper ends of the buckets of durations, in seconds."""

_PREFIX: Final = "reviewdesk_"
_COUNTS: Final = "counts-"


class _Gauge(NamedTuple):
    meaning: str
    value: Callable[[], float]


class Metrics:
    """Counters since the server started, and gauges that are read when asked."""

    def __init__(self) -> None:
        self._requests: Counter[tuple[str, int]] = Counter()
        self._buckets: Counter[tuple[str, float]] = Counter()  # not cumulated
        self._seconds: Counter[str] = Counter()  # of floats
        self._reviews: Counter[str] = Counter()
        self._errors: Counter[str] = Counter()
        self._refusals: Counter[str] = Counter()
        self._gauges: dict[str, _Gauge] = {}
        self._folder: Path | None = None

    def gauge(self, name: str, meaning: str, value: Callable[[], float]) -> None:
        """Show what a function returns.

        Args:
            name: its name without the prefix that all have.
            meaning: one sentence.
            value: called whenever the metrics are read.
        """
        self._gauges[name] = _Gauge(meaning, value)

    def count_request(self, route: str, status: int, seconds: float, code: str | None) -> None:
        """Count a request that ended.

        Args:
            route: its address, if there is one such, else ``other``.
            status: of its answer; 499 where the client went before it.
            seconds: from its head to the end of its answer.
            code: of its error.
        """
        self._requests[route, status] += 1
        within = next((end for end in BUCKETS if seconds <= end), float("inf"))
        self._buckets[route, within] += 1
        self._seconds[route] += seconds  # type: ignore[assignment]
        if code:
            self._errors[code] += 1

    def count_reviews(self, endpoint: str, reviews: int) -> None:
        """Count reviews that were scored.

        Args:
            endpoint: the name of the bundle.
            reviews: how many.
        """
        self._reviews[endpoint] += reviews

    def count_refusal(self, error: RequestError) -> None:
        """Count a connection that was ended without a request that could be read."""
        self._refusals[error.code] += 1

    def share(self, folder: Path) -> None:
        """Add up with the other processes that share a folder from now on."""
        self._folder = folder

    def publish(self) -> None:
        """Leave what was counted where other processes find it, if any share it."""
        if self._folder is not None:
            counts = {name: _listed(one) for name, one in self._counters().items()}
            gauges = {name: gauge.value() for name, gauge in self._gauges.items()}
            path = self._folder / f"{_COUNTS}{os.getpid()}.json"
            aside = path.with_suffix(".partial")  # not synced: nobody needs it after a crash
            aside.write_text(json.dumps({**counts, "gauges": gauges}))
            aside.replace(path)

    def text(self) -> str:
        """Return all of it as Prometheus reads it, version 0.0.4 of the text format.

        Of several processes, what the others had a second ago is added.
        """
        return "".join(f"{line}\n" for line in self._with_others()._lines())

    def _counters(self) -> dict[str, Counter[Any]]:
        return {
            "requests": self._requests,
            "buckets": self._buckets,
            "seconds": self._seconds,
            "reviews": self._reviews,
            "errors": self._errors,
            "refusals": self._refusals,
        }

    def _with_others(self) -> "Metrics":
        """Return the sums over all processes; those that ended have no gauges any more."""
        if self._folder is None:
            return self
        sums = Metrics()
        counts = [(os.getpid(), {name: _listed(one) for name, one in self._counters().items()})]
        values = {name: gauge.value() for name, gauge in self._gauges.items()}
        for path in sorted(self._folder.glob(f"{_COUNTS}*.json")):
            process = int(path.stem.removeprefix(_COUNTS))
            if process != os.getpid():
                others = read_json(path)
                counts.append((process, others))
                for name in values if _is_alive(process) else ():
                    values[name] += others["gauges"].get(name, 0)
        for _, listed in counts:
            for name, counter in sums._counters().items():
                for key, count in listed[name]:
                    counter[tuple(key) if isinstance(key, list) else key] += count
        for name, gauge in self._gauges.items():
            sums.gauge(name, gauge.meaning, functools.partial(values.__getitem__, name))
        return sums

    def _lines(self) -> Iterator[str]:
        requests = {
            f'route="{route}",status="{status}"': count
            for (route, status), count in sorted(self._requests.items())
        }
        yield from _counter("http_requests_total", "Requests by address and status.", requests)
        yield from self._histogram()
        yield from _counter("reviews_total", "Reviews scored.", _by("endpoint", self._reviews))
        yield from _counter("errors_total", "Requests answered with an error.",
                            _by("code", self._errors))  # fmt: skip
        yield from _counter("connections_refused_total", "Connections ended without a request.",
                            _by("code", self._refusals))  # fmt: skip
        for name, gauge in self._gauges.items():
            yield from _head(name, "gauge", gauge.meaning)
            yield f"{_PREFIX}{name} {gauge.value()}"

    def _histogram(self) -> Iterator[str]:
        name = "http_request_seconds"
        yield from _head(name, "histogram", "Seconds from a request's head to its answer's end.")
        for route in sorted(self._seconds):
            count = 0
            for end in (*BUCKETS, float("inf")):
                count += self._buckets[route, end]
                shown = "+Inf" if end == float("inf") else f"{end:g}"
                yield f'{_PREFIX}{name}_bucket{{route="{route}",le="{shown}"}} {count}'
            yield f'{_PREFIX}{name}_sum{{route="{route}"}} {self._seconds[route]}'
            yield f'{_PREFIX}{name}_count{{route="{route}"}} {count}'


def _listed(counter: Counter[Any]) -> list[list[Any]]:
    return [[key, count] for key, count in counter.items()]


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def _counter(name: str, meaning: str, values: Mapping[str, int]) -> Iterator[str]:
    yield from _head(name, "counter", meaning)
    for labels, value in values.items():
        yield f"{_PREFIX}{name}{{{labels}}} {value}"


def _head(name: str, kind: str, meaning: str) -> Iterator[str]:
    yield f"# HELP {_PREFIX}{name} {meaning}"
    yield f"# TYPE {_PREFIX}{name} {kind}"


def _by(label: str, counts: Mapping[str, int]) -> dict[str, int]:
    return {f'{label}="{value}"': count for value, count in sorted(counts.items())}
