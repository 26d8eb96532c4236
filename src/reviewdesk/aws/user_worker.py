"""The user's ``code/inference.py`` in a process of its own: one request at a time.

The functions are those of SageMaker's inference toolkit: ``model_fn(model_dir)``, ``input_fn(body,
content_type)``, ``predict_fn(data, model)`` and ``output_fn(prediction, accept)``, or
``transform_fn(model, data, content_type, accept)`` in the place of the last three; each may take a
context more. Source: github aws/sagemaker-inference-toolkit, ``transformer.py``.
"""

import base64
import importlib.util
import inspect
import json
import os
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from reviewdesk.process import Answer, answer_requests

ANSWERED: Final = b"A"
FAILED: Final = b"F"
REFUSED: Final = b"R"
TEXTS: Final = ("application/json", "text/csv")
"""What ``input_fn`` gets as text and not as bytes."""
FUNCTIONS: Final = ("model_fn", "input_fn", "predict_fn", "output_fn", "transform_fn")


class UserCode:
    """The functions of a module and the model that they made.

    Args:
        module: what was loaded.
        directory: the model directory.

    Raises:
        ValueError: the functions that are there do not make an answer.
    """

    def __init__(self, module: ModuleType, directory: Path) -> None:
        self._functions = {
            name: getattr(module, name) for name in FUNCTIONS if hasattr(module, name)
        }
        transform = "transform_fn" in self._functions
        if transform and self._functions.keys() & {"input_fn", "predict_fn", "output_fn"}:
            raise ValueError("transform_fn stands in the place of input_fn, predict_fn, output_fn")
        for name in ("model_fn", *(() if transform else ("predict_fn",))):
            if name not in self._functions:
                raise ValueError(f"it has no {name}")
        if hasattr(module, "pre_model_fn"):
            _call(module.pre_model_fn, str(directory))
        self._model = _call(self._functions["model_fn"], str(directory))
        if hasattr(module, "model_warmup_fn"):
            _call(module.model_warmup_fn, str(directory), self._model)

    def answer(self, body: bytes, content_type: str, accept: str) -> tuple[bytes, str]:
        """Return the answer's body and its media type."""
        kind = content_type.partition(";")[0].strip().lower()
        data: Any = body.decode() if kind in TEXTS else body
        functions = self._functions
        if "transform_fn" in functions:
            answer_ = _call(functions["transform_fn"], self._model, data, content_type, accept)
        else:
            given = _call(functions.get("input_fn", _default_input), data, content_type)
            prediction = _call(functions["predict_fn"], given, self._model)
            answer_ = _call(functions.get("output_fn", _default_output), prediction, accept)
        content, answered = answer_ if isinstance(answer_, tuple) else (answer_, accept)
        return content.encode() if isinstance(content, str) else bytes(content), str(answered)


def load(path: Path) -> ModuleType:
    """Run a module from its file and return it; what lies beside it can be imported."""
    sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location("inference", path)
    if spec is None or spec.loader is None:
        raise ValueError(f"{path.name} is no Python module")
    module = importlib.util.module_from_spec(spec)
    sys.modules["inference"] = module
    spec.loader.exec_module(module)
    return module


def _call(function: Callable[..., Any], *values: Any) -> Any:
    """Call a function of the user's, which may take a context behind its values."""
    parameters = inspect.signature(function).parameters.values()
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    places = [one for one in parameters if one.kind in positional]
    return function(*values, *([None] if len(places) > len(values) else []))


def _default_input(data: Any, content_type: str) -> Any:
    return json.loads(data) if content_type.startswith("application/json") else data


def _default_output(prediction: Any, accept: str) -> tuple[str, str]:
    plain = prediction.tolist() if hasattr(prediction, "tolist") else prediction
    return json.dumps(plain), "application/json"


def _respond(code: UserCode, request: Mapping[str, str]) -> Answer:
    try:
        body = base64.b64decode(request["body"])
        content, kind = code.answer(body, request["content_type"], request["accept"])
    except UnicodeDecodeError:
        return REFUSED, b"the body is not valid UTF-8"
    except Exception as error:  # the user's own code: its place goes to the log, no text does
        frames = traceback.extract_tb(error.__traceback__)
        place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}"
        sys.stderr.write(f"{type(error).__name__} at {place}\n")
        sys.stderr.flush()
        return FAILED, f"the model's own code failed ({type(error).__name__} at {place})".encode()
    return ANSWERED, kind.encode() + b"\n" + content


def main(file: str, directory: str) -> None:
    """Load the user's code and answer requests until there are no more."""
    answers = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what is printed meanwhile is no answer
    code = UserCode(load(Path(file)), Path(directory))
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    os.dup2(answers, sys.stdout.fileno())
    answer_requests(lambda request: _respond(code, request))


if __name__ == "__main__":
    main(*sys.argv[1:])
