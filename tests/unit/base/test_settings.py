# SPDX-License-Identifier: Apache-2.0
"""Settings from environment, kernel command line and Go durations."""

from __future__ import annotations

from pathlib import Path

import pytest

from ignition.base.errors import Failure
from ignition.base.settings import Settings, kernel_arguments, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90.0),
        ("5m", 300.0),
        ("1h30m", 5400.0),
        ("1.5m", 90.0),
        (".5s", 0.5),
        ("1m0.5s", 60.5),
        ("250ms", 0.25),
        ("0", 0.0),
        ("-1s", -1.0),
        ("+2m", 120.0),
    ],
)
def test_go_durations_are_parsed(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "5", "s", ".s", "1s2", "1x", "--5s", "1..5s", "1 s", "1S"])
def test_durations_that_go_rejects_are_errors(text: str) -> None:
    with pytest.raises(ValueError):
        parse_duration(text)


def test_last_of_repeated_kernel_arguments_counts(tmp_path: Path) -> None:
    cmdline = tmp_path / "cmdline"
    cmdline.write_text("quiet a=1 b=x=y\ta=2\n")
    assert kernel_arguments(str(cmdline)) == {"a": "2", "b": "x=y"}


def test_a_missing_kernel_command_line_has_no_arguments(tmp_path: Path) -> None:
    assert kernel_arguments(str(tmp_path / "none")) == {}


@pytest.mark.parametrize(("text", "seconds"), [("30", 30), ("1m30s", 90), ("0", 0), ("-5s", 0)])
def test_waits_are_set_on_the_kernel_command_line(tmp_path: Path, text: str, seconds: int) -> None:
    cmdline = tmp_path / "cmdline"
    cmdline.write_text(f"ignition.wait.device={text} ignition.wait.fetch={text}\n")
    settings = Settings()
    settings.kernel_cmdline_path = str(cmdline)
    settings.read_kernel_command_line()
    assert (settings.wait_device, settings.wait_fetch) == (seconds, seconds)


def test_invalid_wait_is_a_failure_with_a_code(tmp_path: Path) -> None:
    cmdline = tmp_path / "cmdline"
    cmdline.write_text("ignition.wait.fetch=soon\n")
    settings = Settings()
    settings.kernel_cmdline_path = str(cmdline)
    with pytest.raises(Failure) as caught:
        settings.read_kernel_command_line()
    assert caught.value.code == "IGN6002"


def test_environment_overrides_and_empty_counts_as_unset() -> None:
    settings = Settings()
    settings.read_environment(
        {
            "IGNITION_SYSTEM_CONFIG_DIR": "/v",
            "IGNITION_SYSTEM_LOCAL_CONFIG_DIR": "",
            "IGNITION_WRITE_AUTHORIZED_KEYS_FRAGMENT": "0",
            "IGNITION_CONFIG_FILE": "/c.ign",
        }
    )
    assert settings.system_config_dirs == ("/run/ignition", "/etc/ignition", "/v")
    assert settings.write_authorized_keys_fragment is False
    assert settings.config_file == "/c.ign"


def test_invalid_boolean_is_a_failure_with_a_code() -> None:
    with pytest.raises(Failure) as caught:
        Settings().read_environment({"IGNITION_WRITE_AUTHORIZED_KEYS_FRAGMENT": "yes"})
    assert caught.value.code == "IGN6001"
