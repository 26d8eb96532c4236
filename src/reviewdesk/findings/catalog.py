"""The finders by name."""

from typing import Final

from reviewdesk.registry import Registry

FINDERS: Final = Registry("finder", "reviewdesk.finders", {})
