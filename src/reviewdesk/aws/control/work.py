"""What a piece of work with an account needs around it."""

from collections.abc import Callable
from dataclasses import dataclass

from reviewdesk.aws.control.prices import Prices
from reviewdesk.aws.control.session import Account
from reviewdesk.aws.control.waiting import POLL_SECONDS
from reviewdesk.progress import SILENT, Progress


@dataclass
class Work:
    """The base of what deploys, trains and transforms.

    Args:
        account: where.
        prices: what machines cost.
        hear: is told what happens, and each line of a job's log.
        progress: shows what is sent and fetched.
        poll_seconds: between two looks at an endpoint or a job.
    """

    account: Account
    prices: Prices
    hear: Callable[[str], None] = lambda sentence: None
    progress: Progress = SILENT
    poll_seconds: float = POLL_SECONDS
