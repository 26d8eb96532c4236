"""What a trial found is kept, so that a bench of hours goes on where it was stopped.

Kept is what a trial returns, as JSON, in the folder that ``REVIEWDESK_BENCH_CACHE`` names (without
it, in one for temporary files), by what was tried and by the code that finds: with other code, it
is tried anew.
"""

import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any


def cache_folder() -> Path:
    """Return the folder in which benches of findings keep what took long."""
    named = os.environ.get("REVIEWDESK_BENCH_CACHE")
    folder = Path(named) if named else Path(tempfile.gettempdir()) / "reviewdesk-bench"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def kept(bench: str, find: Callable[..., Any], *, rooms: str = "reviewdesk.", **tried: Any) -> Any:
    """Return what a trial found, at once where it was tried before.

    Args:
        bench: the file of the bench.
        rooms: how modules are called whose code counts.
        find: tries it; what it returns must pass through JSON unchanged.
        tried: what ``find`` is called with, which tells this trial from others.
    """
    about = json.dumps([Path(bench).name, tried, code(bench, rooms)], sort_keys=True)
    path = cache_folder() / f"{hashlib.sha256(about.encode()).hexdigest()[:24]}.json"
    if not path.exists():
        print(f"{Path(bench).stem}: {tried}", file=sys.stderr, flush=True)
        aside = path.with_suffix(f".{os.getpid()}")
        aside.write_text(json.dumps(find(**tried)))
        aside.replace(path)
    return json.loads(path.read_text())


@cache
def code(bench: str, rooms: str) -> str:
    """Return a digest of the bench and of the modules that it loads, of some rooms."""
    loaded = [module for name, module in sys.modules.items() if name.startswith(rooms)]
    files = {str(module.__file__) for module in loaded}
    digest = hashlib.sha256()
    for file in [bench, *sorted(files)]:
        digest.update(Path(file).read_bytes())
    return digest.hexdigest()
