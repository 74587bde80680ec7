# SPDX-License-Identifier: Apache-2.0
"""The generated files of the repository are up to date."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import generate, models


@pytest.mark.parametrize("module", generate.MODULES)
def test_generated_files_are_up_to_date(module: str) -> None:
    assert [str(path.relative_to(generate.CHECKOUT)) for path, _ in generate.stale(module)] == []


def test_a_stale_file_is_reported_and_rewritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generate, "CHECKOUT", tmp_path)
    monkeypatch.setattr(generate, "MODULES", ("models",))
    monkeypatch.setattr(models, "CONFIG", tmp_path)
    assert generate.main(["--check"]) == 1
    assert generate.main([]) == 0
    assert generate.main(["--check"]) == 0
    (tmp_path / "model.py").write_text("")
    assert generate.main(["--check"]) == 1
