"""The one decorator that turns a function over arrays into machine code.

Compiled code is kept between processes. numba keeps it as pickle, and loading a pickle runs code,
so it is kept only in a directory that nobody else can write: ``$XDG_CACHE_HOME/reviewdesk/kernels``
(or ``~/.cache/...``), of mode 0700, owned by the user. Where there is no such directory, kernels
are compiled anew in each process and everything else works the same.
"""

import hashlib
import inspect
import os
import stat
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, Final, ParamSpec, Self, TypeVar

import numba
from numba.core import config, types
from numba.core.caching import CompileResultCacheImpl, FunctionCache, NullCache
from numba.core.dispatcher import Dispatcher

from reviewdesk.progress import tell
from reviewdesk.storage import PRIVATE_DIRECTORY

COMPILING: Final = (
    "compiling the kernels, once per machine and user; `reviewdesk warm` does it beforehand"
)
COMPILING_AGAIN: Final = (
    "compiling the kernels, as in each process: there is no safe place to keep them; "
    "`reviewdesk warm` says why"
)

P = ParamSpec("P")
R = TypeVar("R")


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a kernel on its first call, and keep the result for the next process.

    A kernel calls other kernels by names of its module, so that a change in one of them is seen.
    It runs without Python's lock: threads may run kernels side by side.
    """
    return _kernel(function)


def compiled_fast(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a kernel whose sums may be taken in any order, as ``compiled`` does.

    Sums become vector instructions; the result is the same on every run of one machine, and may
    differ in the last bit between machines. What divides by zero gives infinity, no error.
    """
    return _kernel(function, fastmath=True, error_model="numpy")


def _kernel(function: Callable[P, R], **options: Any) -> Callable[P, R]:
    kernel: Any = numba.njit(nogil=True, **options)(function)
    if hasattr(kernel, "py_func"):  # not so under NUMBA_DISABLE_JIT
        kernel._cache = _KernelCache(function)
        _forget_literals(kernel)
    result: Callable[P, R] = kernel
    return result


def _forget_literals(kernel: Any) -> None:
    """Keep numba from compiling a kernel anew for each number that another one calls it with."""
    infer = kernel.get_call_template

    def infer_types(args: Any, kws: Any) -> Any:
        return infer([types.unliteral(arg) for arg in args], kws)  # type: ignore[no-untyped-call]

    kernel.get_call_template = infer_types


def cache_directory() -> Path | None:
    """Return the directory that compiled kernels are kept in; None when there is no safe one."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    try:
        root = Path(base) if Path(base).is_absolute() else Path.home() / ".cache"
        directory = root / "reviewdesk" / "kernels"
        directory.parent.mkdir(parents=True, exist_ok=True)
        directory.mkdir(mode=PRIVATE_DIRECTORY, exist_ok=True)
        return directory if _is_private(directory) else None
    except (OSError, RuntimeError):  # no home, a read-only disk, a file in the way
        return None


def _is_private(directory: Path) -> bool:
    """Say whether only the user can write in a directory or put another in its place."""
    if not hasattr(os, "getuid"):
        return False
    found = directory.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        return False
    if stat.S_IMODE(found.st_mode) != PRIVATE_DIRECTORY or not os.access(directory, os.W_OK):
        return False
    above = {*directory.parents, *directory.resolve().parents}
    return all(_is_trusted(one.stat()) for one in above)


def _is_trusted(above: os.stat_result) -> bool:
    """Say whether others cannot rename what lies in a directory."""
    writable_by_others = above.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return above.st_uid in (0, os.getuid()) and (
        not writable_by_others or bool(above.st_mode & stat.S_ISVTX)
    )


def _called(function: Any, seen: set[Any]) -> Iterator[Any]:
    """Yield a kernel's function and those of all kernels that it calls."""
    if function in seen:
        return
    seen.add(function)
    yield function
    for name in function.__code__.co_names:
        other = function.__globals__.get(name)
        if isinstance(other, Dispatcher):
            yield from _called(other.py_func, seen)


def _source_digest(function: Any) -> str:
    """Return a name for the source files that a kernel is made from."""
    files = {inspect.getfile(one) for one in _called(function, set())}
    digest = hashlib.sha256()
    for file in sorted(files):
        digest.update(hashlib.sha256(Path(file).read_bytes()).digest())
    return digest.hexdigest()[:32]


class _Place:
    """Where numba keeps one kernel: a directory named after the source that it was made from.

    numba writes its index before the code, so code of an older source must not lie in the same
    directory: another process could take it for the new one.
    """

    def __init__(self, root: Path, function: Any) -> None:
        self._stamp = _source_digest(function)
        self._path = root / self._stamp
        self._line = str(function.__code__.co_firstlineno)
        self._py_file = inspect.getfile(function)  # numba names it in a warning

    @classmethod
    def from_function(cls, function: Any, file: str) -> Self | None:
        root = cache_directory()
        return None if root is None else cls(root, function)

    def ensure_cache_path(self) -> None:
        self._path.mkdir(mode=PRIVATE_DIRECTORY, exist_ok=True)

    def get_cache_path(self) -> str:
        return str(self._path)

    def get_source_stamp(self) -> str:
        return self._stamp

    def get_disambiguator(self) -> str:
        return self._line


_PLACES: list[Any] = [_Place]


class _Result(CompileResultCacheImpl):
    _locator_classes = _PLACES


class _PrivateCache(FunctionCache):
    _impl_class = _Result


class _KernelCache(NullCache):
    """numba's cache of one kernel in the private directory, opened at the first compilation.

    A cache that cannot be read or written costs time, never a result.
    """

    def __init__(self, function: Any) -> None:
        self._function = function

    @cached_property
    def _opened(self) -> Any:
        if getattr(config, "CACHE_LOCATOR_CLASSES", None):  # would put another place before ours
            return NullCache()
        try:
            return _PrivateCache(self._function)  # type: ignore[no-untyped-call]
        except (OSError, RuntimeError):  # the source is not a file, or there is no safe place
            return NullCache()

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        found = None
        try:
            found = self._opened.load_overload(sig, target_context)
        except Exception:  # a damaged file fails in any way; the kernel is then compiled anew
            self._try_to("flush")
        if found is None:
            tell(COMPILING if isinstance(self._opened, _PrivateCache) else COMPILING_AGAIN)
        return found

    def save_overload(self, sig: Any, data: Any) -> None:
        self._try_to("save_overload", sig, data)

    def _try_to(self, step: str, *args: Any) -> None:
        try:
            getattr(self._opened, step)(*args)
        except OSError:  # no space left
            self._opened = NullCache()
