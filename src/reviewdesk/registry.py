"""Things found by name: families, sources and finders, the house's own and other people's.

A registry is a table of ``name -> "module:Class"`` strings. Nothing is imported before it is asked
for. Other packages add theirs with an entry point in the registry's group, for example
``[project.entry-points."reviewdesk.sources"]``; they cannot replace a name of the house.
"""

import importlib
from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points

from reviewdesk.errors import BrokenPlugin, UsageError


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
            BrokenPlugin: it is another package's, and that cannot be loaded.
        """
        if name in self._table:
            module, _, attribute = self._table[name].partition(":")
            loaded = getattr(importlib.import_module(module), attribute)
        else:
            plugins = self._plugins()
            if name not in plugins:
                raise UsageError(
                    f"unknown {self.kind} {name!r}; there are: {', '.join(self.names())}"
                )
            try:
                loaded = plugins[name].load()
            except Exception as error:  # whatever the package does while it is imported
                raise self.broken(name, error) from error
        if not isinstance(loaded, type):
            raise BrokenPlugin(f"the {self.kind} {name!r} is not a class")
        return loaded

    def is_plugin(self, name: str) -> bool:
        """Say whether another package adds a name."""
        return name not in self._table

    def broken(self, name: str, error: Exception) -> BrokenPlugin:
        """Return what is said of another package's class that does not work.

        What its error says is left out: it may quote a review.
        """
        return BrokenPlugin(
            f"the {self.kind} {name!r} of another package is broken ({type(error).__name__}); "
            "update that package or take it away"
        )

    def _plugins(self) -> dict[str, EntryPoint]:
        return {point.name: point for point in entry_points(group=self.group)}
