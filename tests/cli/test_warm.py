from pathlib import Path

import pytest

from tests.cli.conftest import Cli


@pytest.mark.slow
def test_where_compiled_code_is_kept(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert f"in {tmp_path / 'reviewdesk' / 'kernels'}" in cli("warm").out
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc/nothing-can-be-made-here")
    found = cli("warm")
    assert found.code == 0
    assert "mode 0700" in found.out
