"""What a training container may and must leave in its folders, and whether it did."""

import hashlib
import stat
from pathlib import Path
from typing import Final

from reviewdesk.aws.container import FAILURE_LETTERS
from reviewdesk.aws.local.report import Report

OURS: Final = frozenset({"input", "model", "output", "code", "checkpoints", "errors", "sagemaker"})
"""What may be in ``/opt/ml``."""
OUTPUT: Final = frozenset(
    {"data", "failure", "success", "intermediate", "profiler", "tensors", "metrics"}
)

Snapshot = dict[str, str]


def snapshot(folder: Path) -> Snapshot:
    """Return a digest of every plain file below a folder, by path."""
    digests = {}
    for path in sorted(folder.rglob("*")):
        if stat.S_ISREG(path.lstat().st_mode):
            with path.open("rb") as file:
                digests[str(path.relative_to(folder))] = hashlib.file_digest(
                    file, "md5"
                ).hexdigest()
    return digests


def check_input(base: Path, before: Snapshot, report: Report) -> None:
    """Report what was changed of the input."""
    after = snapshot(base / "input")
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            what = "was made" if name not in before else "changed" if name in after else "is gone"
            report.broke("input-read-only", f"input/{name} {what}; the input is for reading only")


def check_places(base: Path, report: Report) -> None:
    """Report what was written where nothing belongs."""
    for folder, allowed in ((base, OURS), (base / "output", OUTPUT)):
        for path in sorted(folder.iterdir()):
            if path.name not in allowed:
                name = path.relative_to(base)
                report.broke(
                    "reserved-folder",
                    f"{name} was written; /opt/ml belongs to the platform, which does not keep it",
                )


def check_model(base: Path, report: Report) -> None:
    """Report what makes no model.tar.gz."""
    model = base / "model"
    paths = sorted(model.rglob("*"))
    if not any(path.is_file() for path in paths):
        report.broke("model", "it ended well and left nothing in model: the model archive is empty")
    for path in paths:
        mode = path.lstat().st_mode
        name = path.relative_to(base)
        if path.is_symlink():
            to = path.readlink()
            if not path.resolve().is_relative_to(model.resolve()):
                report.broke("model", f"{name} is a link to {to}, which is not in the archive")
        elif not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            report.broke("model", f"{name} is no file and no folder, and cannot be archived")


def failure_reason(base: Path, code: int, report: Report) -> str:
    """Return why a container failed, by what it left, and report what it did not."""
    path = base / "output" / "failure"
    ended = f"it ended with exit code {code}" if code >= 0 else f"signal {-code} ended it"
    if not path.is_file():
        report.broke(
            "failure-reason", f"{ended} and left no output/failure: nobody is told why it failed"
        )
        return f"AlgorithmError: {ended}"
    try:
        text = path.read_text()
    except UnicodeDecodeError:
        report.broke("failure-reason", "output/failure is not UTF-8")
        return f"AlgorithmError: {ended}"
    if not text.strip():
        report.broke("failure-reason", "output/failure is empty")
    if len(text) > FAILURE_LETTERS:
        report.broke(
            "failure-reason",
            f"output/failure has {len(text):,} letters; {FAILURE_LETTERS:,} of them are shown",
        )
    return text[:FAILURE_LETTERS]


def check_no_failure(base: Path, report: Report) -> None:
    """Report a reason of failure beside a good end."""
    if (base / "output" / "failure").exists():
        report.broke("exit-code", "it ended with exit code 0 and wrote output/failure")
