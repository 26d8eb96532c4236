"""Folders that last as long as what is in them is used."""

import shutil
import tempfile
import weakref
from pathlib import Path


class SessionFolder:
    """A private temporary folder that goes when this object does, or with the process."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="reviewdesk-"))
        self.remove = weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)
