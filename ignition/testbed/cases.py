# SPDX-License-Identifier: Apache-2.0
"""The cases of a run: each config on each platform with each image."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from ignition.base.errors import Failure
from ignition.base.finding import ERROR
from ignition.lint.batch import unreadable_failure
from ignition.lint.result import STANDARD_INPUT
from ignition.testbed.inputs import read_input
from ignition.testbed.results import Cause

EXPECT_SUFFIXES = (".expect.yaml", ".expect.yml", ".expect.json")
"""web.ign -> web.expect.yaml, the file of expectations that is found by itself."""
Tier = Literal["boot", "apply"]


@dataclass(frozen=True)
class ImageChoice:
    """The image that the user named; `path` None is the embedded default. `append`: kernel arguments."""

    path: Path | None = None
    kernel: Path | None = None
    initrd: Path | None = None
    append: str = ""
    firmware: Literal["auto", "bios", "uefi"] = "auto"
    reporter: bool = True

    @property
    def name(self) -> str:
        return self.path.name if self.path else "debian"


@dataclass(frozen=True)
class Case:
    """One config on one platform with one image.

    name          unique in the run
    config        as the user named it; "standard input" for `-`
    data          the bytes of the config
    expectations  the file that says what the machine must be like; None: derived from the config
    fault         as written, "" for none
    repeat        the command that runs this case alone
    problem       why it cannot be run
    """

    name: str
    config: str
    data: bytes = field(default=b"", repr=False)
    expectations: Path | None = None
    platform: str = "qemu"
    image: ImageChoice = ImageChoice()
    fault: str = ""
    tier: Tier = "boot"
    repeat: str = ""
    problem: Cause | None = None


def collect(
    paths: Iterable[str],
    platforms: Sequence[str] = ("qemu",),
    images: Sequence[ImageChoice] = (ImageChoice(),),
    *,
    expect: Path | None = None,
    faults: Sequence[str] = ("",),
    tier: Tier = "boot",
    options: Sequence[str] = (),
) -> list[Case]:
    """The cases, in order: configs, in each the platforms, in each the images, in each the faults.

    `options` are the command line's other options, for `Case.repeat`. A config that cannot be read becomes a
    case with a problem.
    """
    if tier == "apply":  # it has neither a platform nor an image to choose
        platforms, images, faults = platforms[:1], images[:1], ("",)
    cases = []
    for path in paths:
        base = _read(path, expect, tier)
        for platform in platforms:
            for image in images:
                for fault in faults:
                    case = replace(base, platform=platform, image=image, fault=fault)
                    words = list(_axes(case, platforms, images, faults))
                    name = f"{case.config} [{', '.join(words)}]" if words else case.config
                    cases.append(replace(case, name=name, repeat=_repeat(case, path, options)))
    return list(_unique(cases))


def _read(path: str, expect: Path | None, tier: Tier) -> Case:
    name = STANDARD_INPUT if path == "-" else path
    try:
        data = read_input(path)
    except OSError as error:
        why = unreadable_failure(name, error.strerror or str(error))
        return Case(name, name, tier=tier, problem=cause_of(why))
    beside = expect or (None if path == "-" else _beside(path))
    return Case(name, name, data, beside, tier=tier)


def cause_of(failure: Failure) -> Cause:
    """A failure as the cause of a result. Of one with findings it is the first error."""
    for finding in getattr(failure, "findings", ()):
        if finding.severity == ERROR:
            return Cause(finding.code, finding.message, finding.hint, finding.origin)
    return Cause(failure.code, failure.text, failure.hint, failure.origin)


def _beside(path: str) -> Path | None:
    """The file of expectations that belongs to a config by its name."""
    stem = path.removesuffix(".json").removesuffix(".ign")
    return next((file for end in EXPECT_SUFFIXES if (file := Path(stem + end)).exists()), None)


def _axes(
    case: Case, platforms: Sequence[str], images: Sequence[ImageChoice], faults: Sequence[str]
) -> Iterator[str]:
    """The words in which this case differs from others of the same config."""
    if len(platforms) > 1 or case.platform != "qemu":
        yield case.platform
    if len(images) > 1:
        same = [image for image in images if image.name == case.image.name]
        yield str(case.image.path) if len(same) > 1 else case.image.name
    if case.fault:
        yield case.fault
    elif len(faults) > 1:
        yield "no fault"


def _repeat(case: Case, path: str, options: Sequence[str]) -> str:
    words = ["ignition", "test", *options]
    if case.platform != "qemu":
        words += ["--platform", case.platform]
    if case.image.path is not None:
        words += ["--image", str(case.image.path)]
    if case.fault:
        words += ["--fault", case.fault]
    if path == "-":
        return f"{shlex.join([*words, path])} <CONFIG"
    return shlex.join([*words, f"./{path}" if path.startswith("-") else path])


def _unique(cases: Iterable[Case]) -> Iterator[Case]:
    """Numbers the cases that would have the same name: a file that is named twice, in two ways."""
    seen: dict[str, int] = {}
    for case in cases:
        seen[case.name] = count = seen.get(case.name, 0) + 1
        yield case if count == 1 else replace(case, name=f"{case.name} ({count})")
