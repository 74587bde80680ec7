# SPDX-License-Identifier: Apache-2.0
"""Settings of an engine that reads and writes below one folder only."""

from __future__ import annotations

from pathlib import Path

from ignition.base.settings import Settings


def settings_below(folder: Path) -> Settings:
    """Settings for the platform `file`: its config is `folder`/config.ign, the root `folder`/root."""
    settings = Settings()
    settings.platform = "file"
    settings.log_to_stdout = True
    settings.config_file = str(folder / "config.ign")
    settings.root = str(folder / "root")
    settings.run_dir = str(folder / "run")
    settings.config_cache = str(folder / "run/ignition.json")
    settings.state_file = str(folder / "run/state")
    settings.neednet = str(folder / "run/neednet")
    settings.kernel_cmdline_path = str(folder / "run/cmdline")
    settings.system_config_dirs = (f"{folder}/run/r", f"{folder}/run/l", f"{folder}/run/v")
    return settings
