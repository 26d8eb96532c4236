"""Script mode: the user's own program, started as SageMaker's training toolkit starts it.

The hyper-parameters ``sagemaker_program`` and ``sagemaker_submit_directory`` name it and the
archive that it is in; it gets the other ones as arguments, and ``SM_*`` variables. Source: github
aws/sagemaker-training-toolkit, ``environment.py``, ``mapping.py``, ``entry_point.py``.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, Final

from reviewdesk.aws.container import Container
from reviewdesk.aws.hyperparameters import RESERVED, decoded, user_hyperparameters
from reviewdesk.aws.job_log import say
from reviewdesk.errors import InputError, ReviewdeskError, UsageError
from reviewdesk.formats.archive import safe_name, unpack_archive
from reviewdesk.optional import is_installed
from reviewdesk.storage import filesystem, read_json, storage_errors

PROGRAM: Final = "sagemaker_program"
SUBMIT_DIRECTORY: Final = "sagemaker_submit_directory"
LOCAL: Final = "file://"
ARCHIVE: Final = "sourcedir.tar.gz"
REQUIREMENTS: Final = "requirements.txt"
LOG_LEVEL: Final = 20
_ERROR: Final = re.compile(r"^(?:\w+\.)*(\w+(?:Error|Exception|Interrupt|Exit))\b")


class ScriptFailed(ReviewdeskError):
    """The user's own program has failed."""

    def __init__(self, sentence: str, exit_code: int) -> None:
        super().__init__(sentence)
        self.failed_with = exit_code


def is_script(texts: Mapping[str, str]) -> bool:
    """Say whether hyper-parameters name a program of the user's."""
    return PROGRAM in texts


def run_script(container: Container) -> None:
    """Run the user's program to its end; SIGTERM is passed on to it.

    Raises:
        ScriptFailed: it ended with another exit code than 0.
        UsageError: there is no such program.
        BundleError: its archive is damaged or hostile.
        StorageError: its archive cannot be read.
    """
    texts = container.hyperparameters()
    program = safe_name(str(decoded(texts[PROGRAM])))
    _fetch(container, str(decoded(texts.get(SUBMIT_DIRECTORY, '""'))))
    if not (container.code / program).is_file():
        raise UsageError(f"the source archive holds no {program}, which {PROGRAM} names")
    _install(container.code / REQUIREMENTS)
    arguments = script_arguments(user_hyperparameters(texts))
    variables = script_environment(container, texts, program, arguments)
    code, last = _run(_command(program, arguments), container.code, variables)
    if code:
        reason = f" ({last})" if last else ""
        raise ScriptFailed(f"{program} ended with exit code {code}{reason}", code)
    with storage_errors(str(container.output)):
        (container.output / "success").touch()


def script_arguments(values: Mapping[str, Any]) -> list[str]:
    """Return hyper-parameters as a program's arguments: sorted, ``--name value``."""
    arguments = []
    for name in sorted(values):
        value = values[name]
        if isinstance(value, dict):
            value = ",".join(f"{key}={one}" for key, one in value.items())
        arguments += [f"-{name}" if len(name) == 1 else f"--{name}", str(value)]
    return arguments


def script_environment(
    container: Container, texts: Mapping[str, str], program: str, arguments: list[str]
) -> dict[str, str]:
    """Return the ``SM_*`` variables, each value as the toolkit writes it.

    Args:
        container: whose folders they name.
        texts: all hyper-parameters.
        program: the program's path in its archive.
        arguments: what it is started with.

    Raises:
        InputError: a file of the job's configuration is not what SageMaker writes.
    """
    values, hosts = user_hyperparameters(texts), container.hosts()
    resources = _read(container.config / "resourceconfig.json")
    groups = resources.get("instance_groups", [])
    own_group = resources.get("current_group_name", "homogeneousCluster")
    by_name = {one["instance_group_name"]: one for one in groups}
    channels = sorted(container.channels())
    module = program.removesuffix(".py").replace("/", ".")
    framework = {
        name: decoded(text)
        for name, text in texts.items()
        if name.startswith("sagemaker_") and name not in RESERVED
    }
    named: dict[str, Any] = {
        "hosts": list(hosts.names),
        "current_host": hosts.current,
        "network_interface_name": hosts.interface,
        "hps": values,
        "user_entry_point": program,
        "framework_params": framework,
        "resource_config": resources,
        "input_data_config": _read(container.config / "inputdataconfig.json"),
        "output_data_dir": str(container.output / "data"),
        "channels": channels,
        "current_instance_type": resources.get("current_instance_type", "local"),
        "current_instance_group": own_group,
        "current_instance_group_hosts": by_name.get(own_group, {}).get("hosts", list(hosts.names)),
        "instance_groups": sorted(by_name),
        "instance_groups_dict": by_name,
        "distribution_instance_groups": [],
        "is_hetero": len(by_name) > 1,
        "module_name": module,
        "log_level": LOG_LEVEL,
        "framework_module": None,
        "input_dir": str(container.base / "input"),
        "input_config_dir": str(container.config),
        "output_dir": str(container.output),
        "num_cpus": os.cpu_count() or 1,
        "num_gpus": len(list(Path("/dev").glob("nvidia[0-9]*"))),
        "num_neurons": 0,
        "model_dir": str(container.model),
        "module_dir": str(decoded(texts.get(SUBMIT_DIRECTORY, '""'))) or str(container.code),
        "user_args": arguments,
        "output_intermediate_dir": str(container.output / "intermediate"),
        **{f"channel_{name}": str(container.data / name) for name in channels},
        **{f"hp_{name}": value for name, value in values.items()},
    }
    named["training_env"] = {
        "channel_input_dirs": {name: str(container.data / name) for name in channels},
        "hyperparameters": values,
        "is_master": hosts.leads,
        "job_name": os.environ.get("TRAINING_JOB_NAME", ""),
        "master_hostname": hosts.leader,
        **{name: named[name] for name in _IN_TRAINING_ENV},
    }
    return {f"SM_{name.upper()}": _encoded(value) for name, value in named.items()}


_IN_TRAINING_ENV: Final = (
    *("current_host", "hosts", "network_interface_name", "resource_config", "input_data_config"),
    *("input_dir", "input_config_dir", "output_dir", "output_data_dir", "model_dir", "log_level"),
    *("output_intermediate_dir", "module_dir", "module_name", "num_cpus", "num_gpus"),
    *("current_instance_type", "current_instance_group", "user_entry_point", "is_hetero"),
)


def _encoded(value: Any) -> str:
    """Return a variable's value: texts as they are, None as nothing, all else as JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def _read(path: Path) -> dict[str, Any]:
    found = read_json(path) if path.exists() else {}
    if not isinstance(found, dict):
        raise InputError(f"{path} is no JSON object")
    return found


def _fetch(container: Container, address: str) -> None:
    """Put the user's files into the code folder, unless they are there."""
    if not address or Path(address) == container.code:
        return
    folder = address.removeprefix(LOCAL)
    with storage_errors(address):
        if Path(folder).is_dir():
            shutil.copytree(folder, container.code, dirs_exist_ok=True)
            return
        files, path = filesystem(folder)
        with tempfile.TemporaryDirectory(prefix="reviewdesk-") as aside:
            archive, unpacked = Path(aside) / ARCHIVE, Path(aside) / "code"
            with files.open_input_stream(path, None) as source, archive.open("wb") as out:
                shutil.copyfileobj(source, out)
            unpack_archive(archive, unpacked)
            shutil.copytree(unpacked, container.code, dirs_exist_ok=True)


def _install(requirements: Path) -> None:
    """Install what the user's program needs, as the toolkit does."""
    if not requirements.is_file():
        return
    if not is_installed("pip"):
        raise UsageError(f"{requirements.name} is there, but no pip to install it with")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "-r", str(requirements)]
    if subprocess.run(command, check=False).returncode:  # noqa: S603  (the user's own job)
        raise UsageError(f"what {requirements.name} names could not be installed")


def _command(program: str, arguments: list[str]) -> list[str]:
    if program.endswith(".py"):
        return [sys.executable, program, *arguments]
    return ["/bin/sh", program, *arguments]


def _run(command: list[str], folder: Path, variables: Mapping[str, str]) -> tuple[int, str]:
    """Run a command; return its exit code, and the kind of the error that it printed last.

    What else an error says may hold a review's text, which stays in the log.
    """
    path = os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH", "")]))
    environment = {**os.environ, **variables, "PYTHONPATH": path}
    process = subprocess.Popen(  # noqa: S603  (the user's own program)
        command, cwd=folder, env=environment, stderr=subprocess.PIPE, text=True, errors="replace"
    )
    before = signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    try:
        stream: IO[str] = process.stderr  # type: ignore[assignment]
        last = ""
        for line in stream:
            sys.stderr.write(line)
            found = _ERROR.match(line)
            last = found[1] if found else last
        sys.stderr.flush()
        code = process.wait()
    finally:
        signal.signal(signal.SIGTERM, before)
        stream.close()
    say(f"{command[1]} ended with exit code {code}")
    return (code if code >= 0 else 128 - code), last
