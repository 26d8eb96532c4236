"""Files for Neptune's bulk loader, checked against its rules before anything is sent.

Sources: Amazon Neptune user guide, load formats of Gremlin and of openCypher; RFC 4180.
"""

import csv
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

from reviewdesk.errors import InputError
from reviewdesk.storage import storage_errors

GREMLIN: Final = "csv"
OPEN_CYPHER: Final = "opencypher"
FORMATS: Final = (GREMLIN, OPEN_CYPHER)
"""As the loader calls them."""

MOST_PROBLEMS: Final = 20
MOST_FIELD: Final = 16 << 20
_SIGNED: Final = {"byte": 8, "short": 16, "int": 32, "long": 64}
_KINDS: Final = frozenset({*_SIGNED, "float", "double", "string", "date", "bool", "boolean"})
_CYPHER_KINDS: Final = frozenset({*_SIGNED, "float", "double", "string", "datetime", "bool"})
_PROPERTY: Final = re.compile(r"((?:[^\s,:\\]|\\:)+)(?::(\w+)(\[\])?(?:\((set|single)\))?)?", re.I)
_NUMBER: Final = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?|-?inf|nan", re.I)
_CYPHER_ID: Final = re.compile(r"([^\s,:]*)(:ID|:START_ID|:END_ID)(\([^\s,()]+\))?")


class Problem(NamedTuple):
    """A rule that a file breaks.

    Args:
        file: its name.
        line: where, from 1 on; 0 for the whole file.
        rule: what is wrong, in one sentence and without the file's own text.
    """

    file: str
    line: int
    rule: str

    def __str__(self) -> str:
        where = f"{self.file}, line {self.line}" if self.line else self.file
        return f"{where}: {self.rule}"


@dataclass
class LoaderFiles:
    """What a folder of files for the loader holds.

    Args:
        format: as the loader calls it.
        nodes: rows of nodes.
        edges: rows of edges.
        problems: the first rules that are broken.
    """

    format: str = ""
    nodes: int = 0
    edges: int = 0
    problems: list[Problem] = field(default_factory=list)


class _Column(NamedTuple):
    """A column: a role, or a property with the check of its values."""

    role: str
    check: Callable[[str], bool] = lambda value: True


def check_loader_files(folder: Path) -> LoaderFiles:
    """Check all files of a folder against the rules of Neptune's loader.

    Raises:
        InputError: the folder holds no CSV file.
        StorageError: a file cannot be read.
    """
    with storage_errors(str(folder)):
        paths = sorted(folder.glob("*.csv"))
    if not paths:
        raise InputError(
            f"{folder} holds no CSV files for Neptune; `reviewdesk graph export GRAPH --format "
            "neptune-gremlin` writes some"
        )
    return _Check().run(paths)


class _Check:
    def __init__(self) -> None:
        self._files = LoaderFiles()
        self._nodes: set[int] = set()  # hashes of ids: texts would take five times the memory
        self._edges: set[int] = set()

    def run(self, paths: Sequence[Path]) -> LoaderFiles:
        headers = {path: self._header(path) for path in paths}
        for edges in (False, True):  # nodes first, so that ends of edges are known
            for path, columns in headers.items():
                if columns is not None and _is_edges(columns) == edges:
                    problems = self._rows(path, columns)
                    left = MOST_PROBLEMS - len(self._files.problems)
                    self._files.problems += islice(problems, max(left, 0))
        return self._files

    def _header(self, path: Path) -> list[_Column] | None:
        """Return a file's columns; None where its header is of no use."""
        try:
            names = next(_lines(path), (1, []))[1]
            cypher = any(_CYPHER_ID.fullmatch(name) for name in names)
            kind = OPEN_CYPHER if cypher else GREMLIN
            columns = [_column(name, kind, names) for name in names]
            _check_roles(columns, kind)
            if self._files.format not in ("", kind):
                raise ValueError("it has another format than the files before")
        except ValueError as error:
            self._files.problems.append(Problem(path.name, 1, str(error)))
            return None
        self._files.format = kind
        return columns

    def _rows(self, path: Path, columns: Sequence[_Column]) -> Iterator[Problem]:
        roles = [column.role for column in columns]
        places = {role: place for place, role in enumerate(roles) if role != "property"}
        checks = [(place, column) for place, column in enumerate(columns)]
        edges = _is_edges(columns)
        try:
            for line, values in islice(_lines(path), 1, None):
                if len(values) != len(columns):
                    yield Problem(path.name, line, f"{len(values)} fields, of {len(columns)}")
                    continue
                for rule in self._broken(values, places, edges):
                    yield Problem(path.name, line, rule)
                for place, column in checks:
                    if values[place] and not column.check(values[place]):
                        rule = f"the value of column {place + 1} is not of its type"
                        yield Problem(path.name, line, rule)
        except ValueError as error:
            yield Problem(path.name, 0, str(error))

    def _broken(
        self, values: Sequence[str], places: Mapping[str, int], edges: bool
    ) -> Iterator[str]:
        own = values[places["id"]] if "id" in places else ""
        seen = self._edges if edges else self._nodes
        if not own and "id" in places:
            yield "the id is empty"
        elif own and hash(own) in seen:
            yield f"the id of {'an edge' if edges else 'a node'} is there twice"
        if own:
            seen.add(hash(own))
        if not edges:
            self._files.nodes += 1
            return
        self._files.edges += 1
        for role, name in (("from", "begins"), ("to", "ends")):
            if hash(values[places[role]]) not in self._nodes:
                yield f"an edge {name} at a node that no file has"


def _column(name: str, kind: str, names: Sequence[str]) -> _Column:
    """Return what a header's name says.

    Raises:
        ValueError: it breaks a rule.
    """
    if kind == GREMLIN and name.startswith("~"):
        roles = {"~id": "id", "~from": "from", "~to": "to", "~label": "label"}
        if name not in roles:
            raise ValueError("a name that begins with ~ is none of ~id, ~label, ~from, ~to")
        return _Column(roles[name])
    if kind == OPEN_CYPHER and name in (":LABEL", ":TYPE"):
        return _Column("label" if name == ":LABEL" else "type")
    if kind == OPEN_CYPHER and (found := _CYPHER_ID.fullmatch(name)):
        return _Column({":ID": "id", ":START_ID": "from", ":END_ID": "to"}[found[2]])
    return _property(name, kind, edges=bool({"~from", ":START_ID"} & set(names)))


def _property(name: str, kind: str, *, edges: bool) -> _Column:
    found = _PROPERTY.fullmatch(name)
    if found is None:
        raise ValueError("a column is not named NAME:Type; spaces and commas are not allowed")
    type_name, array, cardinality = (found[2] or "string").lower(), found[3], found[4]
    if type_name not in (_KINDS if kind == GREMLIN else _CYPHER_KINDS):
        raise ValueError("a column has a type that the loader does not know")
    if kind == GREMLIN and edges and (array or (cardinality or "").lower() == "set"):
        raise ValueError("a property of an edge has one value; [] and (set) are for nodes")
    check = _check_of(type_name)
    if array:
        return _Column("property", lambda text: all(map(check, re.split(r"(?<!\\);", text))))
    return _Column("property", check)


def _check_roles(columns: Sequence[_Column], kind: str) -> None:
    roles = [column.role for column in columns if column.role != "property"]
    if len(set(roles)) < len(roles):
        raise ValueError("a column of the loader's own stands twice")
    if "from" in roles or "to" in roles:
        missing = {"from", "to"} - set(roles)
        if kind == GREMLIN:
            missing |= {"id"} - set(roles)
        if missing:
            raise ValueError("a file of edges needs its id and both of its ends")
        if kind == OPEN_CYPHER and "label" in roles:
            raise ValueError("a file of edges has :TYPE and not :LABEL")
    elif "id" not in roles:
        raise ValueError("a file of nodes needs a column ~id (Gremlin) or :ID (openCypher)")
    elif "type" in roles:
        raise ValueError("a file of nodes has :LABEL and not :TYPE")


def _is_edges(columns: Sequence[_Column]) -> bool:
    return any(column.role == "from" for column in columns)


def _check_of(kind: str) -> Callable[[str], bool]:
    if kind in _SIGNED:
        limit = 1 << (_SIGNED[kind] - 1)
        return lambda text: bool(re.fullmatch(r"-?\d{1,19}", text)) and -limit <= int(text) < limit
    if kind in ("float", "double"):
        return lambda text: bool(
            re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?|-?inf|nan", text, re.I)
        )
    if kind in ("bool", "boolean"):
        return lambda text: text.lower() in ("true", "false")
    if kind in ("date", "datetime"):
        return _is_date
    return lambda text: True


def _is_date(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the number of each record's last line, and its fields.

    Raises:
        ValueError: it is no UTF-8, or no CSV.
        StorageError: it cannot be read.
    """
    csv.field_size_limit(MOST_FIELD)
    with storage_errors(str(path)), path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file, strict=True)
        try:
            for values in reader:
                if values:
                    yield reader.line_num, values
        except csv.Error as error:
            raise ValueError(f"it is no CSV from line {reader.line_num} on") from error
        except UnicodeError as error:
            raise ValueError(f"it is no UTF-8 behind line {reader.line_num}") from error
