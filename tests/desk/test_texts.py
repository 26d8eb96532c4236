"""All that the desk says stands in one file, and nothing of it anywhere else."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from reviewdesk.desk import texts
from reviewdesk.desk.page import _SAID_BY_SCRIPT
from reviewdesk.desk.texts import Texts

FOLDER = Path(texts.__file__).parent
PROSE = re.compile(r"[A-Za-z]{2,}[,:;.]? [A-Za-z]{2,}")
LETTERS = re.compile(r"[A-Za-z]{2,}")
SQL = re.compile(
    r"\W*(SELECT|INSERT|UPDATE|DELETE|CREATE|PRAGMA|ATTACH|VACUUM|LOCK|BEGIN|SET|WHERE|AND|ON|ORDER)\b"
)
FOR_BROWSERS = re.compile(
    r"charset=|attachment;|'none'|'self'|<!doctype|max-age=|width=device|light dark|http-equiv"
)
COMMANDS = frozenset(
    {
        *("accounts.py", "database.py", "decision_files.py", "decision_place.py", "decisions.py"),
        *("desk.py", "endpoint_judge.py", "session.py", "sqlite_database.py", "team_database.py"),
        *("texts.py", "watch.py", "reviews.py", "review_index.py", "page.py"),
        "word_index.py",
    }
)
"""What these say in errors is read by who runs a command: about files, folders, options."""
ERRORS = frozenset({"InputError", "StorageError", "UsageError", "RequestError", "damage_errors",
                    "UnsupportedMediaType", "locked", "task", "parse_json"})  # fmt: skip
MARKUP = {"element": 1, "fragment": 0, "button": 0, "Column": 0, "Figure": 0, "page": 2}
"""Functions that make pages, and from which argument on what they are given is shown."""


def read(pattern: str) -> list[str]:
    return [path.read_text("utf-8") for path in sorted(FOLDER.glob(pattern))]


def name_of(call: ast.Call) -> str:
    called = call.func
    return called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")


def strings(tree: ast.AST) -> Iterator[ast.Constant]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node


def said_in(source: str, name: str = "") -> list[str]:
    """Return the English that stands in a source file and would be shown to people."""
    tree = ast.parse(source)
    passed: set[int] = set()
    shown: list[str] = []
    for node in ast.walk(tree):
        if (
            (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))  # of the source
            or (isinstance(node, ast.JoinedStr) and SQL.match("".join(_parts(node))))
            or (isinstance(node, ast.keyword) and node.arg in ("class_", "autocomplete"))
        ):
            passed |= {id(each) for each in strings(node)}
        elif isinstance(node, ast.Call):
            if name in COMMANDS and name_of(node) in ERRORS:
                passed |= {id(each) for each in strings(node)}
            if (first := MARKUP.get(name_of(node))) is None:
                continue
            if (
                first == 1
                and isinstance(node.args[0], ast.Constant)
                and node.args[0].value == "kbd"
            ):
                continue
            parts = [one for arg in node.args[first:] for one in _parts(arg)]
            shown += [part for part in parts if LETTERS.search(part)]
    for each in strings(tree):
        text = str(each.value)
        if id(each) in passed or SQL.match(text) or FOR_BROWSERS.search(text):
            continue
        if PROSE.search(text):
            shown.append(text)
    return shown


def _parts(node: ast.expr) -> list[str]:
    """Return the texts of a plain string or of a formatted one."""
    values = node.values if isinstance(node, ast.JoinedStr) else [node]
    return [str(one.value) for one in values if isinstance(one, ast.Constant)]


def test_all_that_is_said_can_be_translated(tmp_path: Path) -> None:
    file = tmp_path / "de.toml"
    file.write_text('language = "de"\n[queue]\ntitle = "Warteschlange"\n', encoding="utf-8")
    say = Texts.load(file)
    assert (say("queue.title"), say.language) == ("Warteschlange", "de")
    assert say("tab.queue") == "Queue"


def test_every_sentence_is_used_and_every_used_one_is_there() -> None:
    known = set(texts._flat(tomllib.loads((FOLDER / texts.FILE).read_text("utf-8"))))
    source = "".join(read("*.py"))
    used = set(re.findall(r"(?:say|texts)\(\s*[\"']([\w.]+)[\"']", source))
    used |= set(re.findall(r"\{\{([\w.-]+)\}\}", "".join(read("*.html"))))
    used |= {f"script.{name}" for name in re.findall(r'say\("(\w+)"', "".join(read("page.js")))}
    used |= {f"script.{name}" for name in ("negative", "positive")}  # labels, too
    used -= {f"script.{name}" for name in _SAID_BY_SCRIPT}
    numbered = set(re.findall(r'number\(\s*"([\w.]+)"', source))
    used |= {f"{name}.{form}" for name in numbered for form in ("one", "many")}
    assert used - known == set()
    # What is put together, as in say(f"verdict.{...}"), has its family in the source.
    families = {name.rpartition(".")[0] for name in known - used}
    named = set(re.findall(r"f[\"']([a-z_.]+)\.\{", source)) | set(
        re.findall(r'"([a-z_.]+)"', source)
    )
    alone = {family for family in families if not {family, family.partition(".")[0]} & named}
    assert alone <= {""}, sorted(known - used)


def test_no_english_stands_outside_the_file_of_texts() -> None:
    assert {
        path.name: found
        for path in sorted(FOLDER.glob("*.py"))
        if (found := said_in(path.read_text("utf-8"), path.name))
    } == {}
    for markup in read("*.html"):
        bare = re.sub(r"<!--.*?-->|/\* \w+ \*/|\{\{[^}]*\}\}|<!doctype html>", "", markup)
        bare = re.sub(r'<link rel="icon"[^\n]*', "", bare)
        assert [text for text in re.findall(r">([^<]+)", bare) if LETTERS.search(text)] == []
        assert not re.findall(r'(?:aria-label|title|placeholder|alt)="([^"]+)"', bare)
    for script in read("*.js"):
        code = re.sub(r"^\s*//.*$|\s// .*$", "", script, flags=re.MULTILINE)
        quoted = re.findall(r'"([^"\n]*)"|`([^`]*)`', code)
        said = [text for pair in quoted for text in pair if PROSE.search(text)]
        assert [text for text in said if text not in SELECTORS] == []


SELECTORS = (
    *("form.decide button[value=right]", "form.decide button[value=wrong]"),
    *("form.decide button[value=unsure]", "#toast form.undo button, .done form.undo button"),
    "input:not([type=checkbox]), textarea, select, [contenteditable]",
    *("use strict", "verdict unclear", "(prefers-reduced-motion: reduce)"),
)


def test_what_finds_english_finds_it() -> None:
    for source in (
        'raise RequestError("the form is empty")',
        'element("p", "Nothing")',
        'element("p", f"{n} reviews")',
        'button("Go")',
        'show(f"{n} of them all")',
        'raise UsageError(f"{name} is nothing to do")',
    ):
        assert said_in(source), source
    for source in (
        '"""A docstring of some words."""',
        'element("p", say("queue.title"), class_="small span")',
        'base.execute("SELECT id FROM actions WHERE id = 1")',
        'element("kbd", "zz")',
    ):
        assert said_in(source) == [], source
    assert said_in('raise InputError("the file is damaged")', "session.py") == []
    assert said_in('raise InputError("the file is damaged")', "queue.py")
