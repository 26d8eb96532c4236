"""Where names live: which scope binds each name, and from which line to which it is used."""

import ast
from collections.abc import Iterator
from typing import Final

_COMPREHENSIONS: Final = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_SCOPES: Final = (*_FUNCTIONS, *_COMPREHENSIONS, ast.ClassDef)


def lifetimes(tree: ast.Module) -> Iterator[tuple[str, int, int]]:
    """Yield each name of each scope with the first and the last line that it stands in.

    A name that an inner scope uses and does not bind lives as long as that use.
    """
    yield from _lifetimes(tree)[0]


def _lifetimes(scope: ast.AST) -> tuple[list[tuple[str, int, int]], dict[str, list[int]]]:
    """Return the lifetimes in a scope and in those inside, and the lines of what it does not bind.

    Source: Python's language reference, 4.2.2, Resolution of names.
    """
    arguments = _arguments(scope)
    bound, used = {each.arg for each in arguments}, {each.arg: [each.lineno] for each in arguments}
    inside: list[tuple[str, int, int]] = []
    for node in _own_nodes(scope):
        if isinstance(node, _SCOPES):
            theirs, free = _lifetimes(node)
            inside += theirs
            for name, lines in free.items():
                used.setdefault(name, []).extend(lines)
        elif isinstance(node, ast.Name):
            used.setdefault(node.id, []).append(node.lineno)
            if not isinstance(node.ctx, ast.Load):
                bound.add(node.id)
    own = [(name, min(used[name]), max(used[name])) for name in sorted(bound)]
    return inside + own, {name: lines for name, lines in used.items() if name not in bound}


def _arguments(scope: ast.AST) -> list[ast.arg]:
    if not isinstance(scope, _FUNCTIONS):
        return []
    given = scope.args
    rest = [each for each in (given.vararg, given.kwarg) if each is not None]
    return [*given.posonlyargs, *given.args, *given.kwonlyargs, *rest]


def _own_nodes(scope: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of a scope, and the scopes directly inside, but not what these hold."""
    waiting = [
        child for child in ast.iter_child_nodes(scope) if not isinstance(child, ast.arguments)
    ]
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, _SCOPES):
            waiting += ast.iter_child_nodes(node)
