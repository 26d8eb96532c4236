"""The page of `serve` as a file that stands elsewhere than what answers it."""

import re
from collections.abc import Sequence
from html import escape
from typing import Final

from reviewdesk.desk.judges import Judge
from reviewdesk.desk.page import page
from reviewdesk.errors import UsageError

_ADDRESS: Final = re.compile(r"https?://[a-zA-Z0-9.-]+(:\d{1,5})?(/[\w.~-]+)*", re.ASCII)
_HEAD: Final = '<meta charset="utf-8">\n'
_FRAMES: Final = "; frame-ancestors 'none'"  # counts as a header only, which CloudFront sends


def site_page(judges: Sequence[Judge], api: str) -> str:
    """Return the page's markup, with its policy inside.

    Args:
        judges: what answers, from ``judges_of``.
        api: the address that the page asks, without a ``/`` at its end.

    Raises:
        UsageError: that is no address.
    """
    if not _ADDRESS.fullmatch(api):
        raise UsageError(f"{api!r} is no address that a page can ask; write https://HOST/STAGE")
    markup, policy = page(judges, api)
    origin = "/".join(api.split("/")[:3])
    policy = policy.replace("connect-src 'self'", f"connect-src {origin}").replace(_FRAMES, "")
    meta = f'<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">\n'
    return markup.replace(_HEAD, _HEAD + meta, 1)
