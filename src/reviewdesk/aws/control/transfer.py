"""Files to S3 and back, with progress; what was sent before an interruption is not sent again.

A file carries its SHA-256, so that one that is there is known without reading it. Large files go in
parts: those of an upload that was interrupted are listed, compared by MD5, and kept.
"""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from reviewdesk.aws.control.session import Account, ServiceError, require_settings
from reviewdesk.errors import StorageError, UsageError
from reviewdesk.progress import Progress, Task
from reviewdesk.s3 import SCHEME
from reviewdesk.storage import private_directory, storage_errors, sync_directory

PART_BYTES: Final = 16 << 20
MOST_PARTS: Final = 10_000
CHUNK_BYTES: Final = 1 << 20
DIGEST: Final = "reviewdesk-sha256"
BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


class Address(NamedTuple):
    """A key of a bucket."""

    bucket: str
    key: str

    def __str__(self) -> str:
        return f"{SCHEME}{self.bucket}/{self.key}"

    def below(self, name: str) -> "Address":
        """Return the address of something in this folder."""
        return Address(self.bucket, f"{self.key.rstrip('/')}/{name}".lstrip("/"))


def address(text: str) -> Address:
    """Return the bucket and key of ``s3://BUCKET/KEY``.

    Raises:
        UsageError: it is none.
    """
    bucket, _, key = text.removeprefix(SCHEME).partition("/")
    if not text.startswith(SCHEME) or not BUCKET.fullmatch(bucket):
        raise UsageError(f"{text!r} is no address on S3; write s3://BUCKET/KEY")
    return Address(bucket, key)


def own_prefix(account: Account) -> Address:
    """Return where everything of a project lies.

    Raises:
        UsageError: no bucket is named.
    """
    require_settings(account, "bucket")
    bucket = account.settings.bucket
    if not BUCKET.fullmatch(bucket):
        raise UsageError(f"{bucket!r} is no name of a bucket")
    return Address(bucket, f"reviewdesk/{account.project}/")


def upload_folder(account: Account, folder: Path, to: Address, progress: Progress) -> int:
    """Send the files of a folder, or one file, to S3; return how many were sent now.

    Raises:
        StorageError: something cannot be read, or there is nothing.
        ServiceError: S3 refuses.
    """
    files = [folder] if folder.is_file() else sorted(_files(folder))
    if not files:
        raise StorageError(f"{folder} holds no file to send")
    with storage_errors(str(folder)):
        total = sum(file.stat().st_size for file in files)
    sent = 0
    with progress.task(f"Sending {folder.name}", total, "bytes") as task:
        for file in files:
            name = file.name if file == folder else file.relative_to(folder).as_posix()
            sent += upload(account, file, to.below(name), task)
    return sent


def upload(account: Account, file: Path, to: Address, task: Task) -> bool:
    """Send a file to S3, unless it is there; say whether it was sent.

    Args:
        account: where.
        file: what.
        to: the address.
        task: is told how many bytes are there.

    Raises:
        StorageError: it cannot be read.
        ServiceError: S3 refuses.
    """
    with storage_errors(str(file)):
        size, digest = file.stat().st_size, _digest(file)
        there = account.look("s3", "head_object", Bucket=to.bucket, Key=to.key)
        if there and there["ContentLength"] == size and there["Metadata"].get(DIGEST) == digest:
            task.advance(size)
            return False
        if size <= PART_BYTES:
            parameters = {**_made(account, digest), "Bucket": to.bucket, "Key": to.key}
            account.call("s3", "put_object", **parameters, Body=file.read_bytes())
            task.advance(size)
        else:
            _upload_parts(account, file, size, digest, to, task)
    return True


def _upload_parts(
    account: Account, file: Path, size: int, digest: str, to: Address, task: Task
) -> None:
    names = {"Bucket": to.bucket, "Key": to.key}
    part_bytes = max(PART_BYTES, -(-size // MOST_PARTS))
    upload_id = _interrupted(account, to) or str(
        account.call("s3", "create_multipart_upload", **names, **_made(account, digest)).get(
            "UploadId", "not sent"
        )
    )
    known = {
        part["PartNumber"]: part
        for part in account.pages("s3", "list_parts", "Parts", **names, UploadId=upload_id)
    }
    parts = []
    with file.open("rb") as stream:
        for number in range(1, -(-size // part_bytes) + 1):
            data = stream.read(part_bytes)
            tag = _tag_of(known.get(number))
            if tag != _md5(data):
                answer = account.call(
                    *("s3", "upload_part"),
                    **names,
                    UploadId=upload_id,
                    PartNumber=number,
                    Body=data,
                )
                tag = _tag_of(answer)
            parts.append({"PartNumber": number, "ETag": f'"{tag}"'})
            task.advance(len(data))
    account.call(
        *("s3", "complete_multipart_upload"),
        **names,
        UploadId=upload_id,
        MultipartUpload={"Parts": parts},
    )


def _interrupted(account: Account, to: Address) -> str:
    """Return an upload of this key that was not finished; empty if there is none."""
    uploads = account.pages(
        "s3", "list_multipart_uploads", "Uploads", Bucket=to.bucket, Prefix=to.key
    )
    return next((str(one["UploadId"]) for one in uploads if one["Key"] == to.key), "")


def _made(account: Account, digest: str) -> dict[str, Any]:
    """Return what a new object carries: its digest, and how it is encrypted."""
    made: dict[str, Any] = {"Metadata": {DIGEST: digest}}
    if account.settings.kms_key:
        made |= {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": account.settings.kms_key}
    return made


def download(account: Account, source: Address, out: Path, progress: Progress) -> Path:
    """Fetch a file from S3; one that was fetched in part goes on.

    Raises:
        ServiceError: it is not there, or S3 refuses.
        StorageError: it cannot be written.
    """
    names = {"Bucket": source.bucket, "Key": source.key}
    there = account.call("s3", "head_object", **names)
    if not there:  # a dry run
        return out
    size, tag = int(there["ContentLength"]), str(there["ETag"])
    version = hashlib.sha256(tag.encode()).hexdigest()[:12]
    partial = out.with_name(f".{out.name}.{version}.download")
    private_directory(out.parent)
    with storage_errors(str(out)), progress.task(f"Fetching {out.name}", size, "bytes") as task:
        begun = partial.stat().st_size if partial.exists() else 0
        begun = begun if begun <= size else 0
        with partial.open("r+b" if begun else "wb") as file:
            file.seek(begun)
            task.advance(begun)
            if begun < size:
                body = account.call(
                    "s3", "get_object", **names, IfMatch=tag, Range=f"bytes={begun}-"
                )["Body"]
                for chunk in _read(account, body, source):
                    file.write(chunk)
                    task.advance(len(chunk))
            file.truncate()
        if partial.stat().st_size != size:
            raise ServiceError(f"{source} came in part only; give the same command again")
        partial.replace(out)
        sync_directory(out.parent)
    return out


def _read(account: Account, body: Any, source: Address) -> Iterator[bytes]:
    """Yield what S3 sends, with its errors in one sentence."""
    try:
        yield from body.iter_chunks(CHUNK_BYTES)
    except account.broken as error:
        raise ServiceError(
            f"S3 stopped while it sent {source}; give the same command again to go on"
        ) from error


def _files(folder: Path) -> list[Path]:
    """Return a folder's files, without hidden ones and what links point at."""
    return [
        path
        for path in folder.rglob("*")
        if path.is_file()
        and not path.is_symlink()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def _tag_of(part: Any) -> str:
    return str((part or {}).get("ETag", "")).strip('"')
