import hashlib
import os
from pathlib import Path

import pytest

from reviewdesk.aws.control import transfer
from reviewdesk.aws.control.session import Account, ServiceError
from reviewdesk.aws.control.transfer import Address, address, download, upload_folder
from reviewdesk.errors import UsageError
from reviewdesk.progress import SILENT
from tests.aws.control.cloud import BUCKET, Cloud
from tests.aws.control.conftest import shop

TO = Address(BUCKET, "reviewdesk/shop/data/")


def folder(path: Path) -> Path:
    (path / "deep").mkdir(parents=True)
    (path / "a.csv").write_bytes(b"one")
    (path / "deep" / "b.csv").write_bytes(b"two")
    (path / ".hidden").write_bytes(b"not sent")
    (path / "link").symlink_to("/etc/passwd")
    return path


def read(account: Account, key: str) -> bytes:
    body: bytes = account.client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read()
    return body


def puts(aws: Cloud) -> int:
    return sum(call.startswith("s3:PUT") for call in aws.calls)


def test_what_is_there_is_not_sent_again(aws: Cloud, account: Account, tmp_path: Path) -> None:
    data = folder(tmp_path / "data")
    assert upload_folder(account, data, TO, SILENT) == 2
    assert read(account, "reviewdesk/shop/data/deep/b.csv") == b"two"
    assert upload_folder(account, data, TO, SILENT) == 0
    (data / "a.csv").write_bytes(b"new")
    assert upload_folder(account, data, TO, SILENT) == 1
    assert read(account, "reviewdesk/shop/data/a.csv") == b"new"
    keys = account.client("s3").list_objects_v2(Bucket=BUCKET, Prefix=TO.key)["Contents"]
    assert len(keys) == 2


@pytest.mark.parametrize("number", range(1, 8))
def test_a_large_file_goes_on_where_it_was_broken_off(
    number: int, aws: Cloud, account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = 5 << 20  # the smallest that S3 takes
    monkeypatch.setattr(transfer, "PART_BYTES", part)
    content = os.urandom(64) * (2 * part // 64) + b"the end"
    file = tmp_path / "large.bin"
    file.write_bytes(content)
    aws.fails = {number: "refused"}
    with pytest.raises(ServiceError):
        upload_folder(account, file, TO, SILENT)
    upload_folder(account, file, TO, SILENT)
    assert read(account, "reviewdesk/shop/data/large.bin") == content
    parts = [one for one in account.requests if one.operation == "UploadPart"]
    assert len(parts) == (4 if number in (5, 6, 7) else 3), "no part is sent twice"
    assert "Uploads" not in account.client("s3").list_multipart_uploads(Bucket=BUCKET)


def test_a_download_goes_on_and_is_whole(aws: Cloud, account: Account, tmp_path: Path) -> None:
    content = os.urandom(3 << 20)
    account.client("s3").put_object(Bucket=BUCKET, Key="big", Body=content)
    out = tmp_path / "out" / "big"
    source = Address(BUCKET, "big")
    download(account, source, out, SILENT)
    assert out.read_bytes() == content
    assert [one.name for one in out.parent.iterdir()] == ["big"]
    out.unlink()
    tag = account.client("s3").head_object(Bucket=BUCKET, Key="big")["ETag"]
    version = hashlib.sha256(tag.encode()).hexdigest()[:12]
    partial = out.parent / f".big.{version}.download"
    partial.write_bytes(content[: 1 << 20])
    download(account, source, out, SILENT)
    assert out.read_bytes() == content
    ranges = [one.parameters.get("Range") for one in account.requests]
    assert ranges[-1] == f"bytes={1 << 20}-"
    with pytest.raises(ServiceError):
        download(account, Address(BUCKET, "nothing"), out, SILENT)


def test_encryption_is_asked_for(aws: Cloud, tmp_path: Path) -> None:
    key = "arn:aws:kms:us-east-1:123456789012:key/k"
    account = Account(shop(kms_key=key))
    upload_folder(account, folder(tmp_path / "data"), TO, SILENT)
    head = account.client("s3").head_object(Bucket=BUCKET, Key=f"{TO.key}a.csv")
    assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", key)


@pytest.mark.parametrize("text", ["/tmp/x", "s3://", "s3:///key", "s3://UPPER/x", "http://a/b"])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(UsageError):
        address(text)
