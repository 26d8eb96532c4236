"""The image: what its Dockerfile says, and the same commands without Docker."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.aws.opt_ml import free_port, label_lines, opt_ml, texts

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()

OTHER_CPU = """
import llvmlite.binding as binding
binding.get_host_cpu_name = lambda: "a-cpu-of-another-machine"
"""


def instructions() -> list[tuple[str, str]]:
    """Return the Dockerfile's instructions with their words, comments and line ends taken out."""
    plain = re.sub(r"\\\n\s*", "", re.sub(r"(?m)^#.*\n", "", DOCKERFILE))
    return [tuple(line.split(" ", 1)) for line in plain.splitlines() if line.strip()]  # type: ignore[misc]


def environment() -> dict[str, str]:
    """Return what the image sets, with the defaults of its arguments."""
    given = dict(words.split("=", 1) for kind, words in instructions() if kind == "ARG")
    words = next(words for kind, words in instructions() if kind == "ENV")
    pairs = dict(one.split("=", 1) for one in shlex.split(words))
    return {
        name: re.sub(r"\$\{(\w+)\}", lambda found: given[found[1]], value)
        for name, value in pairs.items()
    }


def test_what_the_image_is() -> None:
    kinds = [kind for kind, _ in instructions()]
    by_kind = dict(instructions())
    assert by_kind["FROM"] == "python:3.11-slim"
    assert by_kind["ENTRYPOINT"] == '["python", "-m", "reviewdesk.aws"]'  # signals reach Python
    assert by_kind["USER"] not in ("root", "0")
    warm = instructions().index(("RUN", "reviewdesk warm"))
    assert kinds.index("USER") < warm  # compiled kernels belong to who runs them
    assert environment()["NUMBA_CPU_NAME"] == "x86-64-v3"
    assert not re.search(r"curl|wget|git clone|apt", DOCKERFILE)
    assert "/opt/ml" not in DOCKERFILE


def test_what_goes_into_the_image_is_there() -> None:
    kept = [
        line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line[0] == "!"
    ]
    assert kept == ["src", "pyproject.toml", "constraints.txt", "README.md", "LICENSE"]
    assert all((ROOT / name).exists() for name in kept)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_an_environment_made_by_the_same_commands(tmp_path: Path) -> None:
    """Install as the image does, compile, and start as if the machine were another one."""
    source = tmp_path / "source"
    source.mkdir()
    for name in ("pyproject.toml", "constraints.txt", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    shutil.copytree(ROOT / "src", source / "src", ignore=shutil.ignore_patterns("__pycache__"))
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "env"], check=True)
    install = next(words for kind, words in instructions() if kind == "RUN")
    extras = next(words for kind, words in instructions() if words.startswith("EXTRAS="))
    command = install.partition(" && ")[0].replace("${EXTRAS}", extras.partition("=")[2])
    command = command.replace("/source", str(source)).replace(
        "pip", str(tmp_path / "env/bin/pip"), 1
    )
    subprocess.run(shlex.split(command), check=True, capture_output=True)
    shutil.rmtree(source)

    cache = tmp_path / "cache"
    cache.mkdir(mode=0o700)
    own = {"PATH": f"{tmp_path}/env/bin:{os.environ['PATH']}", "HOME": str(tmp_path)}
    image = {**own, **environment(), "XDG_CACHE_HOME": str(cache)}
    subprocess.run(
        ["reviewdesk", "warm"], env=image, check=True, executable=tmp_path / "env/bin/reviewdesk"
    )
    compiled = sorted(cache.rglob("*.nbc"))
    assert compiled

    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "sitecustomize.py").write_text(OTHER_CPU)
    elsewhere = {**image, "PYTHONPATH": str(tmp_path / "other")}
    python = tmp_path / "env" / "bin" / "python"
    channels = {"train": {"files": {"t.txt": label_lines(texts(300))}}}
    for model in ("linear", "fasttext"):
        base = opt_ml(tmp_path / model, {"model": model}, channels)
        job = {**elsewhere, "SAGEMAKER_BASE_DIR": str(base)}
        done = subprocess.run(
            [python, "-m", "reviewdesk.aws", "train"], env=job, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert "compiling" not in done.stdout + done.stderr
    assert sorted(cache.rglob("*.nbc")) == compiled
    serve = {**job, "SAGEMAKER_BIND_TO_PORT": str(free_port())}
    with subprocess.Popen(
        [python, "-m", "reviewdesk.aws", "serve"], env=serve, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        said = [line for line, _ in zip(server.stdout, range(2), strict=False)]
        server.terminate()
        assert server.wait(60) == 0
    assert "listening" in said[-1]
    assert sorted(cache.rglob("*.nbc")) == compiled
