"""What a folder or file of reviewdesk's is, in plain words, and how it came to be."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from reviewdesk.bundle import Bundle, load_bundle
from reviewdesk.errors import InputError
from reviewdesk.examples.export import checked_export
from reviewdesk.findings.sentences import lead, left_out, promises
from reviewdesk.findings.store import PAGE, SUMMARY, folders_in, read_findings
from reviewdesk.graph.schema import EDGES, NODES
from reviewdesk.graph.store import MANIFEST as GRAPH
from reviewdesk.graph.store import Graph
from reviewdesk.job.records import found_right, sentences_of_record
from reviewdesk.prepare.layout import LOG
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.schema import FINDINGS, REJECTS, prediction_labels
from reviewdesk.scoring.languages import seen_languages
from reviewdesk.seal import opened
from reviewdesk.sources.rejects import DAMAGE
from reviewdesk.storage import checked_record, read_json, read_record, storage_errors
from reviewdesk.training.evaluate import choices_of

TARGET_PARTS: Final = ("bundle", "predictions.parquet", "evaluation.html")


@dataclass(frozen=True)
class Description:
    """What something is.

    Args:
        kind: a short name, as in ``"bundle"``.
        sentences: what a person wants to know, most important first.
        details: the same and more as JSON values.
    """

    kind: str
    sentences: list[str]
    details: dict[str, Any]


def describe(path: Path) -> Description:
    """Say what a file or folder that reviewdesk made is.

    Raises:
        StorageError: there is nothing at this path.
        InputError: it is none of these.
    """
    with storage_errors(str(path)):
        path.stat()
    if path.is_dir():
        return _folder(path)
    if path.name.endswith((".tar.gz", ".tgz")):
        return _bundle(path)
    if path.suffix == ".parquet":
        return _table(path)
    if path.name in ("manifest.json", "job.json", SUMMARY):
        return _folder(path.parent)
    if path.suffix == ".json":
        return Description(*sentences_of_record(path))
    raise InputError(f"{path} is not something that reviewdesk made")


def _folder(path: Path) -> Description:
    if (path / LOG).exists():
        read_record(path / LOG)  # nothing else reads it, so that damage would stay unnoticed
    for name, describe_it in RECORDS.items():
        if (path / name).exists():
            return describe_it(path)
    raise InputError(f"{path} has no manifest.json: it is not something that reviewdesk made")


def _manifest(path: Path) -> Description:
    form = read_json(path / "manifest.json")
    kind = form.get("format") if isinstance(form, dict) else None
    if kind == "reviewdesk.prepared":
        return _prepared(PreparedData.open(path))
    if kind == "reviewdesk.bundle":
        return _bundle(path)
    if kind == "reviewdesk.export":
        return _export(path, checked_record(path / "manifest.json", form))
    raise InputError(f"{path} holds {kind!r}, which this version does not know")


def _graph(path: Path) -> Description:
    graph = Graph.open(path)
    named = "under pseudonyms" if graph.manifest["pseudonyms"] else "under their own ids"
    rows = ", ".join(f"{graph.rows(table.name):,} {table.label}" for table in (*NODES, *EDGES))
    sentences = [
        f"A graph of reviews with {graph.manifest['nodes']:,} nodes and "
        f"{graph.manifest['edges']:,} edges: {rows}.",
        f"Customers stand {named}; texts of reviews are "
        f"{'in it' if graph.manifest['texts'] else 'not in it'}.",
    ]
    return Description("graph", sentences, graph.manifest)


def _known_errors(path: Path) -> Description:
    return Description(*sentences_of_record(path / "truth.json"))


def _prepared(data: PreparedData) -> Description:
    manifest = data.manifest
    rows = manifest["rows"]
    months = sorted(manifest["months"])
    files = ", ".join(one["place"] for one in manifest["inputs"])
    sentences = [
        f"Prepared reviews: {rows['written']:,} of the {rows['read']:,} rows in {files}.",
        f"Months: {months[0]} to {months[-1]}." if months else "No month has any review.",
        *_lost("could not be read", manifest["rejected"], "they are kept in rejects.parquet"),
        *_lost("were dropped", manifest["dropped"], "counted by rule"),
        *_languages(data.languages, "The reviews are"),
        *_corrected(manifest.get("corrections")),
        f"Stars: {_counts(manifest['stars'])}.",
        *(
            [f"{data.ratings:,} more reviews have stars and no text: {_counts(silent['stars'])}."]
            if (silent := manifest["ratings"])
            else []
        ),
        f"{manifest['default_headlines']:,} reviews have a headline that the shop filled in.",
        f"{manifest['copies']:,} reviews repeat another one over a variant of its product.",
        *(
            [f"Categories: {_counts(manifest['categories'])}."]
            if len(manifest["categories"]) <= 40
            else [f"{len(manifest['categories']):,} categories."]
        ),
    ]
    if not manifest["rejected"].keys().isdisjoint(DAMAGE):
        sentences.append("A file was damaged or cut off: reviews are missing; get it again.")
    if manifest["too_many_rejects"]:
        sentences.append("More rows were unreadable than allowed; look at them before you go on.")
    return Description("prepared reviews", sentences, manifest)


def _corrected(told: dict[str, int] | None) -> Iterator[str]:
    if told:
        yield (
            f"{told['given']:,} corrections that people decided on changed {told['reviews']:,} "
            f"reviews; {told['given'] - told['fitting']:,} fit none as it stands."
        )


def _lost(what: str, reasons: dict[str, int], end: str) -> Iterator[str]:
    total = sum(reasons.values())
    if total:
        yield f"{total:,} rows {what} ({_counts(reasons)}); {end}."


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {number:,}" for name, number in counts.items() if number)


def _bundle(path: Path) -> Description:
    bundle = load_bundle(path)
    manifest = bundle.manifest
    labels = ", ".join(bundle.labels[:12]) + (" …" if len(bundle.labels) > 12 else "")
    rows, versions = manifest["data"]["rows"], manifest["versions"]
    fields = " and ".join(bundle.settings.text.fields)
    sentences = [
        f"A bundle: a {manifest['family']} classifier of {bundle.target} ({labels}).",
        f"It learned from {rows['train']:,} reviews ({_counts(rows['train_labels'])}) and reads "
        f"{fields}.",
        _held_out(bundle),
        *([str(chosen["why"])] if (chosen := rows.get("chosen")) else []),
        *_languages(seen_languages(bundle)),
        *([f"It chose by itself: {chosen}."] if (chosen := choices_of(bundle)) else []),
        *_changed_settings(bundle),
        f"Its data has the fingerprint {bundle.data_fingerprint[:16]}; it was made by reviewdesk "
        f"{versions['reviewdesk']} on Python {versions['python']}.",
        f"Its id is {bundle.id}; its digests are right.",
    ]
    return Description("bundle", sentences, dict(manifest))


def _held_out(bundle: Bundle) -> str:
    """Say on what the bundle was measured, or on what it rests where nothing was held out."""
    if bundle.rests_on:
        return f"Mind: {bundle.rests_on}."
    held_out, metrics = bundle.manifest["data"]["rows"]["test"], bundle.metrics
    found = f"; {found_right(metrics)}" if metrics else ""
    return f"{held_out:,} reviews were held out by {bundle.settings.split.by}{found}."


def _languages(
    languages: Mapping[str, int], what: str = "It learned from reviews"
) -> Iterator[str]:
    if languages:
        yield f"{what} in these languages: {_counts(dict(languages))}."


def _target(path: Path) -> Description:
    """Describe the folder that a job makes for one target."""
    _, sentences, record = sentences_of_record(path / "evaluation.json")
    parts = [path / name for name in TARGET_PARTS if (path / name).exists()]
    names = ", ".join(str(part) for part in parts)
    first = f"What a job found about {record['target']}: {names}."
    return Description("target", [first, *sentences], {"evaluation": record})


def _changed_settings(bundle: Bundle) -> Iterator[str]:
    """Say which settings are not those that everybody gets."""
    changed = []
    for one in (bundle.settings.target, bundle.settings.text, bundle.settings.split):
        plain = type(one)().to_json()
        changed += [
            f"{name} {value}"
            for name, value in one.to_json().items()
            if value != plain[name] and name != "target"
        ]
    if changed:
        yield f"Settings other than the defaults: {', '.join(changed)}."


def _findings(path: Path) -> Description:
    stored = read_findings(path)
    findings, about = stored.findings, stored.about
    sentences = [
        f"{stored.info.title}: {lead(findings)}",
        *promises(findings),
        *findings.notes,
        *left_out(findings, about.get("reviews")),
        f"Found in {', '.join(about.get('files', []))}; its data has the fingerprint "
        f"{str(about.get('data', ''))[:16]}.",
        f"The page: {path / PAGE}.",
    ]
    details = {
        "finder": findings.finder,
        "findings": findings.table.num_rows,
        "lists": [asdict(one) for one in findings.lists],
        "looked_at": findings.looked_at,
        "about": dict(about),
    }
    return Description("findings", sentences, details)


def _all_findings(path: Path) -> Description:
    stored = [read_findings(folder) for folder in folders_in(path)]
    sentences = [f"{one.info.title}: {lead(one.findings)}" for one in stored]
    details = {"kinds": {one.findings.finder: one.findings.table.num_rows for one in stored}}
    return Description(
        "findings of several kinds", [*sentences, f"The page of all: {path / PAGE}."], details
    )


def _export(path: Path, manifest: dict[str, Any]) -> Description:
    checked_export(path, manifest)
    files = ", ".join(f"{one['file']} with {one['rows']:,}" for one in manifest["files"])
    rows = manifest["rows"]
    sentence = f"An export of {rows['out']:,} of {rows['in']:,} reviews: {files}."
    return Description("export", [sentence], manifest)


def _table(path: Path) -> Description:
    with opened(path) as file:
        schema, rows = file.schema_arrow, file.metadata.num_rows
    if schema.names == REJECTS.names:
        sentence = f"{rows:,} rows that could not be read, as they stood, with file, line, reason."
        return Description("rejects", [sentence], {"rows": rows})
    if schema.names == FINDINGS.names:
        sentence = f"{rows:,} findings; {path.parent} says what is promised of them."
        return Description("findings", [sentence], {"rows": rows})
    if b"labels" not in (schema.metadata or {}):
        raise InputError(f"{path} is a Parquet file, but not one that reviewdesk made")
    labels = prediction_labels(schema, str(path))
    target = (schema.metadata or {}).get(b"target", b"").decode()
    shown = ", ".join(labels[:12]) + (" …" if len(labels) > 12 else "")
    models = _models(path) if "model_id" in schema.names else []
    sentences = [
        f"Predictions of {target} for {rows:,} reviews; labels: {shown}.",
        f"They were made by {', '.join(models) or 'no bundle'}.",
    ]
    details = {"rows": rows, "target": target, "labels": labels, "models": models}
    return Description("predictions", sentences, details)


def _models(path: Path) -> list[str]:
    """Return the ids of the bundles that made a predictions table."""
    found: set[str] = set()
    with opened(path) as file:
        for batch in file.iter_batches(columns=["model_id"]):
            found.update(batch.column(0).unique().to_pylist())
    return sorted(found)


def _job(path: Path) -> Description:
    job = read_record(path / "job.json")
    sentences = [
        f"A finished job on {', '.join(job['inputs'])}: the report is {path / 'report.html'}.",
        *(f"{target}: {found['findings'][0]}" for target, found in job["targets"].items()),
    ]
    return Description("job", sentences, job)


RECORDS: Final = {
    "job.json": _job,
    SUMMARY: _findings,
    PAGE: _all_findings,
    "evaluation.json": _target,
    "truth.json": _known_errors,
    "manifest.json": _manifest,
    GRAPH: _graph,
}
"""The file that tells what a folder is, and what describes such a folder."""
