import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from reviewdesk.errors import BundleError, StorageError
from reviewdesk.formats.weights import (
    DTYPES,
    load_weights,
    pack_strings,
    save_weights,
    unpack_strings,
)

Arrays = dict[str, NDArray[Any]]


def some_arrays() -> Arrays:
    return {
        "matrix": np.arange(12, dtype=np.float32).reshape(3, 4),
        "transposed": np.arange(12.0).reshape(3, 4).T,
        "number": np.array(2.5),
        "empty": np.zeros((0, 7), np.int32),
        "flags": np.array([True, False]),
    }


def npy(header: str, data: bytes = b"", magic: bytes = b"\x93NUMPY\x01\x00") -> bytes:
    raw = header.encode() + b"\n"
    return magic + len(raw).to_bytes(2, "little") + raw + data


def npz(path: Path, members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return path


GOOD = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }"


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    save_weights(tmp_path / "w.npz", some_arrays())
    loaded = load_weights(tmp_path / "w.npz")
    assert sorted(loaded) == sorted(some_arrays())
    for name, array in some_arrays().items():
        np.testing.assert_array_equal(loaded[name], array, strict=True)


@pytest.mark.parametrize("dtype", sorted(DTYPES, key=str))
def test_every_type_comes_back(tmp_path: Path, dtype: np.dtype[Any]) -> None:
    array = np.array([0, 1, 1], dtype)
    save_weights(tmp_path / "w.npz", {"a": array})
    np.testing.assert_array_equal(load_weights(tmp_path / "w.npz")["a"], array, strict=True)


def test_numpy_reads_the_same_file(tmp_path: Path) -> None:
    save_weights(tmp_path / "w.npz", some_arrays())
    with np.load(tmp_path / "w.npz", allow_pickle=False) as loaded:
        for name, array in some_arrays().items():
            np.testing.assert_array_equal(loaded[name], array)


def test_files_of_numpy_are_read(tmp_path: Path) -> None:
    array = np.arange(20.0)
    np.savez(tmp_path / "w.npz", array=array)
    np.testing.assert_array_equal(load_weights(tmp_path / "w.npz")["array"], array)


def test_bytes_depend_on_names_and_values_only(tmp_path: Path) -> None:
    arrays = some_arrays()
    save_weights(tmp_path / "1.npz", arrays)
    save_weights(tmp_path / "2.npz", dict(reversed(arrays.items())))
    assert (tmp_path / "1.npz").read_bytes() == (tmp_path / "2.npz").read_bytes()


def test_objects_cannot_be_saved(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="object"):
        save_weights(tmp_path / "w.npz", {"a": np.array([{}], dtype=object)})
    assert not (tmp_path / "w.npz").exists()


def test_pickled_objects_are_refused(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "sprung",))

    np.savez(tmp_path / "w.npz", a=np.array([Trap()], dtype=object))
    with pytest.raises(BundleError, match="not stored as plain numbers"):
        load_weights(tmp_path / "w.npz")
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    ("header", "data"),
    [
        (GOOD.replace("<f4", "<c8"), bytes(16)),  # a type that weights cannot have
        (GOOD.replace("<f4", "<U4"), bytes(32)),
        (GOOD.replace("<f4", "|O8"), bytes(16)),
        (GOOD.replace("<f4", "<z9"), bytes(8)),
        (GOOD.replace("<f4", ">f4"), bytes(8)),  # big-endian
        (GOOD.replace("'<f4'", "[('a', '<f4')]"), bytes(8)),  # fields
        (GOOD.replace("False", "True"), bytes(8)),  # column by column
        (GOOD.replace("(2,)", "(3,)"), bytes(8)),  # more than there is
        (GOOD.replace("(2,)", "(1,)"), bytes(8)),  # less than there is
        (GOOD.replace("(2,)", "(-2,)"), bytes(8)),
        (GOOD.replace("(2,)", "(2, -1)"), bytes(8)),
        (GOOD.replace("(2,)", f"({1 << 62}, 4)"), bytes(8)),
        (GOOD.replace("(2,)", f"({1 << 62}, {1 << 62}, 0)"), b""),
        (GOOD.replace("(2,)", "(" + "1," * 90 + "2)"), bytes(8)),
        (GOOD.replace("(2,)", "(2 2)"), bytes(16)),
        (GOOD.replace("(2,)", "__import__('os')"), bytes(8)),
        ("-" * 9000 + "1", bytes(8)),
        ("", bytes(8)),
    ],
)
def test_headers_are_not_trusted(tmp_path: Path, header: str, data: bytes) -> None:
    npz(tmp_path / "w.npz", {"a.npy": npy(header, data)})
    with pytest.raises(BundleError):
        load_weights(tmp_path / "w.npz")


def test_the_header_of_these_tests_is_good(tmp_path: Path) -> None:
    npz(tmp_path / "w.npz", {"a.npy": npy(GOOD, bytes(8))})
    assert load_weights(tmp_path / "w.npz")["a"].tolist() == [0.0, 0.0]


def test_other_versions_of_the_format_are_refused(tmp_path: Path) -> None:
    npz(tmp_path / "w.npz", {"a.npy": npy(GOOD, bytes(8), b"\x93NUMPY\x02\x00")})
    with pytest.raises(BundleError):
        load_weights(tmp_path / "w.npz")


def test_compressed_arrays_are_refused(tmp_path: Path) -> None:
    """They are how a small file becomes a large allocation."""
    member = {"a.npy": npy(GOOD.replace("2,", "2500000,"), bytes(10_000_000))}
    npz(tmp_path / "w.npz", member, zipfile.ZIP_DEFLATED)
    with pytest.raises(BundleError, match="compressed"):
        load_weights(tmp_path / "w.npz")


def test_declared_sizes_are_not_trusted(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("a.npy", npy(GOOD.replace("2,", "1000000000,"), bytes(8)))
    raw = bytearray(buffer.getvalue())
    directory = raw.rindex(b"PK\x01\x02")
    raw[directory + 20 : directory + 28] = (4_000_000_000).to_bytes(4, "little") * 2
    (tmp_path / "w.npz").write_bytes(raw)
    with pytest.raises(BundleError, match="more bytes than the file has"):
        load_weights(tmp_path / "w.npz")


def test_strange_members_are_refused(tmp_path: Path) -> None:
    npz(tmp_path / "w.npz", {"a.txt": b"hello"})
    with pytest.raises(BundleError, match="not an array"):
        load_weights(tmp_path / "w.npz")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_the_same_name_twice_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "w.npz", "w") as file:
        file.writestr("a.npy", npy(GOOD, bytes(8)))
        file.writestr("a.npy", npy(GOOD, bytes(8)))
    with pytest.raises(BundleError, match="same name twice"):
        load_weights(tmp_path / "w.npz")


def test_too_large_a_file_is_refused(tmp_path: Path) -> None:
    save_weights(tmp_path / "w.npz", {"a": np.zeros(1000)})
    with pytest.raises(BundleError, match="larger than 5,000 bytes"):
        load_weights(tmp_path / "w.npz", max_bytes=5_000)


def test_every_flipped_byte_is_refused_or_harmless(tmp_path: Path) -> None:
    save_weights(tmp_path / "w.npz", some_arrays())
    whole = (tmp_path / "w.npz").read_bytes()
    for at in range(len(whole)):
        flipped = bytearray(whole)
        flipped[at] ^= 0x15
        (tmp_path / "flipped.npz").write_bytes(flipped)
        try:
            loaded = load_weights(tmp_path / "flipped.npz")
        except BundleError:
            continue
        for array in loaded.values():  # only dates, flags and names have no checksum
            assert any(np.array_equal(array, good) for good in some_arrays().values())


def test_every_truncation_is_refused(tmp_path: Path) -> None:
    save_weights(tmp_path / "w.npz", some_arrays())
    whole = (tmp_path / "w.npz").read_bytes()
    for length in range(0, len(whole), 11):
        (tmp_path / "cut.npz").write_bytes(whole[:length])
        with pytest.raises(BundleError):
            load_weights(tmp_path / "cut.npz")


def test_a_missing_file_is_a_storage_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="does not exist"):
        load_weights(tmp_path / "w.npz")


@pytest.mark.parametrize("values", [[], [""], ["a", "", "bücher", "日本", "a\0b\nc"]])
def test_texts_come_back(values: list[str]) -> None:
    assert unpack_strings(*pack_strings(values)) == values


@pytest.mark.parametrize(
    ("data", "offsets"),
    [
        (b"abc", []),
        (b"abc", [0, 2]),
        (b"abc", [1, 3]),
        (b"abc", [0, 4, 3]),
        (b"abc", [0, 1 << 40]),
        (b"a\xff", [0, 2]),
        ("é".encode(), [0, 1, 2]),
    ],
)
def test_texts_that_do_not_fit_are_refused(data: bytes, offsets: list[int]) -> None:
    with pytest.raises(BundleError):
        unpack_strings(np.frombuffer(data, np.uint8), np.array(offsets, np.int64))


def test_texts_of_wrong_types_are_refused() -> None:
    data, offsets = pack_strings(["a"])
    with pytest.raises(BundleError):
        unpack_strings(data.astype(np.float32), offsets)
    with pytest.raises(BundleError):
        unpack_strings(data, offsets.astype(np.float64))
    with pytest.raises(BundleError):
        unpack_strings(data, offsets.reshape(1, -1))
