"""What is ours in a region: listed, and deleted until a listing shows that nothing is left."""

import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from reviewdesk.aws.control.resources import ENDPOINTS, KINDS, Kind, Resource
from reviewdesk.aws.control.session import Account, ServiceError
from reviewdesk.aws.control.transfer import Address, own_prefix

FILES: Final = "files on S3"
MOST_KEYS: Final = 1000
IDLE_ROUNDS: Final = 4
"""Rounds that may bring nothing before a deletion gives up; each waits twice as long."""
PATIENT_ROUNDS: Final = 2
FIRST_PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 15.0
PATIENCE_SECONDS: Final = 1800.0
"""Most time that is waited for what AWS itself is ending."""


@dataclass
class Listing:
    """What is ours.

    Args:
        resources: of every kind that could be listed.
        errors: why a kind could not be, by its name.
    """

    resources: list[Resource] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)


@dataclass
class Deletion:
    """What was deleted.

    Args:
        removed: what was there and is not any more.
        left: what still is there.
        errors: why, by name.
        proven: whether a listing of every kind, without an error, showed that nothing is left.
    """

    removed: list[Resource] = field(default_factory=list)
    left: list[Resource] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)
    proven: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "removed": [{"kind": one.kind, "name": one.name} for one in self.removed],
            "left": [{"kind": one.kind, "name": one.name} for one in self.left],
            "errors": self.errors,
            "proven": self.proven,
        }


def uploads(account: Account) -> Iterator[Resource]:
    """Yield the project's files in its bucket, as one: every version, and what is half sent."""
    if not account.settings.bucket:
        return
    prefix = own_prefix(account)
    try:
        versions, parts = _versions(account, prefix), _unfinished(account, prefix)
    except ServiceError as error:
        if error.gone:
            return
        raise
    if versions or parts:
        size = sum(int(one.get("Size", 0)) for one in versions)
        about = {"files": len(versions), "bytes": size, "unfinished": len(parts)}
        yield Resource(kind=FILES, name=str(prefix), project=account.project, about=about)


def _versions(account: Account, prefix: Address) -> list[dict[str, Any]]:
    """Return all versions of all files below a prefix; buckets without versions have one each."""
    names = {"Bucket": prefix.bucket, "Prefix": prefix.key}
    return [
        one
        for key in ("Versions", "DeleteMarkers")
        for one in account.pages("s3", "list_object_versions", key, **names)
    ]


def _unfinished(account: Account, prefix: Address) -> list[dict[str, Any]]:
    names = {"Bucket": prefix.bucket, "Prefix": prefix.key}
    return list(account.pages("s3", "list_multipart_uploads", "Uploads", **names))


def _delete_uploads(account: Account, resource: Resource) -> None:
    prefix = own_prefix(account)
    for upload in _unfinished(account, prefix):
        account.call(
            *("s3", "abort_multipart_upload"),
            Bucket=prefix.bucket,
            Key=upload["Key"],
            UploadId=upload["UploadId"],
        )
    objects = [
        {"Key": one["Key"], "VersionId": one["VersionId"]} for one in _versions(account, prefix)
    ]
    for begin in range(0, len(objects), MOST_KEYS):
        answer = account.call(
            *("s3", "delete_objects"),
            Bucket=prefix.bucket,
            Delete={"Objects": objects[begin : begin + MOST_KEYS], "Quiet": True},
        )
        for error in answer.get("Errors", []):
            raise ServiceError(f"s3 refuses to delete {resource.name}: {error.get('Code', '')}")


UPLOADS: Final = Kind(FILES, uploads, _delete_uploads)


def list_resources(account: Account, *, every_project: bool = False, files: bool = True) -> Listing:
    """Return what is ours in the account's region.

    Args:
        account: where.
        every_project: whether also that of other projects is.
        files: whether to look into the bucket too.

    Raises:
        ServiceError: boto3 has no credentials.
    """
    account.require_credentials()
    listing = Listing()
    for kind in (*KINDS, UPLOADS) if files else KINDS:
        try:
            for resource in kind.listed(account):
                if every_project or resource.project == account.project:
                    listing.resources.append(resource)
        except ServiceError as error:
            listing.errors[kind.name] = str(error)
    return listing


class Deleter:
    """Deletes what is ours.

    Args:
        account: where.
        hear: is told what happens.
        pause_seconds: between two rounds at first.
    """

    def __init__(
        self,
        account: Account,
        *,
        hear: Callable[[str], None] = lambda sentence: None,
        pause_seconds: float = FIRST_PAUSE,
    ) -> None:
        self._account, self._hear, self._first_pause = account, hear, pause_seconds
        self._kinds = {kind.name: kind for kind in (*KINDS, UPLOADS)}

    def delete(
        self,
        endpoints: Collection[str] = (),
        *,
        every_project: bool = False,
        files: bool = True,
    ) -> Deletion:
        """Delete, list, and begin again, until a listing shows nothing or no round brings anything.

        A call that fails is made again in the next round, whatever its error; what a listing does
        not show is gone, whatever the deletion answered.

        Args:
            endpoints: delete these with all that belongs to them, and nothing else; empty means
                everything of the project.
            every_project: everything of every project instead.
            files: whether the project's files on S3 go too.
        """

        def listed() -> Listing:
            listing = list_resources(
                self._account, every_project=every_project, files=files and not endpoints
            )
            if endpoints:
                listing.resources = [one for one in listing.resources if _is_of(one, endpoints)]
            return listing

        return self._rounds(listed)

    def _rounds(self, listed: Callable[[], Listing]) -> Deletion:
        ever: dict[tuple[str, str], Resource] = {}
        end, idle, pause = time.monotonic() + PATIENCE_SECONDS, 0, self._first_pause
        listing, before, errors = listed(), -1, dict[str, str]()
        while True:
            ever |= {(one.kind, one.name): one for one in listing.resources}
            if self._account.dry_run:
                self._round(listing)
                return Deletion(left=listing.resources, errors=listing.errors)
            if not listing.resources and not listing.errors:
                return Deletion(list(ever.values()), proven=True)
            count = len(listing.resources) + len(listing.errors)
            passing = any(one.passing for one in listing.resources)
            idle = 0 if count < before or before < 0 else idle + 1
            if (idle > IDLE_ROUNDS and not passing) or time.monotonic() > end:
                break
            if 0 <= before <= count:
                time.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
            before, errors = count, self._round(listing, patient=idle < PATIENT_ROUNDS)
            listing = listed()
        there = {(one.kind, one.name) for one in listing.resources}
        removed = [one for key, one in ever.items() if key not in there]
        return Deletion(removed, listing.resources, {**errors, **listing.errors})

    def _round(self, listing: Listing, *, patient: bool = False) -> dict[str, str]:
        """Delete what a listing shows, in the order of the kinds; return what failed.

        Args:
            listing: what is there.
            patient: whether endpoints wait until their scaling can be listed, which nobody would
                know for ours without them.
        """
        errors: dict[str, str] = {}
        endpoints = any(one.kind == ENDPOINTS.kind for one in listing.resources)
        for resource in listing.resources:
            guarded = resource.kind in GUARDED and not self._account.dry_run
            if guarded and (endpoints or listing.errors):
                continue  # the deletion that is scheduled stays until its endpoint is gone
            if patient and resource.kind == ENDPOINTS.kind and "scaling" in listing.errors:
                continue
            try:
                if not resource.passing:
                    self._hear(f"deleting {resource.kind} {resource.name}")
                self._kinds[resource.kind].ended(self._account, resource)
            except ServiceError as error:
                if not error.gone:
                    errors[f"{resource.kind} {resource.name}"] = str(error)
        return errors


GUARDED: Final = ("scheduled deletion", "schedule group", "role")
"""What is needed for scheduled deletions to happen."""


def _is_of(resource: Resource, endpoints: Collection[str]) -> bool:
    own = resource.name if resource.kind == ENDPOINTS.kind else resource.endpoint
    return own in endpoints
