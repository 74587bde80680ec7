# SPDX-License-Identifier: Apache-2.0
"""Ignition's flags, with the grammar of Go's flag package."""

from __future__ import annotations

import pytest

from ignition.base.settings import Settings
from ignition.cli.compat import Request, UsageError, parse

PLATFORMS = ("qemu", "metal")
NEEDED = ["--platform", "qemu", "--stage", "disks"]


def read(args: list[str]) -> tuple[Request, Settings]:
    settings = Settings()
    return parse(args, settings, PLATFORMS), settings


@pytest.mark.parametrize(
    "args",
    [
        ["--platform", "qemu", "--stage", "disks"],
        ["-platform", "qemu", "-stage=disks"],
        ["--platform=qemu", "--stage=disks", ""],
        ["--platform=qemu", "--stage=disks", "rest", "--unknown"],
        ["--platform=qemu", "--stage=disks", "--", "--unknown"],
        ["--platform=metal", "--platform=qemu", "--stage=disks"],
    ],
)
def test_one_or_two_dashes_and_trailing_arguments(args: list[str]) -> None:
    request, settings = read(args)
    assert (settings.platform, request.stage) == ("qemu", "disks")


def test_every_flag_sets_its_setting() -> None:
    _, settings = read(
        [
            *NEEDED,
            "--root=",
            "-config-cache",
            "/c",
            "--neednet=/n",
            "--state-file=/s",
            "-log-to-stdout",
            "--fetch-timeout=1m30.9s",
        ]
    )
    assert settings.root == ""
    assert settings.config_cache == "/c"
    assert settings.neednet == "/n"
    assert settings.state_file == "/s"
    assert settings.log_to_stdout is True
    assert settings.fetch_timeout == 90


def test_a_value_may_look_like_a_flag() -> None:
    _, settings = read([*NEEDED, "--root", "--x"])
    assert settings.root == "--x"


@pytest.mark.parametrize(
    ("args", "error"),
    [
        (["--stage=disks"], "'--platform' must be provided"),
        ([], "'--platform' must be provided"),
        (["--platform=qemu"], "'--stage' must be provided"),
        (["--platform=qemu", "", "--stage=disks"], "'--stage' must be provided"),
        (["--platform="], 'invalid value "" for flag -platform:  is not a valid platform'),
        (["--platform=x"], 'invalid value "x" for flag -platform: x is not a valid platform'),
        (["--stage=x"], 'invalid value "x" for flag -stage: x is not a valid stage'),
        (["--plat=qemu"], "flag provided but not defined: -plat"),
        ([*NEEDED, "--oem=x"], "flag provided but not defined: -oem"),
        ([*NEEDED, "--root"], "flag needs an argument: -root"),
        ([*NEEDED, "---root=x"], "bad flag syntax: ---root=x"),
        ([*NEEDED, "-=x"], "bad flag syntax: -=x"),
        (
            [*NEEDED, "--log-to-stdout=maybe"],
            'invalid boolean value "maybe" for -log-to-stdout: parse error',
        ),
        (
            [*NEEDED, "--fetch-timeout=90"],
            'invalid value "90" for flag -fetch-timeout: parse error',
        ),
        (["--version", "--bogus"], "flag provided but not defined: -bogus"),
    ],
)
def test_errors_are_those_of_gos_flag_package(args: list[str], error: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(args)
    assert str(caught.value) == error


def test_version_needs_no_other_flag() -> None:
    request, _ = read(["-version"])
    assert request.version


def test_unknown_platform_lists_known_ones() -> None:
    with pytest.raises(UsageError) as caught:
        read(["--platform=qemo"])
    assert "qemu, metal" in caught.value.hint
