"""Arrows between rooms go one way, there are no cycles, and heavy packages stay in their rooms."""

import subprocess
import sys

from .house import (
    FOUNDATION,
    HEAVY,
    MODEL_ROOMS,
    TABLES_ONLY,
    Import,
    imports,
    known_module,
    modules,
    rank,
    room,
)

KNOWN = modules()
ARROWS = [arrow for name, path in KNOWN.items() for arrow in imports(name, path)]


def internal() -> list[tuple[Import, str]]:
    found = [(arrow, known_module(arrow.target, KNOWN)) for arrow in ARROWS]
    return [(arrow, target) for arrow, target in found if target]


def allowed(importer: str, imported: str) -> bool:
    if importer == imported or imported in FOUNDATION or imported == "":
        return True
    return rank(imported) < rank(importer)


def test_every_module_stands_in_a_room_of_the_house() -> None:
    for name in KNOWN:
        rank(room(name))


def test_arrows_go_one_way() -> None:
    wrong = [
        f"{arrow.module}:{arrow.line} imports {target}"
        for arrow, target in internal()
        if not allowed(room(arrow.module), room(target))
    ]
    assert wrong == []


def test_the_check_sees_a_wrong_arrow() -> None:
    assert not allowed("text", "models")
    assert not allowed("text", "stats")
    assert not allowed("models", "bundle")
    assert not allowed("serving", "desk")
    assert allowed("bundle", "models")
    assert allowed("desk", "serving")
    assert allowed("models", "text")


def test_no_cycles_between_modules() -> None:
    graph: dict[str, set[str]] = {name: set() for name in KNOWN}
    for arrow, target in internal():
        if target not in (arrow.module, "reviewdesk") and not arrow.as_string:
            graph[arrow.module].add(target)
    finished: set[str] = set()

    def walk(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, f"import cycle: {' -> '.join((*trail, name))}"
        if name not in finished:
            for target in sorted(graph[name]):
                walk(target, (*trail, name))
            finished.add(name)

    for name in graph:
        walk(name, ())


def test_heavy_packages_stay_in_their_rooms() -> None:
    wrong = []
    for arrow in ARROWS:
        package = arrow.target.split(".")[0]
        if package in HEAVY and room(arrow.module) not in HEAVY[package]:
            wrong.append(f"{arrow.module}:{arrow.line} imports {package}")
    assert wrong == []


def test_rooms_that_read_tables_reach_no_model() -> None:
    reaches: dict[str, set[str]] = {}
    for arrow, target in internal():
        reaches.setdefault(arrow.module, set()).add(target)
    for start in (name for name in KNOWN if room(name) in TABLES_ONLY):
        seen: set[str] = set()
        queue = [start]
        while queue:
            name = queue.pop()
            assert room(name) not in MODEL_ROOMS, f"{start} reaches {name}"
            # The package itself names the Python face, which nothing loads before it is used.
            queue.extend(reaches.get(name, set()) - seen - {"reviewdesk"})
            seen.add(name)


def test_imports_stand_at_the_top() -> None:
    """Only `optional.require` loads later; a knot hidden inside a function is still a knot."""
    import ast

    wrong = []
    for name, path in KNOWN.items():
        tree = ast.parse(path.read_text())
        top = {id(node) for node in tree.body}
        for node in ast.walk(tree):
            if isinstance(node, ast.Import | ast.ImportFrom) and id(node) not in top:
                wrong.append(f"{name}:{node.lineno}")
    assert wrong == []


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = "import sys, reviewdesk; print(*sorted({m.split('.')[0] for m in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) & (set(HEAVY) | {"numpy", "pyarrow"}) == set()


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from reviewdesk.cli.main import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "print('LOADED', *sorted({m.split('.')[0] for m in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.rpartition("LOADED")[2].split())
    assert loaded & (set(HEAVY) - {"typer", "rich"} | {"numpy", "pyarrow"}) == set()
