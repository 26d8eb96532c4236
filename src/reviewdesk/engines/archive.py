"""An archive with reviewdesk and the packages that tasks need, for machines that have neither.

Usage: ``python -m reviewdesk.engines.archive [--driver] environment.tar.gz``, in the environment
from which the cluster is used; with ``--driver`` it serves also where the command itself runs on
the cluster. A machine of the cluster needs Python of the same version, and Spark.
"""

import re
import sys
import tarfile
from collections.abc import Iterator, Sequence
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Final

import reviewdesk

NEEDED: Final = ("numba", "pandas", "pyarrow", "rich")
"""What tasks import, and Spark's own side of them; each brings along what it needs itself."""

_NAME: Final = re.compile(r"[\w.-]+")


DRIVER: Final = "--driver"


def pack(archive: Path, *, driver: bool = False) -> None:
    """Write the archive.

    Args:
        archive: a name that ends in ``.tar`` or ``.tar.gz``; it must not be there yet.
        driver: whether the command itself runs from it, as in a job of Glue or EMR Serverless, and
            not only its tasks.

    Raises:
        FileExistsError: it is there.
        PackageNotFoundError: a package that tasks need is not installed here.
    """
    with tarfile.open(archive, "x:gz" if archive.suffix == ".gz" else "x:") as out:
        for one in _distributions((*NEEDED, *_core()) if driver else NEEDED):
            for file in one.files or ():
                path = Path(str(file.locate()))
                if ".." not in file.parts and "__pycache__" not in file.parts and path.is_file():
                    out.add(path, str(file))
        root = Path(reviewdesk.__file__).parent
        for path in sorted(root.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                out.add(path, f"reviewdesk/{path.relative_to(root)}")


def _core() -> list[str]:
    """Return the packages that reviewdesk itself always needs."""
    return _required(distribution("reviewdesk"))


def _distributions(needed: Sequence[str]) -> Iterator[Distribution]:
    """Yield packages, and those that they need in turn, each once."""
    waiting = list(needed)
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        try:
            package = distribution(name)
        except PackageNotFoundError:
            if name in needed:
                raise
            continue  # it is for another system or version of Python
        yield package
        waiting += _required(package)


def _required(one: Distribution) -> list[str]:
    required = [text for text in one.requires or () if "extra ==" not in text]
    return [found[0].lower() for text in required if (found := _NAME.match(text))]


if __name__ == "__main__":
    pack(Path(sys.argv[-1]), driver=DRIVER in sys.argv)
