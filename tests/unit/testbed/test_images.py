# SPDX-License-Identifier: Apache-2.0
"""The default image."""

from __future__ import annotations

from pathlib import Path
from typing import Never

import pytest

from ignition.testbed import images


def test_a_cached_image_needs_no_root_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The caches of CI servers cannot keep them: some of their files belong to others."""

    def cached(kind: str, key: str, *_: object, **__: object) -> Path:
        return tmp_path / kind / key

    def built() -> Never:
        raise AssertionError("a root folder was asked for")

    monkeypatch.setattr(images, "installed_tree", lambda: tmp_path / "installed/1/tree")
    monkeypatch.setattr(images, "build_once", cached)
    monkeypatch.setattr(images, "builder_root", built)
    monkeypatch.setattr(images, "target_root", built)
    image = images.default_image()
    assert image.disk.parent.parent == tmp_path / "disk"
    assert image.direct is not None
    assert image.direct.kernel.parent == image.direct.initramfs.parent
