"""The web app, the pipeline and graphs with an account, as functions."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from reviewdesk.api.aws_account import connected
from reviewdesk.aws.neptune import GraphLoad, GraphSettings, load_graph
from reviewdesk.aws.pipeline.deploy import (
    Pipeline,
    delete_pipeline,
    deploy_pipeline,
    run_pipeline_here,
)
from reviewdesk.aws.pipeline.machine import Execution
from reviewdesk.aws.pipeline.settings import PipelineSettings
from reviewdesk.aws.webapp.deploy import Webapp, delete_webapp, deploy_webapp
from reviewdesk.aws.webapp.settings import WebappSettings
from reviewdesk.progress import Progress

Hear = Callable[[str], None]


def aws_webapp(
    name: str,
    bundles: Mapping[str, str],
    *,
    config: str | Path | None = None,
    hear: Hear = lambda sentence: None,
    **settings: Any,
) -> Webapp:
    """Make a web app with an account, or change it.

    Args:
        name: the web app's name.
        bundles: what the page is about, by name: folders, ``.tar.gz`` or ``s3://`` addresses.
        config: YAML file with settings.
        hear: is told what happens.
        settings: of the account and of the web app, as in ``gateway="rest"``.

    Raises:
        UsageError: a setting is wrong, or there is no image or bucket.
        BundleError: a bundle cannot be used.
        ServiceError: AWS refuses, or takes it back.
    """
    configuration, account, own = connected(config, settings)
    asked = configuration.part("webapp", WebappSettings, own)
    return deploy_webapp(account, name, bundles, asked, hear=hear, progress=Progress())


def aws_webapp_delete(
    name: str,
    *,
    config: str | Path | None = None,
    hear: Hear = lambda sentence: None,
    **settings: Any,
) -> bool:
    """Delete a web app with its page and its log, and say whether it is gone.

    Args:
        name: the web app's name.
        config: YAML file with settings.
        hear: is told what happens.
        settings: of the account, as in ``region="eu-west-1"``.

    Raises:
        UsageError: a setting is wrong.
        ServiceError: something cannot be deleted.
    """
    return delete_webapp(connected(config, settings)[1], name, hear=hear)


def aws_graph_load(
    folder: str | Path,
    *,
    config: str | Path | None = None,
    hear: Hear = lambda sentence: None,
    **settings: Any,
) -> GraphLoad:
    """Load the files that a graph was exported to into Neptune.

    Args:
        folder: files of the format ``neptune-gremlin`` or ``neptune-opencypher``.
        config: YAML file with settings.
        hear: is told each state of the load.
        settings: of the account and of the load, as in ``cluster="https://..."``.

    Raises:
        InputError: a file breaks a rule of the loader; nothing was sent.
        UsageError: a setting is wrong.
        ServiceError: S3 or Neptune refuses, or the load did not end well.
    """
    configuration, account, own = connected(config, settings)
    asked = configuration.part("graph", GraphSettings, own)
    return load_graph(account, Path(folder), asked, hear=hear, progress=Progress())


def aws_pipeline(
    *,
    config: str | Path | None = None,
    hear: Hear = lambda sentence: None,
    **settings: Any,
) -> Pipeline:
    """Make the monthly pipeline of a project, or change it.

    Args:
        config: YAML file with settings.
        hear: is told what happens.
        settings: of the account and of the pipeline, as in ``schedule="rate(30 days)"``.

    Raises:
        UsageError: a setting is wrong or missing.
        ServiceError: AWS refuses, or takes it back.
    """
    configuration, account, own = connected(config, settings)
    asked = configuration.part("pipeline", PipelineSettings, own)
    return deploy_pipeline(account, asked, hear=hear)


def aws_pipeline_delete(
    *,
    config: str | Path | None = None,
    hear: Hear = lambda sentence: None,
    **settings: Any,
) -> bool:
    """Delete the pipeline of a project with its schedule, and say whether it is gone.

    Args:
        config: YAML file with settings.
        hear: is told what happens.
        settings: of the account, as in ``region="eu-west-1"``.

    Raises:
        UsageError: a setting is wrong.
        ServiceError: something cannot be deleted.
    """
    return delete_pipeline(connected(config, settings)[1], hear=hear)


def local_pipeline(
    reviews: str | Path,
    out: str | Path,
    *,
    hear: Hear = lambda sentence: None,
    **settings: Any,
) -> Execution:
    """Run the pipeline once on this machine, by the definition that Step Functions gets.

    Args:
        reviews: review files.
        out: a folder that stands for S3; the live model stays there for the next run.
        hear: is told each state, and what jobs print.
        settings: of the pipeline, as in ``least=0.8``.

    Raises:
        UsageError: a setting is wrong.
    """
    asked = PipelineSettings.from_json({"reviews": str(reviews), **settings})
    return run_pipeline_here(Path(out), asked, hear=hear)
