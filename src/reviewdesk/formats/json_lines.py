"""JSON lines: one object a line, in UTF-8. Source: jsonlines.org."""

import json
from collections.abc import Iterable
from typing import Any, Final

# JSON allows these inside a text, but some readers end a line at them.
_LINE_ENDS: Final = {0x85: "\\u0085", 0x2028: "\\u2028", 0x2029: "\\u2029"}


def json_lines(values: Iterable[Any]) -> bytes:
    """Return values as JSON lines."""
    return "".join(json_line(value) for value in values).encode()


def json_line(value: Any) -> str:
    """Return one value as a line; no reader takes it for two."""
    return json.dumps(value, ensure_ascii=False).translate(_LINE_ENDS) + "\n"
