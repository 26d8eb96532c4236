"""What a folder or file of reviewdesk's is, in plain words, and how it came to be."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from reviewdesk.bundle import load_bundle
from reviewdesk.errors import InputError
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.schema import REJECTS, prediction_labels
from reviewdesk.storage import read_json, storage_errors


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
    """Say what a prepared folder, bundle, predictions, rejects or job folder is.

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
    raise InputError(f"{path} is not something that reviewdesk made")


def _folder(path: Path) -> Description:
    if (path / "job.json").exists():
        return _job(path)
    if not (path / "manifest.json").exists():
        raise InputError(f"{path} has no manifest.json: it is not something that reviewdesk made")
    form = read_json(path / "manifest.json")
    kind = form.get("format") if isinstance(form, dict) else None
    if kind == "reviewdesk.prepared":
        return _prepared(PreparedData.open(path))
    if kind == "reviewdesk.bundle":
        return _bundle(path)
    raise InputError(f"{path} holds {kind!r}, which this version does not know")


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
        f"Stars: {_counts(manifest['stars'])}.",
        f"{manifest['default_headlines']:,} reviews have a headline that the shop filled in.",
        f"{manifest['copies']:,} reviews repeat another one over a variant of its product.",
        *(
            [f"Categories: {_counts(manifest['categories'])}."]
            if len(manifest["categories"]) <= 40
            else [f"{len(manifest['categories']):,} categories."]
        ),
    ]
    if manifest["too_many_rejects"]:
        sentences.append("More rows were unreadable than allowed; look at them before you go on.")
    return Description("prepared reviews", sentences, manifest)


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
    sentences = [
        f"A bundle: a {manifest['family']} classifier of {bundle.target} ({labels}).",
        f"Its id is {bundle.id}; its digests are right.",
    ]
    return Description("bundle", sentences, dict(manifest))


def _table(path: Path) -> Description:
    with storage_errors(str(path)):
        try:
            file = pq.ParquetFile(path)
        except pa.ArrowInvalid as error:
            raise InputError(f"{path} is not a Parquet file") from error
    with file:
        schema, rows = file.schema_arrow, file.metadata.num_rows
    if schema.names == REJECTS.names:
        sentence = f"{rows:,} rows that could not be read, as they stood, with file, line, reason."
        return Description("rejects", [sentence], {"rows": rows})
    labels = prediction_labels(schema)
    target = (schema.metadata or {}).get(b"target", b"").decode()
    shown = ", ".join(labels[:12]) + (" …" if len(labels) > 12 else "")
    sentence = f"Predictions of {target} for {rows:,} reviews; labels: {shown}."
    details = {"rows": rows, "target": target, "labels": labels}
    return Description("predictions", [sentence], details)


def _job(path: Path) -> Description:
    job = read_json(path / "job.json")
    sentences = [
        f"A finished job on {', '.join(job['inputs'])}: the report is {path / 'report.html'}.",
        *(f"{target}: {found['findings'][0]}" for target, found in job["targets"].items()),
    ]
    return Description("job", sentences, job)
