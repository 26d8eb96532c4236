"""What Lambda starts: ``reviewdesk.aws.webapp.function.handle``.

All is loaded when this module is, which Lambda does before the first event and with a whole CPU.
"""

import os
import shutil
from pathlib import Path
from typing import Final

from reviewdesk.aws.webapp.handler import handler_of

IMAGE_KERNELS: Final = "REVIEWDESK_IMAGE_KERNELS"
"""Where the image keeps compiled kernels; a cache must be its user's own."""


def _copy_kernels() -> None:
    """Copy the image's compiled kernels to where this user's are looked for."""
    kept, cache = os.environ.get(IMAGE_KERNELS, ""), os.environ.get("XDG_CACHE_HOME", "")
    to = Path(cache) / "reviewdesk" / "kernels"
    if cache and Path(kept).is_dir() and kept and not to.exists():
        shutil.copytree(kept, to)
        for folder in (to, *to.iterdir()):
            folder.chmod(0o700)


_copy_kernels()
handle: Final = handler_of(os.environ)
