"""The files that SageMaker puts around a container, and what it wants to find there afterwards.

    /opt/ml/
    ├── input/config/hyperparameters.json, inputdataconfig.json, resourceconfig.json
    ├── input/data/CHANNEL/            files of a channel; CHANNEL_0, CHANNEL_1 ... are its pipes
    ├── code/                          the user's own program
    ├── model/                         what becomes model.tar.gz
    ├── checkpoints/                   copied while a job runs, and given back when it goes on
    └── output/data/, output/failure   what becomes output.tar.gz, and why it failed

``SAGEMAKER_BASE_DIR`` puts another folder in the place of ``/opt/ml``. Source: Amazon SageMaker
developer guide, "How Amazon SageMaker provides training information".
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from reviewdesk.errors import InputError
from reviewdesk.storage import read_json, storage_errors

BASE: Final = "/opt/ml"
BASE_VARIABLE: Final = "SAGEMAKER_BASE_DIR"
FAILURE_LETTERS: Final = 1024
"""As much of ``failure`` SageMaker shows."""

FILE, FAST_FILE, PIPE = "File", "FastFile", "Pipe"
SHARDED: Final = "ShardedByS3Key"
RECORD_IO: Final = "RecordIO"


@dataclass(frozen=True)
class Hosts:
    """The machines of a training job.

    Args:
        current: the name of this one.
        names: of all of them, in order.
        interface: the network interface by which they reach each other.
    """

    current: str = "algo-1"
    names: tuple[str, ...] = ("algo-1",)
    interface: str = "eth0"

    @property
    def leader(self) -> str:
        """The one that learns where one learns for all."""
        return self.names[0]

    @property
    def leads(self) -> bool:
        """Whether this one does."""
        return self.current == self.leader


@dataclass(frozen=True)
class Channel:
    """How a channel of training data comes.

    Args:
        name: its name, as in ``train``.
        mode: ``File``, ``FastFile`` or ``Pipe``.
        content_type: media type; empty where nobody says it.
        sharded: whether each machine has a part of it.
        wrapper: ``RecordIO`` or ``None``.
    """

    name: str
    mode: str = FILE
    content_type: str = ""
    sharded: bool = False
    wrapper: str = "None"


@dataclass(frozen=True)
class Container:
    """A container's folders.

    Args:
        base: ``/opt/ml``, or what stands for it.
    """

    base: Path

    @classmethod
    def here(cls) -> "Container":
        """Return the container that this process runs in."""
        return cls(Path(os.environ.get(BASE_VARIABLE) or BASE))

    @property
    def config(self) -> Path:
        """Where the job is described."""
        return self.base / "input" / "config"

    @property
    def data(self) -> Path:
        """Where channels are."""
        return self.base / "input" / "data"

    @property
    def model(self) -> Path:
        """What becomes model.tar.gz."""
        return self.base / "model"

    @property
    def code(self) -> Path:
        """Where the user's own program is."""
        return self.base / "code"

    @property
    def output(self) -> Path:
        """What a job leaves beside its model."""
        return self.base / "output"

    @property
    def checkpoints(self) -> Path:
        """What a job goes on from; only there where the job keeps checkpoints."""
        return self.base / "checkpoints"

    def hyperparameters(self) -> dict[str, str]:
        """Return the job's hyper-parameters, all of them texts.

        Raises:
            InputError: the file is not that.
        """
        path = self.config / "hyperparameters.json"
        if not path.exists():
            return {}
        found = _object(path)
        if not all(isinstance(value, str) for value in found.values()):
            raise InputError(f"{path} holds a value that is no text; SageMaker passes texts only")
        return found

    def hosts(self) -> Hosts:
        """Return the job's machines; one, where nothing is said.

        Raises:
            InputError: the file is not what SageMaker writes.
        """
        path = self.config / "resourceconfig.json"
        if not path.exists():
            return Hosts()
        config = _object(path)
        names = config.get("hosts")
        current = config.get("current_host")
        if not isinstance(names, list) or not isinstance(current, str) or current not in names:
            raise InputError(f"{path} does not name its current_host among its hosts")
        interface = str(config.get("network_interface_name", "eth0"))
        return Hosts(current, tuple(sorted(map(str, names))), interface)

    def channels(self) -> dict[str, Channel]:
        """Return the job's channels by name; without a description, each folder is one.

        Raises:
            InputError: the file is not what SageMaker writes.
        """
        path = self.config / "inputdataconfig.json"
        if not path.exists():
            folders = sorted(self.data.iterdir()) if self.data.is_dir() else ()
            return {one.name: Channel(one.name) for one in folders if one.is_dir()}
        found = _object(path)
        if not all(isinstance(value, dict) for value in found.values()):
            raise InputError(f"{path} does not describe each channel by an object")
        return {name: _channel(name, value) for name, value in found.items()}

    def write_failure(self, sentence: str) -> None:
        """Leave the reason why a job failed, unless somebody else has.

        Raises:
            StorageError: it cannot be written.
        """
        path = self.output / "failure"
        with storage_errors(str(path)):
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists():
                path.write_text(sentence[:FAILURE_LETTERS])


def _object(path: Path) -> dict[str, Any]:
    found = read_json(path)
    if not isinstance(found, dict):
        raise InputError(f"{path} is no JSON object")
    return found


def _channel(name: str, config: dict[str, Any]) -> Channel:
    return Channel(
        name,
        str(config.get("TrainingInputMode") or FILE),
        str(config.get("ContentType") or ""),
        config.get("S3DistributionType") == SHARDED,
        str(config.get("RecordWrapperType") or "None"),
    )
