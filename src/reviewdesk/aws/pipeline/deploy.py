"""The pipeline with an account: a stack made, changed, deleted; and the same pipeline run here."""

from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from reviewdesk.aws.control.endpoint_plan import network
from reviewdesk.aws.control.resources import PREFIX
from reviewdesk.aws.control.session import Account
from reviewdesk.aws.control.stacks import Stacks
from reviewdesk.aws.control.transfer import own_prefix
from reviewdesk.aws.control.waiting import POLL_SECONDS
from reviewdesk.aws.pipeline.definition import Surroundings, pipeline_definition
from reviewdesk.aws.pipeline.local_tasks import LocalTasks
from reviewdesk.aws.pipeline.machine import Execution, Machine
from reviewdesk.aws.pipeline.settings import EMR, PipelineSettings
from reviewdesk.aws.pipeline.template import TOPIC, pipeline_template
from reviewdesk.errors import UsageError

HERE: Final = "local"
NOBODY: Final = "arn:aws:iam::000000000000:role/nobody"
LOCAL_TOPIC: Final = "arn:aws:sns:us-east-1:000000000000:local"


class Pipeline(NamedTuple):
    """A pipeline that is there.

    Args:
        name: of its stack.
        outcome: ``made``, ``changed`` or ``unchanged``.
        machine: ARN of the state machine; empty in a dry run.
        topic: ARN of the topic that is told; empty in a dry run.
    """

    name: str
    outcome: str
    machine: str
    topic: str


def pipeline_stack(account: Account) -> str:
    """Return the name of the pipeline's stack."""
    return f"{PREFIX}{account.project}-pipeline"


def deploy_pipeline(
    account: Account,
    settings: PipelineSettings,
    *,
    hear: Callable[[str], None] = lambda sentence: None,
    poll_seconds: float = POLL_SECONDS,
) -> Pipeline:
    """Make the pipeline of a project, or change it.

    Args:
        account: where; its role, image and bucket are the pipeline's.
        settings: of the pipeline.
        hear: is told what happens.
        poll_seconds: how often states are asked for.

    Raises:
        UsageError: something is not named.
        ServiceError: AWS refuses, or takes the stack back.
    """
    settings.check()
    _check(account, settings)
    around = Surroundings(
        base=str(own_prefix(account).below("pipeline")),
        project=account.project,
        image=account.settings.image,
        role=account.settings.role,
        topic=TOPIC,
        kms_key=account.settings.kms_key,
        vpc=network(account).get("VpcConfig"),
    )
    hear(f"runs at {settings.schedule}; each run costs what its jobs cost, and nothing between")
    stacks = Stacks(account, hear=hear, poll_seconds=poll_seconds)
    name = pipeline_stack(account)
    outcome, outputs = stacks.put(name, pipeline_template(settings, around), {})
    return Pipeline(name, outcome, outputs.get("Machine", ""), outputs.get("Topic", ""))


def delete_pipeline(
    account: Account,
    *,
    hear: Callable[[str], None] = lambda sentence: None,
    poll_seconds: float = POLL_SECONDS,
) -> bool:
    """Delete the pipeline of a project with its schedule, and say whether it is gone.

    Raises:
        ServiceError: something cannot be deleted.
    """
    return Stacks(account, hear=hear, poll_seconds=poll_seconds).delete(pipeline_stack(account))


def run_pipeline_here(
    folder: Path,
    settings: PipelineSettings,
    *,
    project: str = "reviewdesk",
    account: Account | None = None,
    hear: Callable[[str], None] = lambda sentence: None,
) -> Execution:
    """Run the pipeline once on this machine, step by step, by the definition that AWS runs.

    Args:
        folder: stands for S3; what the pipeline writes, and the live model, stay there.
        settings: of the pipeline; ``reviews`` may be a local path.
        project: the project's name.
        account: is asked for endpoints and messages; without one there is no endpoint.
        hear: is told each state, and what jobs print.

    Raises:
        UsageError: no reviews are named.
    """
    settings.check()
    if not settings.reviews:
        raise UsageError("no reviews: give --reviews, files or an address")
    around = Surroundings(
        base=f"s3://{HERE}/reviewdesk/{project}/pipeline",
        project=project,
        image="reviewdesk",
        role=NOBODY,
        topic=LOCAL_TOPIC,
    )
    tasks = LocalTasks(folder, account=account, hear=hear)
    return Machine(pipeline_definition(settings, around), tasks, hear=hear).run()


def _check(account: Account, settings: PipelineSettings) -> None:
    wanted = {
        "--role": account.settings.role,
        "--image": account.settings.image,
        "--reviews": settings.reviews,
        "--application": settings.application,
        "--script": settings.script or settings.prepare_on != EMR,
    }
    missing = [name for name, value in wanted.items() if not value]
    if missing:
        raise UsageError(f"the pipeline needs {', '.join(missing)}")
