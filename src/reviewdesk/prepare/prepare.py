"""Preparing: from raw inputs to one folder of clean reviews, resumable at any moment."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from reviewdesk import __version__
from reviewdesk.engines.base import Engine
from reviewdesk.engines.local_copies import in_local_copies
from reviewdesk.errors import (
    UsageError,
)
from reviewdesk.prepare.corrections import NONE, Corrections
from reviewdesk.prepare.earlier import Earlier
from reviewdesk.prepare.erased import ErasedPeople
from reviewdesk.prepare.leftovers import leftover_notes
from reviewdesk.prepare.manifest import file_notes, settings_json
from reviewdesk.prepare.outcome import check_lost, check_rejects
from reviewdesk.prepare.preparation import Preparation
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.prepare.shared_workspace import (
    SharedWorkspace,
    absolute,
    output_lock,
    workspace_of,
)
from reviewdesk.prepare.workspace import Workspace
from reviewdesk.progress import SILENT, Progress
from reviewdesk.settings import CleanSettings, PrepareSettings, SourceSettings
from reviewdesk.sources import Input
from reviewdesk.sources.catalog import Inputs
from reviewdesk.text.languages import checked_languages

ALREADY_ADDED: Final = "there is nothing to add: all of it was read before"


ALREADY_DONE: Final = "it was prepared before from the same inputs with the same settings"


@in_local_copies("out")
def prepare(
    inputs: Sequence[Input],
    out: Path,
    *,
    prepare: PrepareSettings,
    clean: CleanSettings,
    source: SourceSettings,
    overwrite: bool = False,
    append: bool = False,
    corrections: Corrections = NONE,
    engine: Engine | None = None,
    progress: Progress = SILENT,
) -> PreparedData:
    """Read, clean, filter and de-duplicate reviews; write Parquet by month and a manifest.

    With ``append`` the inputs are added to data that is there, and the result is that of one run
    over all files. How they are cleaned and filtered stays as it is there. People who were erased
    from the folder do not come back.

    A run that was interrupted at any moment is taken up by giving the same arguments again, and
    ends in the same bytes. Nothing is done twice: an input that was read to its end is not read
    again, a month that was written is not written again.

    Args:
        inputs: what to read, from ``sources.open_inputs``.
        out: the folder to write.
        prepare: how reviews are filtered and de-duplicated.
        clean: how text is cleaned.
        source: how the inputs were opened; kept in the manifest.
        overwrite: whether a folder that was prepared otherwise may be replaced.
        append: whether the inputs are added to what is in the folder.
        corrections: what is changed in the reviews, beside what was before in what is added to.
        engine: a cluster that reads, compares and writes; None: this machine does. All its machines
            must reach the inputs and the folder under these names.
        progress: is shown how far it has come.

    Returns:
        The prepared data; its ``notes`` say what was taken up or noticed.

    Raises:
        TooManyRejects: all is written, but more rows than allowed could not be read, or all.
        LostColumn: all is written, but no value of a column could be read.
        DamagedInput: all is written, but an input is cut off or damaged.
        UsageError: the folder is something else, or was prepared otherwise.
        InputError: an input changed while it was read, or there is no review in any.
        StorageError: a place cannot be used, the disk is full, or another process is writing.
    """
    if not inputs and not (append and corrections):
        raise UsageError("there is nothing to prepare; name a file or folder of reviews")
    if prepare.stem and not prepare.tokens:
        raise UsageError("--stem is about the column of tokens; ask for it with --tokens")
    prepare = replace(prepare, language=checked_languages(prepare.language))
    settings = settings_json(source.check(), clean.check(), prepare.check())
    out = absolute(out)
    if engine is not None and (append or corrections or ErasedPeople.of(out)):
        raise UsageError(
            "a cluster prepares files from the beginning: --append, --corrections and folders from "
            "which people were erased need the engine duckdb"
        )
    if append and overwrite:
        raise UsageError("--append adds to what is there and --overwrite replaces it; name one")
    with output_lock(out):
        earlier = Earlier.open(PreparedData.open(out)) if append else None
        if earlier is not None:
            settings = _settings_that_stay(earlier.data, source, clean, prepare)
            prepare = PrepareSettings.from_json(settings["prepare"])
            clean = CleanSettings.from_json(settings["clean"])
            new = [one for one in inputs if not _is_in(one, earlier.data.manifest)]
            notes = _seen_before(inputs, new)
            before = Corrections.of(out)
            corrections = before.and_later(corrections)
            if not new and corrections == before:  # nothing to do but what a killed run left of it
                Workspace(out).remove()
                data = replace(earlier.data, notes=(*notes, ALREADY_ADDED))
            else:
                data = None
        else:
            new, notes = list(inputs), ()
            data = _finished(out, inputs, settings, overwrite, corrections)
        if data is None:
            job = Preparation(
                new,
                out,
                settings=settings,
                prepare=prepare,
                clean=clean,
                progress=progress,
                earlier=earlier,
                corrections=corrections,
            )
            data = job.run() if engine is None else job.run_on(engine)
            data = replace(data, notes=(*notes, *data.notes))
    data = replace(data, notes=(*data.notes, *leftover_notes(data)))
    if isinstance(inputs, Inputs):
        data = replace(data, notes=(*data.notes, *inputs.warnings()))
    check_rejects(data)
    check_lost(data)
    return data


def _finished(
    out: Path,
    inputs: Sequence[Input],
    settings: dict[str, Any],
    overwrite: bool,
    corrections: Corrections,
) -> PreparedData | None:
    """Return the data when the folder is already what is asked for, None when it is to be made."""
    workspace = workspace_of(out)
    if isinstance(workspace, SharedWorkspace) and workspace.was_interrupted():
        return None
    data = PreparedData.existing(out, overwrite=overwrite)
    if data is None:
        return None
    difference = _difference(data.manifest, inputs, settings)
    if not difference and Corrections.of(out) != corrections:
        difference = "with other corrections"
    if not difference:
        workspace.remove()
        return replace(data, notes=(ALREADY_DONE, *file_notes(data.manifest)))
    if overwrite:
        return None
    raise UsageError(
        f"{data.location} was prepared {difference}; name another folder, or replace it with "
        "--overwrite"
    )


def source_for(data: PreparedData, source: SourceSettings) -> SourceSettings:
    """Return how files that are added to data are read: as those before, unless it is told.

    Args:
        data: what they are added to.
        source: what was told.
    """
    recorded = SourceSettings.from_json(data.manifest["settings"]["source"])
    given = {
        name: value
        for name, value in source.to_json().items()
        if value != SourceSettings().to_json()[name]
    }
    return SourceSettings.from_json({**recorded.to_json(), **given})


def _settings_that_stay(
    data: PreparedData, source: SourceSettings, clean: CleanSettings, prepare: PrepareSettings
) -> dict[str, Any]:
    """Return the settings that data was prepared with, by which files are added to it.

    Raises:
        UsageError: others were asked for.
    """
    before: dict[str, Any] = data.manifest["settings"]
    for name, given in (("clean", clean), ("prepare", prepare)):
        standard = type(given)().to_json()
        recorded = {**standard, **before[name]}
        for setting, value in given.to_json().items():
            if value not in (standard[setting], recorded[setting]):
                raise UsageError(
                    f"{data.path} was prepared with {setting} {recorded[setting]!r}, which stays "
                    "for what is added; leave the option out, or prepare all files in one run"
                )
    if source.keep and list(source.keep) != before["source"].get("keep", []):
        raise UsageError(
            f"{data.path} was prepared with the columns {list(data.kept)!r} kept beside the "
            "reviews table, which stays for what is added; leave --keep out"
        )
    return before


def _is_in(one: Input, manifest: dict[str, Any]) -> bool:
    """Say whether an input was read before: the same bytes."""
    same_size = [known for known in manifest["inputs"] if known["bytes"] == one.bytes]
    return bool(same_size) and one.sha256() in [known["sha256"] for known in same_size]


def _seen_before(inputs: Sequence[Input], new: Sequence[Input]) -> tuple[str, ...]:
    names = [one.name for one in inputs if one not in new]
    if not names:
        return ()
    more = f" and {len(names) - 3:,} more" if len(names) > 3 else ""
    return (f"read before, and not added again: {', '.join(names[:3])}{more}",)


def _difference(manifest: dict[str, Any], inputs: Sequence[Input], settings: dict[str, Any]) -> str:
    if manifest["settings"] != settings:
        return "with other settings"
    if manifest["reviewdesk"] != __version__:
        return f"by version {manifest['reviewdesk']} of reviewdesk"
    recorded = [(one["place"], one["bytes"], one["source"]) for one in manifest["inputs"]]
    if recorded != [(one.name, one.bytes, one.source) for one in inputs]:
        return "from other inputs"
    if [one["sha256"] for one in manifest["inputs"]] != [one.sha256() for one in inputs]:
        return "from inputs that have changed since"
    return ""
