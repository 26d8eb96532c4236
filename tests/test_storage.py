import fcntl
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from reviewdesk.errors import InputError, StorageError
from reviewdesk.storage import (
    filesystem,
    left_record,
    private_directory,
    read_json,
    read_record,
    write_json,
    write_record,
    write_then_rename,
)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "a" / "value.json"
    with pytest.raises(RuntimeError, match="boom"), write_then_rename(path) as file:
        file.write(b"half")
        raise RuntimeError("boom")
    assert list(path.parent.iterdir()) == []
    write_json(path, {"b": 1, "a": "é"})
    assert path.read_text() == '{\n  "a": "é",\n  "b": 1\n}\n'


def test_an_interrupted_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "value.json"
    write_json(path, 1)
    with pytest.raises(KeyboardInterrupt), write_then_rename(path) as file:
        file.write(b"2")
        raise KeyboardInterrupt
    assert read_json(path) == 1
    assert [p.name for p in tmp_path.iterdir()] == ["value.json"]


def test_what_a_killed_process_had_written_is_removed_by_the_next(tmp_path: Path) -> None:
    path, other = tmp_path / "value [1].json", tmp_path / "value [1].json.gz"
    for killed in (path, other):
        write = "import os, sys, pathlib, reviewdesk.storage as s\n"
        write += "with s.write_then_rename(pathlib.Path(sys.argv[1])): os.kill(os.getpid(), 9)"
        assert subprocess.run([sys.executable, "-c", write, killed], check=False).returncode == -9
    assert len(list(tmp_path.iterdir())) == 2
    write_json(path, 1)
    left = sorted(p.name for p in tmp_path.iterdir())
    assert left[1:] == [path.name]
    assert left[0].startswith(f".{other.name}.")


def test_what_another_machine_is_writing_is_left_alone(tmp_path: Path) -> None:
    theirs = tmp_path / f".value.json.{2**31 - 1}.partial"  # no process here has such a number
    with theirs.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        write_json(tmp_path / "value.json", 1)
        assert theirs.exists()
    write_json(tmp_path / "value.json", 2)
    assert [p.name for p in tmp_path.iterdir()] == ["value.json"]


def test_what_is_written_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    folder = private_directory(tmp_path / "x")
    write_json(folder / "value.json", 1)
    assert mode(folder) == 0o700
    assert mode(folder / "value.json") == 0o600


def test_a_full_disk_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="no space left while writing .*value"):
        with write_then_rename(tmp_path / "value"):
            with Path("/dev/full").open("wb", buffering=0) as full:
                full.write(b"x")


def test_a_path_below_a_file_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot use .*file"):
        write_json(tmp_path / "file" / "below" / "value.json", 1)


def test_reading_what_is_not_there_or_not_json(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="does not exist"):
        read_json(tmp_path / "no.json")
    (tmp_path / "bad.json").write_bytes(b"\xff{")
    with pytest.raises(InputError, match="is not a JSON file"):
        read_json(tmp_path / "bad.json")


def test_a_record_with_one_damaged_bit_is_refused(tmp_path: Path) -> None:
    path, record = tmp_path / "r.json", {"rows": 12, "names": {"é": None, "b": [1.5, True]}}
    write_record(path, record)
    assert read_record(path) == record
    raw = path.read_bytes()
    for bit in range(8 * len(raw)):
        path.write_bytes(
            raw[: bit // 8] + bytes([raw[bit // 8] ^ 1 << bit % 8]) + raw[bit // 8 + 1 :]
        )
        with pytest.raises(InputError, match=r"r\.json is (damaged|not a JSON file)"):
            read_record(path)
        assert left_record(path) is None


def test_names_that_are_numbers_have_a_digest_as_well(tmp_path: Path) -> None:
    write_record(tmp_path / "r.json", {"counts": {10: 1, 9: 2}})
    assert read_record(tmp_path / "r.json") == {"counts": {"10": 1, "9": 2}}


def test_only_local_and_s3_places(tmp_path: Path) -> None:
    assert filesystem(str(tmp_path))[1] == str(tmp_path)
    with pytest.raises(StorageError, match="ftp://"):
        filesystem("ftp://host/file")


def test_long_lists_have_a_line_for_each_item(tmp_path: Path) -> None:
    path = tmp_path / "value.json"
    value = {"b": [{"y": [1], "x": {}}] * 300, "a": [{"z": "é"}], "none": {}, "number": {3: None}}
    write_json(path, value)
    assert read_json(path) == {**value, "number": {"3": None}}
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[:5] == ["{", '  "a": [', "    {", '      "z": "é"', "    }"]
    assert lines.count('    {"x": {}, "y": [1]},') == 299
