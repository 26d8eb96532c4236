"""What `reviewdesk serve` is told to serve."""

import re
from pathlib import Path
from typing import Final

from reviewdesk.errors import UsageError
from reviewdesk.job.places import bundle_of
from reviewdesk.serving.variants import ALL_TRAFFIC, ServedEndpoint, Variant

_VARIANT_NAME: Final = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9])*")  # as SageMaker has it
_LONGEST_NAME: Final = 63


def endpoints_of(words: list[str], shadows: list[str]) -> dict[str, ServedEndpoint]:
    """Return what is served by name; bundles are loaded.

    Args:
        words: ``NAME=BUNDLE`` or ``NAME=[VARIANT=]BUNDLE:WEIGHT,...``.
        shadows: ``NAME=BUNDLE:PART``.

    Raises:
        UsageError: a word is none of these, or a name is given twice.
    """
    heard: dict[str, list[Variant]] = {}
    for word in shadows:
        name, variants = _variants(word)
        heard.setdefault(name, []).extend(variants)
        if not all(0 < one.weight <= 1 for one in variants):
            raise UsageError(f"the shadow {word!r} needs a part of the requests, as in {word}:0.2")
    endpoints: dict[str, ServedEndpoint] = {}
    for word in words:
        name, variants = _variants(word, ALL_TRAFFIC)
        if name in endpoints:
            raise UsageError(f"the name {name!r} is given twice")
        endpoints[name] = ServedEndpoint(variants, heard.pop(name, []))
    if heard:
        raise UsageError(f"there is no endpoint {sorted(heard)[0]!r} for a shadow to listen to")
    return endpoints


def _variants(word: str, alone: str = "") -> tuple[str, list[Variant]]:
    """Return an endpoint's name and its variants from ``NAME=[VARIANT=]BUNDLE[:WEIGHT],...``.

    Args:
        word: as it stands on the command line.
        alone: what a single variant without a name is called; empty: as its folder.
    """
    name, equals, rest = word.partition("=")
    if not (name and equals and rest):
        raise UsageError(f"{word!r} is not NAME=BUNDLE, as in sentiment=job/sentiment/bundle")
    if Path(rest).exists():  # whatever its name holds
        return name, [_variant(alone, rest, 1.0)]
    variants, parts = [], rest.split(",")
    for part in parts:
        named, colon, weight = part.rpartition(":")
        named, weight = (named, weight) if colon and "//" not in weight else (part, "1")
        own, _, path = named.rpartition("=")
        try:
            variants.append(
                _variant(own or (alone if len(parts) == 1 else ""), path, float(weight))
            )
        except ValueError as error:
            if isinstance(error, UsageError):
                raise
            raise UsageError(f"{weight!r} is no weight; write one as in {named}:0.1") from error
    return name, variants


def _variant(name: str, address: str, weight: float) -> Variant:
    path = Path(address)
    made = name or path.name.removesuffix(".tar.gz").replace("_", "-").replace(".", "-")
    if len(made) > _LONGEST_NAME or not _VARIANT_NAME.fullmatch(made):
        raise UsageError(
            f"a variant cannot be called {made!r}; name it with letters and digits, as in "
            f"A={address}:{weight:g}"
        )
    return Variant(made, bundle_of(path), weight)
