import numpy as np
import pytest

from reviewdesk.text.utf8 import copy, put, width

LIMITS = [0, 0x7F, 0x80, 0x7FF, 0x800, 0xD7FF, 0xE000, 0xFFFF, 0x10000, 0x10FFFF]


@pytest.mark.parametrize("code", LIMITS)
def test_a_character_is_written_as_python_writes_it(code: int) -> None:
    out = np.zeros(6, np.uint8)
    end = put(out, 1, code)
    assert out[1:end].tobytes() == chr(code).encode()
    assert width(int(out[1])) == end - 1


def test_bytes_are_copied_to_a_place() -> None:
    out = np.zeros(4, np.uint8)
    assert copy(np.frombuffer(b"ab", np.uint8), out, 1) == 3
    assert out.tobytes() == b"\0ab\0"
