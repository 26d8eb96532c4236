"""Things found by name: families, sources and finders, the house's own and other people's.

A registry is a table of ``name -> "module:Class"`` strings. Nothing is imported before it is asked
for. Other packages add theirs with an entry point in the registry's group, for example
``[project.entry-points."reviewdesk.sources"]``; they cannot replace a name of the house.
"""

import importlib
from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points

from reviewdesk.errors import UsageError


class Registry:
    """A table of names and the classes that they stand for."""

    def __init__(self, kind: str, group: str, table: Mapping[str, str]) -> None:
        self.kind = kind
        self.group = group
        self._table = dict(table)

    def names(self) -> list[str]:
        """Return every name: the house's in their own order, then other packages' by name."""
        return [*self._table, *sorted(set(self._plugins()) - set(self._table))]

    def load(self, name: str) -> type:
        """Return the class that a name stands for.

        Raises:
            UsageError: no such name.
        """
        if name in self._table:
            module, _, attribute = self._table[name].partition(":")
            found = getattr(importlib.import_module(module), attribute)
        else:
            plugins = self._plugins()
            if name not in plugins:
                raise UsageError(
                    f"unknown {self.kind} {name!r}; there are: {', '.join(self.names())}"
                )
            found = plugins[name].load()
        if not isinstance(found, type):
            raise UsageError(f"the {self.kind} {name!r} is not a class")
        return found

    def _plugins(self) -> dict[str, EntryPoint]:
        return {point.name: point for point in entry_points(group=self.group)}
