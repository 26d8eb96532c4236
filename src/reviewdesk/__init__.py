"""reviewdesk turns customer reviews into decisions.

    import reviewdesk as rd

    reviews = rd.read("reviews.csv")
    model = rd.train(reviews, target="sentiment")
    model.predict(["Broke after a week."])

Nothing is loaded before it is used.
"""

import importlib
import sys
from types import ModuleType
from typing import Any, Final

__version__ = "0.1.0"

_FACE: Final = {
    "CustomersTable": "reviewdesk.api.exploration:CustomersTable",
    "Decisions": "reviewdesk.api.desk:Decisions",
    "ExperimentStatus": "reviewdesk.api.experiments:ExperimentStatus",
    "Explored": "reviewdesk.api.exploration:Explored",
    "FindingsTable": "reviewdesk.api.findings:FindingsTable",
    "Job": "reviewdesk.api.job:Job",
    "Model": "reviewdesk.api.model:Model",
    "Models": "reviewdesk.api.selection:Models",
    "RemoteModel": "reviewdesk.api.endpoint:RemoteModel",
    "ReviewGraph": "reviewdesk.api.graph:ReviewGraph",
    "Reviews": "reviewdesk.api.reviews:Reviews",
    "aws_delete": "reviewdesk.api.aws_account:aws_delete",
    "aws_deploy": "reviewdesk.api.aws_account:aws_deploy",
    "aws_graph_load": "reviewdesk.api.aws_stacks:aws_graph_load",
    "aws_pipeline": "reviewdesk.api.aws_stacks:aws_pipeline",
    "aws_pipeline_delete": "reviewdesk.api.aws_stacks:aws_pipeline_delete",
    "aws_policy": "reviewdesk.api.aws_account:aws_policy",
    "aws_predict": "reviewdesk.api.aws_account:aws_predict",
    "aws_status": "reviewdesk.api.aws_account:aws_status",
    "aws_train": "reviewdesk.api.aws_account:aws_train",
    "aws_tune": "reviewdesk.api.aws_account:aws_tune",
    "aws_webapp": "reviewdesk.api.aws_stacks:aws_webapp",
    "aws_webapp_delete": "reviewdesk.api.aws_stacks:aws_webapp_delete",
    "blend": "reviewdesk.api.selection:blend",
    "compare": "reviewdesk.api.selection:compare",
    "customers": "reviewdesk.api.exploration:customers",
    "desk": "reviewdesk.api.desk:desk",
    "emulate": "reviewdesk.api.aws:emulate",
    "endpoint": "reviewdesk.api.endpoint:endpoint",
    "evaluate_predictions": "reviewdesk.api.measuring:evaluate_predictions",
    "experiment": "reviewdesk.api.experiments:experiment",
    "explore": "reviewdesk.api.exploration:explore",
    "find": "reviewdesk.api.findings:find",
    "graph": "reviewdesk.api.graph:graph",
    "load": "reviewdesk.api.model:load",
    "local_pipeline": "reviewdesk.api.aws_stacks:local_pipeline",
    "local_web_app": "reviewdesk.api.aws:local_web_app",
    "monitor": "reviewdesk.api.monitoring:monitor",
    "prepare": "reviewdesk.api.reviews:prepare",
    "read": "reviewdesk.api.reviews:read",
    "run": "reviewdesk.api.job:run",
    "train": "reviewdesk.api.model:train",
    "transform": "reviewdesk.api.aws:transform",
    "tune": "reviewdesk.api.tuning:tune",
}


__all__ = ["__version__", *_FACE]  # noqa: PLE0604  (the stub beside this file names them)


def __getattr__(name: str) -> Any:
    if name not in _FACE:
        raise AttributeError(f"module 'reviewdesk' has no attribute {name!r}")
    module, _, attribute = _FACE[name].partition(":")
    return getattr(importlib.import_module(module), attribute)


def __dir__() -> list[str]:
    return __all__


class _Face(ModuleType):
    """Keeps functions that have the name of a room when that room is imported.

    ``from reviewdesk.prepare... import`` works all the same.
    """

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _FACE and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Face
