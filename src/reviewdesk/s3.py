"""S3 through Arrow's own file system: how it is reached, and its errors in one sentence.

Server and credentials come from where every AWS tool looks for them: ``AWS_ENDPOINT_URL_S3`` or
``AWS_ENDPOINT_URL`` (without one, Amazon), ``AWS_ACCESS_KEY_ID``, ``AWS_PROFILE`` and so on.
"""

import os
import re
from functools import lru_cache
from typing import Final

import pyarrow.fs as pafs

from reviewdesk.errors import StorageError

SCHEME: Final = "s3://"
ATTEMPTS: Final = 4
CONNECT_SECONDS: Final = 10
REQUEST_SECONDS: Final = 60

_ENDPOINTS: Final = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
_CODE: Final = re.compile(r"AWS Error ([A-Z_]+)")
_REFUSED: Final = frozenset(
    {
        "ACCESS_DENIED",
        "EXPIRED_TOKEN",
        "INCOMPLETE_SIGNATURE",
        "INVALID_ACCESS_KEY_ID",
        "INVALID_CLIENT_TOKEN_ID",
        "INVALID_SIGNATURE",
        "MISSING_AUTHENTICATION_TOKEN",
        "SIGNATURE_DOES_NOT_MATCH",
        "UNRECOGNIZED_CLIENT",
    }
)
_BUSY: Final = frozenset(
    {"INTERNAL_FAILURE", "REQUEST_TIMEOUT", "SERVICE_UNAVAILABLE", "SLOW_DOWN", "THROTTLING"}
)


def s3_filesystem(address: str) -> tuple[pafs.FileSystem, str]:
    """Return the file system of an ``s3://`` address, and the address's path there.

    The path is the key as it is: nothing in it is percent-decoded, so that every key has an
    address. What fails for a moment is tried again, ``ATTEMPTS`` times in all.

    Raises:
        StorageError: the address has no bucket.
        OSError: the bucket's region cannot be found out.
    """
    path = address.removeprefix(SCHEME).rstrip("/")
    bucket = path.partition("/")[0]
    if not bucket:
        raise StorageError(f"{address} names no bucket; write s3://BUCKET/KEY")
    known = frozenset((name, os.environ[name]) for name in os.environ if name.startswith("AWS_"))
    return _connected(bucket, known), path


@lru_cache(maxsize=8)  # each one keeps connections open
def _connected(bucket: str, known: frozenset[tuple[str, str]]) -> pafs.S3FileSystem:
    """Return the file system for a bucket under one set of environment variables."""
    endpoint = _endpoint()
    region = None if endpoint else pafs.resolve_s3_region(bucket)
    return pafs.S3FileSystem(
        endpoint_override=endpoint,
        region=region,
        connect_timeout=CONNECT_SECONDS,
        request_timeout=REQUEST_SECONDS,
        retry_strategy=pafs.AwsStandardS3RetryStrategy(max_attempts=ATTEMPTS),
    )


def _endpoint() -> str | None:
    return next((os.environ[name] for name in _ENDPOINTS if os.environ.get(name)), None)


def s3_sentence(error: OSError, address: str) -> str:
    """Return one sentence for an error of the S3 file system, with the next step."""
    found = _CODE.search(str(error))
    code = found[1] if found else ""
    bucket = address.removeprefix(SCHEME).partition("/")[0]
    if code == "NO_SUCH_BUCKET" or f"Bucket '{bucket}' not found" in str(error):
        return f"there is no bucket {bucket}, so {address} does not exist"
    if code in _REFUSED:
        return (
            f"S3 refuses access to {address}; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or "
            "AWS_PROFILE, to credentials that may read it"
        )
    if code == "NETWORK_CONNECTION":
        server = _endpoint() or "Amazon"
        return (
            f"cannot reach the S3 server at {server} for {address}; check the network and "
            "AWS_ENDPOINT_URL, and run the same command again"
        )
    if code in _BUSY:
        return f"S3 failed {ATTEMPTS} times to answer for {address}; run the same command again"
    return f"cannot use {address}: S3 says {code or 'nothing that helps'}"


def missing_sentence(address: str) -> str:
    """Return one sentence for an address that is not there: key or bucket.

    Raises:
        OSError: the bucket cannot be looked at.
    """
    files, path = s3_filesystem(address)
    bucket = path.partition("/")[0]
    if files.get_file_info(bucket).type == pafs.FileType.NotFound:
        return f"there is no bucket {bucket}, so {address} does not exist"
    return f"{address} does not exist"
