"""An S3 bucket on this machine: moto's server behind a real socket."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import boto3
import pytest
from moto.server import ThreadedMotoServer

BUCKET: Final = "shop-reviews"


class Bucket:
    """A bucket and how to put files into it."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self._client = boto3.client("s3", endpoint_url=endpoint)
        self._client.create_bucket(Bucket=BUCKET)

    def address(self, key: str) -> str:
        """Return the address of a key."""
        return f"s3://{BUCKET}/{key}"

    def upload(self, path: Path, key: str) -> str:
        """Put a file, or all files of a folder, under a key; return its address."""
        files = [path] if path.is_file() else [one for one in path.rglob("*") if one.is_file()]
        for one in files:
            name = key if one == path else f"{key}/{one.relative_to(path)}"
            self._client.put_object(Bucket=BUCKET, Key=name, Body=one.read_bytes())
        return self.address(key)

    def put(self, key: str, content: bytes) -> None:
        """Put bytes under a key."""
        self._client.put_object(Bucket=BUCKET, Key=key, Body=content)

    def remove(self, key: str) -> None:
        """Remove a key."""
        self._client.delete_object(Bucket=BUCKET, Key=key)

    def modified(self, key: str) -> object:
        """Return when a key was last written."""
        return self._client.head_object(Bucket=BUCKET, Key=key)["LastModified"]

    def keys(self, folder: str) -> list[str]:
        """Return the keys below a folder."""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=BUCKET, Prefix=f"{folder}/"
        )
        return [one["Key"] for page in pages for one in page.get("Contents", ())]

    def download(self, folder: str, into: Path) -> str:
        """Copy all files below a folder here; return its address."""
        for key in self.keys(folder):
            if key.endswith("/"):
                continue
            path = into / key.removeprefix(f"{folder}/")
            path.parent.mkdir(parents=True, exist_ok=True)
            self._client.download_file(BUCKET, key, str(path))
        return self.address(folder)


@contextmanager
def bucket() -> Iterator[Bucket]:
    """Run a server with one empty bucket; while the block runs, all S3 addresses lead to it."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        endpoint = f"http://{host}:{port}"
        patch.setenv("AWS_ENDPOINT_URL", endpoint)
        patch.setenv("AWS_ACCESS_KEY_ID", "somebody")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        try:
            yield Bucket(endpoint)
        finally:
            server.stop()
