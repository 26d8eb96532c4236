"""A graph into Neptune: files checked, sent to S3, loaded, and the load waited for."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from reviewdesk.aws.control.session import Account, ServiceError
from reviewdesk.aws.control.transfer import Address, own_prefix, upload_folder
from reviewdesk.aws.control.waiting import wait_for
from reviewdesk.errors import InputError, UsageError
from reviewdesk.formats.neptune_files import LoaderFiles, check_loader_files
from reviewdesk.progress import SILENT, Progress
from reviewdesk.settings import Settings, setting

SERVICE: Final = "neptunedata"
PORT: Final = 8182
POLL_SECONDS: Final = 10.0
MOST_ERRORS: Final = 10
PASSING: Final = ("LOAD_NOT_STARTED", "LOAD_STARTING", "LOAD_IN_QUEUE", "LOAD_IN_PROGRESS")
COMPLETED: Final = "LOAD_COMPLETED"
MEANINGS: Final = {
    "LOAD_CANCELLED_BY_USER": "somebody cancelled it",
    "LOAD_CANCELLED_DUE_TO_ERRORS": "it was cancelled at the first error",
    "LOAD_COMMITTED_W_WRITE_CONFLICTS": "something else wrote at the same time; load again",
    "LOAD_DATA_DEADLOCK": "something else wrote at the same time; load again",
    "LOAD_DATA_FAILED_DUE_TO_FEED_MODIFIED_OR_DELETED": "files on S3 changed while it read them",
    "LOAD_FAILED_BECAUSE_DEPENDENCY_NOT_SATISFIED": "a load that it waits for failed",
    "LOAD_FAILED_INVALID_REQUEST": "Neptune does not take the request",
    "LOAD_S3_ACCESS_DENIED_ERROR": "the role of --loader-role may not read the bucket",
    "LOAD_S3_READ_ERROR": "S3 cannot be read; the cluster's VPC needs an endpoint of S3",
    "LOAD_UNEXPECTED_ERROR": "Neptune says no more",
    "LOAD_FAILED": "rows were refused",
}
"""How a load ends that is not well (user guide, loader error and feed messages)."""


@dataclass(frozen=True, kw_only=True)
class GraphSettings(Settings):
    """A load into Neptune."""

    cluster: str = setting(
        "",
        "address of the cluster, as in https://NAME.cluster-ID.REGION.neptune.amazonaws.com:8182",
    )
    loader_role: str = setting(
        "", "ARN of the IAM role that the cluster reads S3 with; it is attached to the cluster"
    )
    mode: str = setting(
        "AUTO",
        "whether a load of the same files goes on, or begins anew",
        choices=("AUTO", "NEW", "RESUME"),
    )
    parallelism: str = setting(
        "HIGH",
        "how much of the cluster a load takes",
        choices=("LOW", "MEDIUM", "HIGH", "OVERSUBSCRIBE"),
    )
    fail_on_error: bool = setting(True, "a load ends at the first row that is refused")
    update_values: bool = setting(
        False, "values that are there already are replaced; otherwise another value is an error"
    )


@dataclass(frozen=True)
class GraphLoad:
    """What became of a load.

    Args:
        load: Neptune's name for it; empty in a dry run.
        status: as Neptune says it.
        records: rows that it read.
        duplicates: of them, those that were there already.
        source: where the files are on S3.
    """

    load: str
    status: str
    records: int
    duplicates: int
    source: str

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return dict(vars(self))


class LoadFailed(ServiceError):
    """Neptune ended a load without all of the graph; the reason is the state it ended in."""


def load_graph(
    account: Account,
    folder: Path,
    settings: GraphSettings,
    *,
    hear: Callable[[str], None] = lambda sentence: None,
    progress: Progress = SILENT,
    poll_seconds: float = POLL_SECONDS,
) -> GraphLoad:
    """Load the files that `graph export` wrote for Neptune.

    Args:
        account: where; its bucket takes the files.
        folder: the files, as Gremlin's or openCypher's CSV.
        settings: the cluster, its role, and how it loads.
        hear: is told each new state.
        progress: shows what is sent.
        poll_seconds: how often the state is asked for.

    Raises:
        InputError: a file breaks a rule of the loader; nothing was sent.
        UsageError: no cluster, role or bucket is named.
        LoadFailed: rows were refused, or the load ended otherwise.
        ServiceError: S3 or Neptune refuses, or cannot be reached.
    """
    settings.check()
    files = checked_files(folder)
    cluster = _cluster_account(account, settings)
    source = own_prefix(account).below(f"graph/{_digest(folder)}")
    sent = upload_folder(account, folder, source, progress)
    hear(f"{files.nodes:,} nodes and {files.edges:,} edges; {sent} files sent to {source}/")
    answer = cluster.call(SERVICE, "start_loader_job", **_request(account, files, source, settings))
    load = str(answer.get("payload", {}).get("loadId", ""))
    if not load:
        return GraphLoad("", "", 0, 0, f"{source}/")
    return _wait(cluster, load, f"{source}/", hear, poll_seconds)


def checked_files(folder: Path) -> LoaderFiles:
    """Return what a folder holds for the loader.

    Raises:
        InputError: a file breaks a rule; the first are named.
    """
    files = check_loader_files(folder)
    if files.problems:
        said = "; ".join(map(str, files.problems))
        raise InputError(f"Neptune's loader would refuse {folder}: {said}")
    return files


def _cluster_account(account: Account, settings: GraphSettings) -> Account:
    """Return the account with the cluster's address: Neptune has no address of a region."""
    if not settings.cluster or not settings.loader_role:
        raise UsageError(
            "a load needs --cluster and --loader-role: the cluster's address, and the role that it "
            "reads S3 with"
        )
    at = settings.cluster if "://" in settings.cluster else f"https://{settings.cluster}:{PORT}"
    urls = {SERVICE: at, **account.settings.endpoint_urls}
    there = Account(
        replace(account.settings, endpoint_urls=urls), dry_run=account.dry_run, hear=account.hear
    )
    there.requests = account.requests
    return there


def _request(
    account: Account, files: LoaderFiles, source: Address, settings: GraphSettings
) -> dict[str, Any]:
    return {
        "source": f"{source}/",
        "format": files.format,
        "s3BucketRegion": account.region,
        "iamRoleArn": settings.loader_role,
        "mode": settings.mode,
        "parallelism": settings.parallelism,
        "failOnError": settings.fail_on_error,
        "updateSingleCardinalityProperties": settings.update_values,
        "queueRequest": True,
    }


def _wait(
    cluster: Account, load: str, source: str, hear: Callable[[str], None], poll_seconds: float
) -> GraphLoad:
    def look() -> dict[str, Any]:
        answer = cluster.call(
            SERVICE,
            "get_loader_job_status",
            loadId=load,
            errors=True,
            errorsPerPage=MOST_ERRORS,
        )
        payload: dict[str, Any] = answer["payload"]
        return {**payload["overallStatus"], "errors": payload.get("errors") or {}}

    hear(f"load {load}")
    overall = wait_for(look, "status", PASSING, hear=hear, poll_seconds=poll_seconds)
    status = str(overall["status"])
    if status != COMPLETED:
        raise LoadFailed(f"load {load} ended as {status}: {_reason(overall)}", status)
    records, duplicates = (int(overall.get(k, 0)) for k in ("totalRecords", "totalDuplicates"))
    return GraphLoad(load, status, records, duplicates, source)


def _reason(overall: Mapping[str, Any]) -> str:
    """Return why a load ended: the state, counts, and where; Neptune's messages quote rows."""
    status = str(overall["status"])
    parts = [MEANINGS.get(status, "the user guide lists what that means")]
    counts = {
        "rows that are no CSV": overall.get("parsingErrors"),
        "values of another type": overall.get("datatypeMismatchErrors"),
        "rows not inserted": overall.get("insertErrors"),
    }
    parts += [f"{number:,} {what}" for what, number in counts.items() if number]
    for one in overall["errors"].get("errorLogs", [])[:MOST_ERRORS]:
        name = str(one.get("fileName", "")).rpartition("/")[2]
        parts.append(f"{one.get('errorCode', 'an error')} in {name}, record {one.get('recordNum')}")
    return "; ".join(parts)


def _digest(folder: Path) -> str:
    """Return a name for the files of a folder: others that lie on S3 are not loaded with them."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:16]
