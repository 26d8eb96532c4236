"""A training job's folders, filled as the platform fills them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from reviewdesk.aws.container import FAST_FILE, FILE, PIPE, RECORD_IO, SHARDED
from reviewdesk.aws.local.objects import (
    Object,
    is_folder,
    manifest_lines,
    manifest_objects,
    objects,
)
from reviewdesk.aws.local.pipes import (
    GZIP,
    FedPipe,
    Payloads,
    manifest_payloads,
    object_payloads,
)
from reviewdesk.aws.local.report import Report
from reviewdesk.errors import InputError

AUGMENTED: Final = "AugmentedManifestFile"
MANIFEST_FILE: Final = "ManifestFile"
PREFIX: Final = "S3Prefix"
MOST_CHANNELS: Final = 20
DOCUMENTED_VALUE: Final = 256
"""Letters of a hyper-parameter's value by the text of the API; its model allows more."""
MOST_METRICS: Final = 40


@dataclass(frozen=True)
class ChannelRequest:
    """A channel as a job asks for it.

    Args:
        name: the channel's name.
        mode: ``File``, ``FastFile`` or ``Pipe``.
        address: where its objects are.
        kind: ``S3Prefix``, ``ManifestFile`` or ``AugmentedManifestFile``.
        attributes: of an augmented manifest, what is streamed.
        sharded: whether each host gets a part.
        wrapper: ``RecordIO`` or ``None``.
        compression: ``Gzip`` or ``None``.
        content_type: its media type; empty without one.
        seed: by which the order is drawn anew in each epoch.
    """

    name: str
    mode: str
    address: str
    kind: str
    attributes: tuple[str, ...]
    sharded: bool
    wrapper: str
    compression: str
    content_type: str
    seed: int | None

    @classmethod
    def of(cls, channel: Mapping[str, Any], mode: str) -> "ChannelRequest":
        """Return a channel of a request; ``mode`` is that of the job.

        Raises:
            InputError: its data is not on S3.
        """
        source = channel["DataSource"].get("S3DataSource")
        if source is None:
            raise InputError(f"the channel {channel['ChannelName']} has no S3DataSource")
        shuffle = channel.get("ShuffleConfig")
        return cls(
            channel["ChannelName"],
            channel.get("InputMode", mode),
            source["S3Uri"],
            source["S3DataType"],
            tuple(source.get("AttributeNames", ())),
            source.get("S3DataDistributionType") == SHARDED,
            channel.get("RecordWrapperType", "None"),
            channel.get("CompressionType", "None"),
            channel.get("ContentType", ""),
            shuffle["Seed"] if shuffle else None,
        )

    def config(self) -> dict[str, str]:
        """Return what a container is told of it."""
        config = {
            "TrainingInputMode": self.mode,
            "S3DistributionType": SHARDED if self.sharded else "FullyReplicated",
            "RecordWrapperType": self.wrapper,
        }
        return config | ({"ContentType": self.content_type} if self.content_type else {})

    def check(self, report: Report) -> None:
        """Report what the API does not take."""
        where = f"the channel {self.name}"
        piped = self.mode == PIPE
        if self.kind == AUGMENTED and not (piped and self.attributes):
            report.broke(
                "input-mode",
                f"{where}: an augmented manifest needs the mode Pipe and AttributeNames",
            )
        if self.kind != AUGMENTED and self.attributes:
            report.broke("input-mode", f"{where}: only augmented manifests have AttributeNames")
        if self.mode == FAST_FILE and self.kind != PREFIX:
            report.broke("input-mode", f"{where}: FastFile takes an S3Prefix and no manifest")
        elif self.mode == FAST_FILE and not is_folder(self.address):
            report.broke("input-mode", f"{where}: the prefix of FastFile must be a whole folder")
        if self.compression == GZIP and not piped:
            report.broke("input-mode", f"{where}: only the mode Pipe unpacks Gzip")
        if self.wrapper == RECORD_IO and not piped:
            report.broke("input-mode", f"{where}: RecordIO wraps what comes in the mode Pipe")


@dataclass(frozen=True)
class TrainingRequest:
    """A training job as it is asked for.

    Args:
        request: what CreateTrainingJob takes.
        channels: its channels.
    """

    request: Mapping[str, Any]
    channels: list[ChannelRequest] = field(init=False)

    def __post_init__(self) -> None:
        mode = self.request["AlgorithmSpecification"]["TrainingInputMode"]
        given = self.request.get("InputDataConfig", ())
        object.__setattr__(self, "channels", [ChannelRequest.of(one, mode) for one in given])

    @property
    def name(self) -> str:
        """The job's name."""
        return str(self.request["TrainingJobName"])

    @property
    def hosts(self) -> list[str]:
        """The hosts' names; of several they are addresses by which they reach each other here."""
        count = int(self.request["ResourceConfig"].get("InstanceCount", 1))
        return ["algo-1"] if count == 1 else [f"127.0.0.{number}" for number in range(1, count + 1)]

    def check(self, report: Report) -> None:
        """Report what the API does not take, or may not."""
        for channel in self.channels:
            channel.check(report)
        if len(self.channels) > MOST_CHANNELS:
            report.broke("channels", f"there are {len(self.channels)} channels; 20 are allowed")
        names = [one.name for one in self.channels]
        if len(set(names)) < len(names):
            report.broke("channels", "two channels have the same name")
        parameters = self.request.get("HyperParameters", {})
        if len(parameters) > 100:
            report.broke("hyper-parameters", f"there are {len(parameters)}; 100 are allowed")
        for name, value in parameters.items():
            if len(value) > DOCUMENTED_VALUE:
                report.broke(
                    "hyper-parameters",
                    f"the value of {name} has {len(value)} letters; {DOCUMENTED_VALUE} are sure "
                    "to be taken",
                )
        definitions = self.request["AlgorithmSpecification"].get("MetricDefinitions", ())
        if len(definitions) > MOST_METRICS:
            report.broke("metrics", f"there are {len(definitions)} definitions; 40 are allowed")

    def fill(self, base: Path, host: int) -> list[FedPipe]:
        """Make one host's folders and return the pipes that are fed.

        Args:
            base: what stands for ``/opt/ml``; empty.
            host: which of the hosts.

        Raises:
            InputError: a channel has no data, or not what its kind says.
            StorageError: it cannot be read or written.
        """
        config, data = base / "input" / "config", base / "input" / "data"
        for folder in (config, data, base / "model", base / "output" / "data"):
            folder.mkdir(parents=True)
        hosts, one_type = self.hosts, self.request["ResourceConfig"].get("InstanceType", "local")
        group = {"instance_group_name": "homogeneousCluster", "instance_type": one_type}
        described = {
            "hyperparameters.json": dict(self.request.get("HyperParameters", {})),
            "inputdataconfig.json": {one.name: one.config() for one in self.channels},
            "resourceconfig.json": {
                "current_host": hosts[host],
                "current_instance_type": one_type,
                "current_group_name": "homogeneousCluster",
                "hosts": sorted(hosts),
                "instance_groups": [{**group, "hosts": sorted(hosts)}],
                "network_interface_name": "eth0" if len(hosts) == 1 else "lo",
            },
        }
        for name, value in described.items():
            (config / name).write_text(json.dumps(value))
        return [pipe for one in self.channels for pipe in self._channel(one, data, host)]

    def _channel(self, channel: ChannelRequest, data: Path, host: int) -> list[FedPipe]:
        if channel.mode == PIPE:
            return [FedPipe(data, channel.name, self._payloads(channel, host))]
        for one in self._part(channel, _objects(channel), host):
            path = data / channel.name / one.name
            one.copy(path)
            if channel.mode != FILE:
                path.chmod(0o444)
        (data / channel.name).mkdir(exist_ok=True)
        return []

    def _payloads(self, channel: ChannelRequest, host: int) -> Payloads:
        if channel.kind == AUGMENTED:
            lines = self._part(channel, manifest_lines(channel.address), host)
            return manifest_payloads(lines, channel.attributes, channel.wrapper, channel.seed)
        found = self._part(channel, _objects(channel), host)
        return object_payloads(found, channel.wrapper, channel.compression, channel.seed)

    def _part(self, channel: ChannelRequest, found: Sequence[Any], host: int) -> list[Any]:
        """Return a host's part of a channel."""
        return list(found[host :: len(self.hosts)] if channel.sharded else found)


def _objects(channel: ChannelRequest) -> list[Object]:
    if channel.kind == MANIFEST_FILE:
        return manifest_objects(channel.address)
    return objects(channel.address)
