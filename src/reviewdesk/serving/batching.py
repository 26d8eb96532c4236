"""Requests that wait together are scored together, each as if it were alone.

What a batch costs beside its reviews (columns, cleaning, calibration) is then paid once. Nobody
waits for a batch to fill: it holds what arrived in the same turn of the event loop, or while a
thread scored the batch before.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.bundle import Bundle
from reviewdesk.errors import PayloadTooLarge, RequestError, ReviewdeskError, UnsupportedMediaType
from reviewdesk.scoring.languages import unseen_language_of
from reviewdesk.serving.about import about_bundle
from reviewdesk.serving.instances import Instances
from reviewdesk.serving.media_types import tells_known_words
from reviewdesk.serving.readers import read_instances
from reviewdesk.serving.traffic import Call, Scored, Traffic
from reviewdesk.serving.variants import Variant
from reviewdesk.serving.writers import Evidence, evidence_of, rankings, write_answer
from reviewdesk.settings import ServeSettings

MOST_WORK: Final = 262_144
"""Work of one batch, as ``work_of`` counts it; what is over waits for the next."""

GATHERED: Final = 256
"""So many requests that nobody waits for are enough for a batch."""

TURNS: Final = 2
"""Turns of the event loop, of microseconds each, that a request waits for others where the batch
before had several."""

LARGE_WORK: Final = 65_536
AT_ONCE_WORK: Final = 16_384
"""What is more has a thread of its own even where the model is quick: others wait meanwhile."""

WORK_OF_A_REVIEW: Final = 50
"""What a review costs beside its bytes, as bytes."""


def work_of(body: bytes) -> int:
    """Return about what a request costs, from its bytes and what may be its reviews."""
    return len(body) + WORK_OF_A_REVIEW * (body.count(b"\n") + body.count(b","))


def is_large(body: bytes) -> bool:
    """Say whether a request takes long."""
    return work_of(body) > LARGE_WORK


@dataclass(eq=False)
class Asked:
    """A request for scores, and who waits for them.

    Args:
        call: what is asked.
        variant: what answers.
        unit: whom the request was dealt to, if it was.
        work: what it costs, as ``work_of`` counts it.
        shadow: whether nobody waits for the answer.
        answer: gets the answer, or the error.
    """

    call: Call
    variant: Variant
    unit: str
    work: int
    shadow: bool = False
    answer: "asyncio.Future[Scored] | None" = None
    begun: float = field(default_factory=time.perf_counter)


class Scoring:
    """Answers requests to one variant, and logs them.

    Args:
        traffic: where requests are logged.
        settings: limits of a request.
    """

    def __init__(self, traffic: Traffic, settings: ServeSettings) -> None:
        self._traffic = traffic
        self._settings = settings

    def answer(self, asked: Sequence[Asked]) -> list[Scored | Exception]:
        """Return the answers to requests to one variant, each what it would be alone."""
        outcomes = self._together(asked[0].variant.bundle, asked)
        for waiting, outcome in zip(asked, outcomes, strict=True):
            log = (waiting.call, waiting.variant, waiting.unit, waiting.begun)
            if isinstance(outcome, Scored):
                self._traffic.log(*log, outcome.body, shadow=waiting.shadow)
            else:
                status = getattr(outcome, "http_status", ReviewdeskError.http_status)
                self._traffic.log(*log, None, status, shadow=waiting.shadow)
        return outcomes

    def _together(self, bundle: Bundle, asked: Sequence[Asked]) -> list[Scored | Exception]:
        """Return the answers to requests; an error of one is no error of another."""
        outcomes: list[Scored | Exception] = []
        read: list[tuple[int, Instances]] = []
        for number, waiting in enumerate(asked):
            try:
                read.append((number, self._read(waiting.call)))
                outcomes.append(Scored(b"", 0))
            except Exception as error:  # the boundary of a request
                outcomes.append(error)
        calls = [(asked[place].call, instances) for place, instances in read]
        answers: Sequence[Scored | Exception]
        try:
            answers = self._scored(bundle, calls)
        except Exception as error:  # of one of them: each by itself tells of which
            answers = [error]
            if len(calls) > 1:
                answers = [self._together(bundle, [asked[place]])[0] for place, _ in read]
        for (number, _), answer in zip(read, answers, strict=True):
            outcomes[number] = answer
        return outcomes

    def _read(self, call: Call) -> Instances:
        instances = read_instances(call.given, call.body, self._settings.max_instances)
        if not len(instances):
            raise RequestError("the request holds no review; send at least one")
        if tells_known_words(call.headers.get("content-type"), call.headers.get("accept")):
            instances.tell_known_words = [True] * len(instances)
        return instances

    def _scored(
        self, bundle: Bundle, read: Sequence[tuple[Call, Instances]]
    ) -> list[Scored | Exception]:
        """Return the answers to requests that could be read."""
        if not read:
            return []
        with_features = any(instances.features is not None for _, instances in read)
        if len(read) > 1 and (with_features or any(one.cleaned for _, one in read)):
            return [self._scored(bundle, [one])[0] for one in read]
        if with_features and not bundle.reads_features:
            raise UnsupportedMediaType(
                "this endpoint reads reviews, not LIBSVM lines; send the texts"
            )
        together = Instances.joined([instances for _, instances in read])
        sent = together.batch(bundle.settings.text.fields)
        reviews = sent if together.cleaned else bundle.clean(sent)
        probabilities = bundle.predict_proba(reviews)
        tell = together.tell_known_words
        known = bundle.known_words(reviews) if any(tell) else None
        unseen = unseen_language_of(bundle, _bodies(reviews)) if any(tell) else []
        ranked = rankings(bundle.labels, probabilities, together.wanted)
        answers: list[Scored | Exception] = []
        begin = 0
        for call, instances in read:
            rows = slice(begin, begin + len(instances))
            begin = rows.stop
            evidence = _evidence(known, unseen, instances.tell_known_words, rows)
            if instances.tell_about:
                evidence = evidence or [{} for _ in instances.wanted]
                evidence[0]["about"] = about_bundle(bundle)
            body = write_answer(call.wanted, ranked[rows], evidence)
            answers.append(self._bounded(Scored(body, len(instances))))
        return answers

    def _bounded(self, scored: Scored) -> Scored | Exception:
        if len(scored.body) <= self._settings.max_body_bytes:
            return scored
        return PayloadTooLarge(
            f"the answer would be larger than {self._settings.max_body_bytes} bytes; "
            "send fewer reviews or ask for a smaller k"
        )


def _evidence(
    known: NDArray[np.int64] | None, unseen: Sequence[str], tell: Sequence[bool], rows: slice
) -> list[Evidence]:
    if not any(tell):
        return []
    return evidence_of(None if known is None else known[rows], unseen[rows], tell)


def _bodies(reviews: pa.RecordBatch) -> pa.Array:
    """Return the texts whose language is told; rows of features have none."""
    if "review_body" in reviews.schema.names:
        return reviews.column("review_body")
    return pa.nulls(len(reviews), pa.string())


class Batches:
    """Requests that wait for one bundle.

    Args:
        scoring: what answers them.
        at_once: whether they are answered in the event loop itself; else in a thread.
        run: does work in a thread as soon as one is free.
        gather_seconds: how long requests wait for others, where nobody waits for their answers;
            but no longer than until ``GATHERED`` are there, or ``MOST_WORK``.
    """

    def __init__(
        self, scoring: Scoring, at_once: bool, run: "Run", gather_seconds: float = 0.0
    ) -> None:
        self._scoring = scoring
        self._at_once = at_once
        self._run = run
        self._gather_seconds = gather_seconds
        self._waiting: deque[Asked] = deque()
        self._due = False
        self._crowded = False
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._added = self._taken = 0

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def work(self) -> int:
        """What those cost that wait; exact where one thread takes at a time."""
        return self._added - self._taken

    async def answer(self, asked: Asked) -> Scored:
        """Return the answer to a request; errors are raised."""
        asked.answer = asyncio.get_running_loop().create_future()
        self.add(asked)
        return await asked.answer

    def add(self, asked: Asked) -> None:
        """Take a request; nobody need wait for its answer."""
        self._waiting.append(asked)
        self._added += asked.work
        loop = asyncio.get_running_loop()
        if self._gather_seconds:
            if not self._due:
                self._due = True
                self._timer = loop.call_later(self._gather_seconds, self._begin_thread)
            elif self._timer is not None and (
                len(self._waiting) >= GATHERED or self.work >= MOST_WORK
            ):
                self._timer.cancel()
                self._begin_thread()
        elif not self._at_once:
            self._begin_thread()
        elif not self._due:
            self._due = True
            loop.call_soon(self._answer_now, TURNS if self._crowded else 0)

    def finish(self) -> None:
        """Answer those that wait, in this thread: the event loop has ended."""
        while self._waiting:
            self._answered()

    def _begin_thread(self) -> None:
        self._timer = None
        task = asyncio.get_running_loop().create_task(self._answer_in_thread())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _answer_now(self, turns: int) -> None:
        """Answer those that wait, after so many turns of the event loop."""
        loop = asyncio.get_running_loop()
        if turns:
            loop.call_soon(self._answer_now, turns - 1)
            return
        batch, outcomes = self._answered()
        self._crowded = len(batch) > 1
        self._due = bool(self._waiting)
        if self._due:  # others get a turn first
            loop.call_soon(self._answer_now, 0)
        _hand_over(batch, outcomes)

    async def _answer_in_thread(self) -> None:
        """Answer those that wait by the time that a thread is free, perhaps none any more."""
        _hand_over(*await self._run(self._answered))
        if self._gather_seconds:  # what came meanwhile has waited long enough
            self._due = bool(self._waiting)
            if self._due:
                self._begin_thread()

    def _answered(self) -> "Answered":
        batch: list[Asked] = []
        work = 0
        while work < MOST_WORK:
            try:
                batch.append(self._waiting.popleft())  # several threads may take at a time
            except IndexError:
                break
            work += batch[-1].work
        self._taken += work
        return batch, self._scoring.answer(batch) if batch else []


def _hand_over(batch: Sequence[Asked], outcomes: Sequence[Scored | Exception]) -> None:
    for waiting, outcome in zip(batch, outcomes, strict=True):
        if waiting.answer is None or waiting.answer.done():
            continue
        if isinstance(outcome, Exception):
            waiting.answer.set_exception(outcome)
        else:
            waiting.answer.set_result(outcome)


Answered = tuple[Sequence[Asked], Sequence[Scored | Exception]]
Run = Callable[[Callable[[], Answered]], Awaitable[Answered]]
