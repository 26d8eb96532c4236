"""Steps that tests run in a process of their own."""

import sys
from pathlib import Path

from reviewdesk.findings.catalog import FINDERS
from reviewdesk.job.find import FindSettings, find
from reviewdesk.prepare.prepared import PreparedData
from tests.findings.fakes import OddFinder
from tests.killing import Step

# Imported before the first run, so that a run costs no imports.
LOADED = (*(FINDERS.load(name) for name in FINDERS.names()), OddFinder)


def find_all(place: str, out: str) -> None:
    """Let every finder of the house look at a prepared folder."""
    find(PreparedData.open(Path(place)), Path(out), FindSettings(tuple(FINDERS.names()), folds=2))


def find_odd(place: str, out: str, plugin: str, word: str, how: str, last: str) -> None:
    """Let the finder of another package look, and be killed before a step on the file system."""
    sys.path.insert(0, plugin)
    settings = FindSettings(("odd",), options={"odd": {"word": word}})
    sys.addaudithook(Step(int(last)))
    find(PreparedData.open(Path(place)), Path(out), settings, overwrite=how == "overwrite")
