"""Work with an account of AWS: what `reviewdesk aws` does, as functions."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from reviewdesk.aws.control.batch_job import TransformedFiles, Transformer
from reviewdesk.aws.control.batch_table import label_by_transform
from reviewdesk.aws.control.configuration import Configuration, read_configuration
from reviewdesk.aws.control.deploy import Deployer, Deployment
from reviewdesk.aws.control.inventory import Deleter, Deletion
from reviewdesk.aws.control.policies import Policies
from reviewdesk.aws.control.prices import Prices, kept_prices
from reviewdesk.aws.control.session import Account
from reviewdesk.aws.control.settings import (
    AccountSettings,
    DeploySettings,
    TrainJobSettings,
    TransformJobSettings,
)
from reviewdesk.aws.control.status import Status, status
from reviewdesk.aws.control.training_job import TrainedJob, Trainer, TunedJob
from reviewdesk.errors import UsageError
from reviewdesk.job.places import prepared_of
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.progress import Progress
from reviewdesk.scoring.endpoint import EndpointPredictor
from reviewdesk.scoring.labelled_rows import label_rows
from reviewdesk.scoring.predict import PredictSummary, predict
from reviewdesk.scoring.row_files import SUFFIXES
from reviewdesk.settings import SourceSettings
from reviewdesk.sources.catalog import open_inputs

Hear = Callable[[str], None]


def aws_deploy(
    name: str,
    *,
    config: str | Path | None = None,
    prices: str | Path | None = None,
    hear: Hear = lambda sentence: None,
    **settings: Any,
) -> Deployment:
    """Make an endpoint of SageMaker's, or change it without an outage; its end is always set.

    Args:
        name: the endpoint's name.
        config: YAML file with settings.
        prices: file of prices in place of AWS's Pricing API.
        hear: is told what happens, first what it costs.
        settings: of the account and of the endpoint, as in ``model="bundle", expires="8h"``.

    Raises:
        UsageError: it has no end, or a setting is wrong; nothing was made.
        ServiceError: AWS refuses, or what was deployed does not answer; it was as before then.
    """
    configuration, account, own = connected(config, settings)
    asked = configuration.part("deploy", DeploySettings, own)
    deployer = Deployer(account, _prices(account, prices), hear, Progress())
    return deployer.deploy(name, asked)


def aws_status(
    *, config: str | Path | None = None, prices: str | Path | None = None, **settings: Any
) -> Status:
    """Return what is ours in a region, what it has cost, and which endpoints nobody asks.

    Args:
        config: YAML file with settings.
        prices: file of prices in place of AWS's Pricing API.
        settings: of the account, as in ``region="eu-west-1"``.

    Raises:
        UsageError: a setting is wrong.
    """
    account = _account(config, settings)
    return status(account, _prices(account, prices))


def aws_delete(
    endpoints: Sequence[str] = (),
    *,
    files: bool = True,
    every_project: bool = False,
    config: str | Path | None = None,
    hear: Hear = lambda sentence: None,
    **settings: Any,
) -> Deletion:
    """Delete what is ours in a region, until a listing shows that nothing is left.

    Args:
        endpoints: only these, with what belongs to them; none named: everything of the project.
        files: whether the project's files in its bucket go too.
        every_project: everything of every project.
        config: YAML file with settings.
        hear: is told what is deleted.
        settings: of the account, as in ``region="eu-west-1"``.

    Returns:
        What was removed, what is left, and whether a listing of everything proved that it is
        nothing.

    Raises:
        UsageError: a setting is wrong.
    """
    account = _account(config, settings)
    return Deleter(account, hear=hear).delete(endpoints, files=files, every_project=every_project)


def aws_train(
    *,
    name: str = "",
    out: str | Path | None = None,
    wait: bool = True,
    config: str | Path | None = None,
    prices: str | Path | None = None,
    hear: Hear = lambda sentence: None,
    **settings: Any,
) -> TrainedJob:
    """Run a training job of SageMaker's, and fetch what it learnt.

    Args:
        name: of the job; one that was sent before is watched and not sent again.
        out: new folder for what it learnt.
        wait: whether to wait for its end.
        config: YAML file with settings.
        prices: file of prices in place of AWS's Pricing API.
        hear: is told what happens, and each line of its log.
        settings: of the account and of the job, as in ``data="prepared", spot=True``.

    Raises:
        UsageError: a setting is wrong or missing; nothing was sent.
        ServiceError: AWS refuses.
    """
    configuration, account, own = connected(config, settings)
    asked = configuration.part("train", TrainJobSettings, own)
    trainer = Trainer(account, _prices(account, prices), hear, Progress())
    return trainer.train(asked, name=name, out=_path(out), wait=wait)


def aws_tune(
    job: Mapping[str, Any],
    *,
    name: str = "",
    out: str | Path | None = None,
    wait: bool = True,
    config: str | Path | None = None,
    prices: str | Path | None = None,
    hear: Hear = lambda sentence: None,
    **settings: Any,
) -> TunedJob:
    """Run a tuning job of SageMaker's, and fetch what the best of its jobs learnt.

    Args:
        job: ranges, limits and objective, as ``tune --write-job`` writes them.
        name: of the job; one that was sent before is watched and not sent again.
        out: new folder for what the best job learnt.
        wait: whether to wait for its end.
        config: YAML file with settings.
        prices: file of prices in place of AWS's Pricing API.
        hear: is told what happens.
        settings: of the account and of its jobs, as in ``data="prepared", spot=True``.

    Raises:
        InputError: ``job`` is no tuning job.
        UsageError: a setting is wrong or missing; nothing was sent.
        ServiceError: AWS refuses.
    """
    configuration, account, own = connected(config, settings)
    asked = configuration.part("tune", TrainJobSettings, own, over="train")
    trainer = Trainer(account, _prices(account, prices), hear, Progress())
    return trainer.tune(job, asked, name=name, out=_path(out), wait=wait)


def aws_predict(
    endpoint: str,
    data: str | Path,
    out: str | Path,
    *,
    config: str | Path | None = None,
    prices: str | Path | None = None,
    hear: Hear = lambda sentence: None,
    **settings: Any,
) -> TransformedFiles:
    """Have files labelled by a batch transform of SageMaker's; for an endpoint see ``endpoint``.

    Args:
        endpoint: whose model labels, unless ``model=`` names another.
        data: a review file or a prepared folder; where ``out`` is a folder, a file or folder with
            a record a line as the container reads it, local or on S3.
        out: a file that ends in .csv, .tsv, .jsonl or .parquet, of a prepared folder in .parquet:
            what ``Model.predict_file`` writes; or a folder for the answers as they are.
        config: YAML file with settings.
        prices: file of prices in place of AWS's Pricing API.
        hear: is told what happens.
        settings: of the account and of the job, as in ``content_type="text/csv"``.

    Raises:
        UsageError: a setting is wrong or missing; nothing was sent.
        ServiceError: AWS refuses.
    """
    configuration, account, own = connected(config, settings)
    asked = configuration.part("predict", TransformJobSettings, own)
    transformer = Transformer(account, _prices(account, prices), hear, Progress())
    table = Path(out)
    if table.suffix not in SUFFIXES:
        return transformer.transform(endpoint, str(data), asked, table)
    opened = prepared_of(Path(data)) or open_inputs([str(data)], SourceSettings())

    def write(predictor: EndpointPredictor) -> PredictSummary:
        if isinstance(opened, PreparedData):
            return predict(predictor, opened, table, progress=Progress())
        return label_rows(predictor, opened, table, progress=Progress())

    return label_by_transform(transformer, endpoint, opened, asked, write)[0]


def aws_policy(
    command: str, *, config: str | Path | None = None, **settings: Any
) -> dict[str, Any]:
    """Return the least that a command of `reviewdesk aws` needs, as a policy of IAM.

    Args:
        command: as in ``deploy`` or ``webapp-deploy``; ``role`` is for what SageMaker's jobs and
            endpoints run as.
        config: YAML file with settings.
        settings: of the account: bucket and role must be among them.

    Raises:
        UsageError: there is no such command, or a setting is missing.
    """
    return Policies(_account(config, settings)).of(command)


def connected(
    config: str | Path | None, settings: dict[str, Any]
) -> tuple[Configuration, Account, dict[str, Any]]:
    """Return what the file says, the account, and the settings that are not the account's."""
    configuration = read_configuration(_path(config))
    names = {name for name, *_ in AccountSettings.described()}
    shared = {name: value for name, value in settings.items() if name in names}
    own = {name: value for name, value in settings.items() if name not in names}
    return configuration, Account(configuration.account(shared)), own


def _account(config: str | Path | None, settings: dict[str, Any]) -> Account:
    _, account, others = connected(config, settings)
    if others:
        raise UsageError(f"{sorted(others)[0]} is no setting of an account")
    return account


def _prices(account: Account, file: str | Path | None) -> Prices:
    return Prices(account, _path(file), kept_prices())


def _path(place: str | Path | None) -> Path | None:
    return None if place is None else Path(place)
