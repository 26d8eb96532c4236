"""The web app with an account: a stack made or changed, its page on the site, and all deleted."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from reviewdesk.aws.control.endpoint_plan import model_on_s3, network
from reviewdesk.aws.control.resources import PREFIX
from reviewdesk.aws.control.session import Account
from reviewdesk.aws.control.stacks import Stacks
from reviewdesk.aws.control.waiting import POLL_SECONDS
from reviewdesk.aws.webapp.bundled import open_bundles
from reviewdesk.aws.webapp.settings import WebappSettings
from reviewdesk.aws.webapp.site import site_page
from reviewdesk.aws.webapp.template import webapp_template
from reviewdesk.desk.judges import judges_of
from reviewdesk.errors import UsageError
from reviewdesk.progress import SILENT, Progress

LONGEST_NAME: Final = 60
INDEX: Final = "index.html"
COSTS: Final = (
    "it costs by use and nothing while nobody asks, but for kilobytes on S3 and lines of its log"
)
_NAME: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_IN_A_DRY_RUN: Final = "https://the-api-that-is-made"


@dataclass(frozen=True)
class Webapp:
    """A web app that is there.

    Args:
        name: of its stack.
        outcome: ``made``, ``changed`` or ``unchanged``.
        page: where the page is; empty in a dry run.
        api: where the function is asked.
    """

    name: str
    outcome: str
    page: str
    api: str

    def to_json(self) -> dict[str, str]:
        """Return it as JSON values."""
        return dict(vars(self))


def stack_name(account: Account, name: str) -> str:
    """Return the name of a web app's stack.

    Raises:
        UsageError: the name is not allowed, or too long.
    """
    full = f"{PREFIX}{account.project}-{name}"
    if not _NAME.fullmatch(name) or len(full) > LONGEST_NAME:
        raise UsageError(
            f"{name!r} is no name of a web app; use small letters, digits and - between them, at "
            f"most {LONGEST_NAME - len(full) + len(name)}"
        )
    return full


def deploy_webapp(
    account: Account,
    name: str,
    bundles: Mapping[str, str],
    settings: WebappSettings,
    *,
    hear: Callable[[str], None] = lambda sentence: None,
    progress: Progress = SILENT,
    poll_seconds: float = POLL_SECONDS,
) -> Webapp:
    """Make a web app, or change one that is there.

    Args:
        account: where.
        name: the web app's.
        bundles: what the page is about, by name: folders, ``.tar.gz`` or ``s3://`` addresses. They
            are sent to S3 and answer in the function, unless an endpoint does.
        settings: of the web app.
        hear: is told what happens.
        progress: shows what is sent.
        poll_seconds: how often states are asked for.

    Raises:
        UsageError: a name is not allowed, or there is no image or bucket.
        BundleError: a bundle cannot be used.
        ServiceError: AWS refuses, or takes the stack back.
    """
    settings.check()
    stack = stack_name(account, name)
    if not account.settings.image:
        raise UsageError("no image: give --image, or put `image:` into the file")
    opened = open_bundles(bundles)
    shown = judges_of(opened)
    site_page(shown, _IN_A_DRY_RUN)  # what cannot be shown is said before anything is made
    answers, readable = settings.endpoint, []
    if not settings.endpoint:
        places = {one: model_on_s3(account, place, progress)[0] for one, place in bundles.items()}
        answers = ",".join(f"{one}={place}" for one, place in places.items())
        readable = [f"{place.bucket}/{place.key}" for place in places.values()]
    template = webapp_template(
        settings, readable=readable, network=_vpc(account), kms_key=account.settings.kms_key
    )
    parameters = {
        "Image": account.settings.image,
        "Answers": answers,
        "MoreOrigins": ",".join(settings.origins),
    }
    hear(f"{name}: {COSTS}")
    stacks = Stacks(account, hear=hear, poll_seconds=poll_seconds)
    outcome, outputs = stacks.put(stack, template, parameters)
    api = outputs.get("Api", _IN_A_DRY_RUN).rstrip("/")
    account.call(
        "s3",
        "put_object",
        Bucket=outputs.get("Bucket", stack),
        Key=INDEX,
        Body=site_page(shown, api).encode(),
        ContentType="text/html; charset=utf-8",
        CacheControl="no-store",
    )
    return Webapp(stack, outcome, outputs.get("Page", ""), outputs.get("Api", ""))


def _vpc(account: Account) -> dict[str, list[str]]:
    """Return the VPC that the function runs in, as Lambda calls its parts; empty for none."""
    vpc = network(account).get("VpcConfig")
    if not vpc:
        return {}
    return {"SubnetIds": vpc["Subnets"], "SecurityGroupIds": vpc["SecurityGroupIds"]}


def delete_webapp(
    account: Account,
    name: str,
    *,
    hear: Callable[[str], None] = lambda sentence: None,
    poll_seconds: float = POLL_SECONDS,
) -> bool:
    """Delete a web app, its page and its log, and say whether it is gone.

    Bundles on S3 stay: other web apps and endpoints may use them; `aws delete` removes them.

    Raises:
        UsageError: the name is not allowed.
        ServiceError: something cannot be deleted.
    """
    return Stacks(account, hear=hear, poll_seconds=poll_seconds).delete(stack_name(account, name))
