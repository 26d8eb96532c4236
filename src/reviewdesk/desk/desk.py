"""All that the desk's pages read: a job, what was found in it, what was decided, the reviews."""

import contextlib
import functools
import getpass
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from reviewdesk.bundle import load_bundle
from reviewdesk.desk.accounts import AccountSessions
from reviewdesk.desk.audit import AuditLog
from reviewdesk.desk.customers import open_customers
from reviewdesk.desk.decision_place import open_decisions
from reviewdesk.desk.decisions import DecisionLog
from reviewdesk.desk.review_index import ReviewIndex, open_index
from reviewdesk.desk.review_search import ReviewSearch
from reviewdesk.desk.reviews import ReviewReader
from reviewdesk.desk.sampling import Sampling
from reviewdesk.desk.session import Keys, Sessions
from reviewdesk.desk.texts import Texts
from reviewdesk.desk.watch import FolderWatch
from reviewdesk.desk.worklist import Worklist
from reviewdesk.errors import InputError, ReviewdeskError, UsageError
from reviewdesk.explore.customers.section import CustomersView
from reviewdesk.findings.store import StoredFindings, folders_in, read_findings
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.progress import SILENT, Progress
from reviewdesk.serving.service import Service
from reviewdesk.settings import ServeSettings
from reviewdesk.storage import read_json

FOLDER: Final = "desk"
"""Within the folder of a job: decisions, which are to be kept, and ``cache``, which is not."""
CACHE: Final = "cache"
JOB: Final = "job.json"
AUDIT_RATE: Final = 0.2
FINDINGS: Final = "findings"
GRAPH: Final = "graph"


@dataclass
class Desk:
    """What is on the desk.

    Args:
        job: the folder of the job.
        data: its reviews.
        decisions: what was decided so far.
        search: searches the reviews, which are in it by place and id.
        texts: what the desk says.
        keys: for cookies, forms and names of customers.
        sessions: who asks.
        audit: what is written down beside decisions.
        settings: where it listens and what it refuses.
        bundles: the folders of the job's bundles, by target.
        given_findings: the folder that ``find`` wrote; None: in the job or beside it, also later.
        graph: the folder of a graph; None without.
        audit_rate: which share of the queue is drawn at random.
        watch: takes new files in; None without.
        clear_customers: whether admins see the ids of customers.
    """

    job: Path
    data: PreparedData
    decisions: DecisionLog
    search: ReviewSearch
    texts: Texts
    keys: Keys
    sessions: Sessions
    audit: AuditLog
    settings: ServeSettings
    bundles: Mapping[str, Path]
    given_findings: Path | None
    graph: Path | None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _renewal: threading.Lock = field(default_factory=threading.Lock)
    audit_rate: float = AUDIT_RATE
    watch: FolderWatch | None = None
    clear_customers: bool = False
    _worklist: tuple[object, Sampling] | None = None

    @property
    def findings(self) -> Path | None:
        """Where findings are; None as long as there are none."""
        if self.given_findings is None:
            self.given_findings = findings_of(self.job)
        return self.given_findings

    @property
    def worklist(self) -> Worklist:
        """The findings as they are now: read anew when ``find`` has written others."""
        return self.sampling.worklist

    @property
    def sampling(self) -> Sampling:
        """What draws findings at random from the lists, on top of the worklist."""
        state = self._state()
        with self._lock:
            if self._worklist is None or self._worklist[0] != state:
                stored = [] if self.findings is None else _stored(self.findings)
                worklist = Worklist(stored, self.decisions, written=self.reviews.written)
                key = self.keys.key("sampling")
                self._worklist = state, Sampling(worklist, key, self.audit_rate)
            return self._worklist[1]

    @functools.cached_property
    def service(self) -> Service:
        """The bundles as they answer requests, loaded when a page first asks for them."""
        loaded = {target: load_bundle(path) for target, path in self.bundles.items()}
        return Service(loaded, self.settings)

    @property
    def reviews(self) -> ReviewReader:
        """The reviews by place and id."""
        return self.search.reviews

    @functools.cached_property
    def customers(self) -> CustomersView:
        """What customers praise and complain about, read when a page first asks for it."""
        return open_customers(self.job, self.data, self.job / FOLDER / CACHE)

    def reload(self) -> None:
        """Open what has been put in the place of the job's data, predictions and bundles."""
        data = PreparedData.open(self.job / "prepared")
        search = ReviewSearch(_index(self.job, data, list(self.bundles), self.keys))
        open_customers(self.job, data, self.job / FOLDER / CACHE)
        self.data, self.search = data, search
        for name in ("service", "customers"):
            self.__dict__.pop(name, None)

    def renew(self) -> None:
        """Open the job anew if the index of its reviews is gone, as after ``erase``.

        Raises:
            InputError: something in the job is damaged.
            StorageError: something cannot be read, or another process is making the index.
        """
        if self.search.index.is_there():
            return
        with self._renewal:
            if not self.search.index.is_there():
                self.reload()
                with self._lock:
                    self._worklist = None  # it holds what was decided about the erased

    def warm_up(self) -> None:
        """Read what the first page needs, so that nobody waits for it."""
        with contextlib.suppress(ReviewdeskError):  # the page says it
            worklist = self.worklist
            first = range(min(1, len(worklist)))
            self.reviews.by_id(
                [name for row in worklist.rows(first) for name in row["samples"] or ()]
            )

    def _state(self) -> object:
        if self.findings is None or not self.findings.exists():
            return None
        return sorted(
            (str(path), path.stat().st_mtime_ns)
            for path in (
                *self.findings.glob("findings.json"),
                *self.findings.glob("*/findings.json"),
            )
        )


def open_desk(
    job: Path,
    settings: ServeSettings,
    *,
    findings: Path | None = None,
    graph: Path | None = None,
    name: str = "",
    texts: Path | None = None,
    auth: Path | None = None,
    database: str = "",
    audit_rate: float = AUDIT_RATE,
    clear_customers: bool = False,
    progress: Progress = SILENT,
) -> Desk:
    """Open the desk of a job.

    Args:
        job: the folder that ``run`` wrote.
        settings: where it listens and what it refuses.
        findings: the folder that ``find`` wrote; None: ``findings`` in the job or beside it.
        graph: the folder that ``graph build`` wrote; None: ``graph`` in the job or beside it.
        name: under which decisions are written down; empty: the user's name on this machine.
        texts: a file with what the desk says in another language; None for English.
        audit_rate: which share of the queue is drawn at random, to measure what lists deliver.
        auth: a file of accounts; None: whoever reaches the desk may do everything.
        database: the URL of a team's PostgreSQL database that keeps decisions; empty: the one that
            was named before, else the job's folder.
        clear_customers: whether admins see the ids of customers on their pages.
        progress: is shown how far the index of the reviews has come.

    Raises:
        MissingExtra: the database needs a package that is not installed.
        UsageError: the folder is no job's, or the URL is none of a database.
        InputError: something in it is damaged.
        StorageError: something cannot be read or written.
    """
    if not (job / JOB).is_file():
        raise UsageError(f"{job} is not the folder of a job; make one with: reviewdesk run")
    if findings is not None:
        folders_in(findings)  # a wrong folder is said now, not on every page
    data = PreparedData.open(job / "prepared")
    targets = _targets(job)
    keys = Keys.of_folder(job / FOLDER)
    said = Texts.load(texts)
    index = _index(job, data, targets, keys, progress)
    open_customers(job, data, job / FOLDER / CACHE, progress)  # now, and not on the first page
    return Desk(
        job=job,
        data=data,
        decisions=open_decisions(job / FOLDER, database),
        search=ReviewSearch(index),
        texts=said,
        keys=keys,
        sessions=AccountSessions(keys, auth) if auth else Sessions(keys, name or _user(said)),
        audit=AuditLog(job / FOLDER),
        settings=settings,
        bundles={target: job / target / "bundle" for target in targets},
        given_findings=findings,
        graph=graph if graph is not None else _beside(job, GRAPH, _has_graph),
        audit_rate=audit_rate,
        clear_customers=clear_customers,
    )


def _index(
    job: Path, data: PreparedData, targets: Sequence[str], keys: Keys, progress: Progress = SILENT
) -> ReviewIndex:
    predictions = {
        target: job / target / "predictions.parquet"
        for target in targets
        if (job / target / "predictions.parquet").is_file()
    }
    return open_index(data, predictions, job / FOLDER / CACHE, keys.key("customers"), progress)


def decisions_of(job: Path) -> DecisionLog:
    """Open the decisions of a job's desk.

    Raises:
        UsageError: the folder is no job's.
        StorageError: they cannot be read.
        InputError: they are damaged.
    """
    if not (job / JOB).is_file():
        raise UsageError(f"{job} is not the folder of a job; make one with: reviewdesk run")
    return open_decisions(job / FOLDER)


def findings_of(job: Path) -> Path | None:
    """Return where a job's findings are: in it or beside it; None where there are none."""
    return _beside(job, FINDINGS, _has_findings)


def sampling_of(job: Path, findings: Path | None = None) -> Sampling:
    """Open what was drawn and decided at a job's desk.

    Args:
        job: the folder that ``run`` wrote.
        findings: the folder that ``find`` wrote; None: ``findings`` in the job or beside it.

    Raises:
        UsageError: the folder is no job's, or there are no findings.
        StorageError: something cannot be read.
        InputError: something is damaged.
    """
    folder = findings if findings is not None else findings_of(job)
    decisions = decisions_of(job)
    if folder is None:
        raise UsageError(f"there are no findings in {job} or beside it; name them (--findings)")
    key = Keys.of_folder(job / FOLDER).key("sampling")
    return Sampling(Worklist(_stored(folder), decisions), key, AUDIT_RATE)


def _targets(job: Path) -> list[str]:
    record = read_json(job / JOB)
    targets: Any = record.get("targets") if isinstance(record, dict) else None
    if not isinstance(targets, dict):
        raise InputError(f"{job / JOB} is damaged; run the job again")
    return [one for one in targets if (job / one / "bundle").is_dir() and Path(one).name == one]


def _beside(job: Path, name: str, holds: Callable[[Path], bool]) -> Path | None:
    places = (job / name, job.absolute().parent / name)
    return next((place for place in places if place.is_dir() and holds(place)), None)


def _has_findings(folder: Path) -> bool:
    return (folder / "findings.json").is_file() or any(folder.glob("*/findings.json"))


def _has_graph(folder: Path) -> bool:
    return (folder / "graph.json").is_file()


def _stored(folder: Path) -> list[StoredFindings]:
    return [read_findings(each) for each in folders_in(folder)]


def _user(say: Texts) -> str:
    try:
        return getpass.getuser()
    except OSError:  # a user without a name, as in containers
        return say("who.unnamed")
