"""The plan of the house as data: rooms, their order, and the packages that live in one room."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

SOURCE: Final = Path(__file__).parents[2] / "src" / "reviewdesk"

FOUNDATION: Final = frozenset(
    {
        *("errors", "schema", "settings", "optional", "registry", "progress", "s3", "storage"),
        *("exchange", "file_lock", "seal", "runlog", "process"),
    }
)

# A room may import from the rooms of earlier layers. Inside one layer, a tuple lists rooms that
# are independent of each other; each following tuple of the same layer may import those before it.
LAYERS: Final[tuple[tuple[tuple[str, ...], ...], ...]] = (
    (("text", "stats", "formats", "report"),),
    (("engines", "sources"),),
    (("prepare",), ("explore", "examples")),
    (("models", "synthetic"), ("bundle",)),
    (("scoring",), ("training",)),
    (("graph", "findings", "experiments"),),
    (("serving",), ("desk",), ("aws",), ("job",), ("api", "cli"), ("", "__main__")),
)

# Layer 7 reads tables only: nothing it imports, also through others, may reach these rooms.
TABLES_ONLY: Final = frozenset({"graph", "findings", "experiments"})
MODEL_ROOMS: Final = frozenset({"models", "bundle", "scoring", "training"})

# Packages that cost time or space to load, and the only rooms that may import them.
HEAVY: Final[dict[str, frozenset[str]]] = {
    "numba": frozenset({"text", "models"}),
    "llvmlite": frozenset({"text", "models"}),
    "duckdb": frozenset({"engines"}),
    "pyspark": frozenset({"engines"}),
    "sklearn": frozenset({"models"}),
    "scipy": frozenset({"models", "stats", "findings", "graph", "experiments"}),
    "ladybug": frozenset({"graph"}),
    "graspologic_native": frozenset({"graph"}),
    "torch": frozenset({"models"}),
    "onnxruntime": frozenset({"models"}),
    "safetensors": frozenset({"models"}),
    "transformers": frozenset({"models"}),
    "optuna": frozenset({"training"}),
    "sqlalchemy": frozenset({"desk"}),
    "psycopg": frozenset({"desk"}),
    "starlette": frozenset({"serving", "desk"}),
    "uvicorn": frozenset({"serving", "desk"}),
    "boto3": frozenset({"aws"}),
    "yaml": frozenset({"aws"}),
    "typer": frozenset({"cli"}),
    "rich": frozenset({"cli", "progress"}),
}


class Import(NamedTuple):
    """One arrow: a module, what it imports, and where."""

    module: str
    target: str
    line: int
    as_string: bool


def modules() -> dict[str, Path]:
    """Return every module of the package by its dotted name."""
    found = {}
    for path in sorted(SOURCE.rglob("*.py")):
        parts = path.relative_to(SOURCE.parent).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = path
    return found


def room(module: str) -> str:
    """Return the room that a module of the package stands in; empty for the package itself."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


def imports(module: str, path: Path) -> Iterator[Import]:
    """Yield every import of a module, also inside functions and under TYPE_CHECKING.

    A string of the form ``"reviewdesk.room.file:Class"`` is an arrow too.
    """
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(module, alias.name, node.lineno, False)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            base = node.module or ""
            for alias in node.names:
                yield Import(module, f"{base}.{alias.name}", node.lineno, False)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            target, colon, attribute = node.value.partition(":")
            if colon and target.startswith("reviewdesk.") and attribute.isidentifier():
                yield Import(module, target, node.lineno, True)


def known_module(target: str, known: dict[str, Path]) -> str:
    """Return the module of the package that an imported name stands in; empty when in none."""
    while target:
        if target in known:
            return target
        target = target.rpartition(".")[0]
    return ""


def rank(name: str) -> tuple[int, int]:
    """Return a room's place in the house: its layer and its place inside the layer."""
    for layer, groups in enumerate(LAYERS, start=2):
        for place, group in enumerate(groups):
            if name in group:
                return layer, place
    if name in FOUNDATION or name == "":
        return 1, 0
    raise AssertionError(f"{name} is not a room of the house; see tests/rules/house.py")
