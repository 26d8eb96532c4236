"""What a container does when SageMaker starts it with ``train``."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from reviewdesk.aws.container import Container
from reviewdesk.aws.ending import STOP_SECONDS, Ending
from reviewdesk.aws.hyperparameters import training_settings
from reviewdesk.aws.job_log import say
from reviewdesk.aws.learning import TrainingJob
from reviewdesk.aws.script import ScriptFailed, is_script, run_script
from reviewdesk.errors import ReviewdeskError, Stopped
from reviewdesk.progress import listen

CHECKPOINTS: Final = "reviewdesk"
"""The folder below the job's checkpoints that is ours."""

NOTHING_YET: Final = (
    "the job was asked to end before it had learnt anything that can be used; give it more time, "
    "or a place for checkpoints to go on from"
)
SAVED: Final = "the job was asked to end; it goes on from its checkpoints"
INTERNAL: Final = 1


def main(stop_seconds: float = STOP_SECONDS) -> int:
    """Train as the job's files say, and return the exit code.

    Args:
        stop_seconds: it ends so long after SIGTERM at the latest.
    """
    container = Container.here()
    listen(say)
    ending = Ending(lambda: _give_up(container), stop_seconds)
    with ending.watched():
        try:
            if is_script(container.hyperparameters()):
                run_script(container)
            else:
                _train(container, ending)
        except Stopped:
            say(SAVED)
        except ScriptFailed as error:
            return _fail(container, str(error), error.failed_with)
        except ReviewdeskError as error:
            return _fail(container, str(error), error.exit_code)
        except MemoryError:
            return _fail(container, "the memory does not suffice; take a larger instance", INTERNAL)
        except Exception as error:  # the boundary: whatever happens becomes one sentence
            if os.environ.get("SM_LOG_LEVEL") == "10":
                raise
            return _fail(container, f"internal error ({type(error).__name__})", INTERNAL)
    return 0


def _train(container: Container, ending: Ending) -> None:
    hosts = container.hosts()
    channels = container.channels()
    settings = training_settings(container.hyperparameters())
    with _work(container) as work:
        job = TrainingJob(container, settings, work, ending.asked)
        if hosts.leads:
            job.run(channels, hosts)
        else:
            job.send_parts(channels, hosts)
            say(f"{hosts.leader} learns for all {len(hosts.names)} hosts")


@contextmanager
def _work(container: Container) -> Iterator[Path]:
    """Yield a folder for what is needed on the way: among the checkpoints, if there are any."""
    if container.checkpoints.is_dir():
        yield container.checkpoints / CHECKPOINTS
        return
    with tempfile.TemporaryDirectory(prefix="reviewdesk-") as folder:
        yield Path(folder)


def _fail(container: Container, sentence: str, code: int) -> int:
    container.write_failure(sentence)
    print(f"reviewdesk: {sentence}", file=sys.stderr, flush=True)  # noqa: T201
    return code or INTERNAL


def _give_up(container: Container) -> None:
    """End the process because the time after SIGTERM is over."""
    if container.checkpoints.is_dir():
        say(SAVED)
        os._exit(0)
    os._exit(_fail(container, NOTHING_YET, INTERNAL))


if __name__ == "__main__":
    sys.exit(main())
