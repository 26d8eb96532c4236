"""Optional packages: loaded on first use, with the exact install command when they are missing."""

import importlib
from importlib.util import find_spec
from types import ModuleType

from reviewdesk.errors import MissingExtra


def require(module: str, extra: str) -> ModuleType:
    """Import an optional package.

    Args:
        module: the package's import name, as in ``"torch"``.
        extra: the extra of reviewdesk that installs it.

    Raises:
        MissingExtra: the package is not installed; the message holds the command.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module.partition(".")[0]:
            raise
        raise MissingExtra(
            f"{module} is not installed; install it with: {install_command(extra)}"
        ) from error


def is_installed(module: str) -> bool:
    """Say whether a package can be imported, without importing it."""
    return find_spec(module) is not None


def install_command(extra: str) -> str:
    """Return the command that installs an extra, run in the folder of reviewdesk's source."""
    return f"pip install '.[{extra}]'"
