# SPDX-License-Identifier: Apache-2.0
"""Sections of manual pages that no parser knows, such as verdicts and platforms."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ignition.testbed import faults
from ignition.testbed.platforms import PLATFORMS, Playable
from ignition.testbed.results import Verdict


@dataclass(frozen=True)
class Section:
    """A section: its heading, a paragraph, and rows of a term and what it means."""

    heading: str
    text: str = ""
    rows: tuple[tuple[str, str], ...] = ()


def sections(name: str) -> tuple[Section, ...]:
    """The sections of one command's page, after those that its parser gives."""
    if name == "test":
        return (_verdicts(), _EXPECTATIONS, *_platforms(), _faults(), _FILES, _ENVIRONMENT)
    return (_EXPECTATIONS,) if name == "expect" else ()


MEANINGS = {
    Verdict.PASSED: "The machine is as expected.",
    Verdict.EXPECTATION_FAILED: "The machine booted, but something is not as expected.",
    Verdict.REFUSED: "The config has errors, so no machine was started; or the engine refused it before it"
    " changed anything.",
    Verdict.PROVISIONING_FAILED: "A phase of the first boot failed.",
    Verdict.CRASHED: "Kernel panic or oops, a process killed for lack of memory, or QEMU ended by itself.",
    Verdict.TIMEOUT: "The machine was not up in time. The phase that it was in is named.",
    Verdict.HOST_PROBLEM: "This computer cannot run the test: QEMU is missing, the image is none, the disk is"
    " full, or a file cannot be read.",
}


def _verdicts() -> Section:
    return Section(
        "VERDICTS",
        "The verdict on each case, with its exit status. A check that the tier or the image cannot decide is"
        " reported as not decided; it counts neither as passed nor as failed.",
        tuple((f"{each.value} ({each.exit_status})", MEANINGS[each]) for each in Verdict),
    )


_EXPECTATIONS = Section(
    "EXPECTATIONS",
    "A file of expectations is YAML or JSON. Each section is a list of objects; members that are left out"
    " are not checked. Sections: files, directories, links, users, groups, units, mounts, disks,"
    " filesystems, arrays, luks, kernel_arguments, ports, commands, journal, second_boot, failure."
    " ignition expect CONFIG prints those that follow from a config, as a file to start from.",
)


def _platforms() -> Iterable[Section]:
    """Which platforms --platform takes, and how each is played."""
    if PLATFORMS:
        rows = (
            (name, each.how if isinstance(each, Playable) else f"not played: {each}")
            for name, each in sorted(PLATFORMS.items())
        )
        yield Section("PLATFORMS", "", tuple(rows))


def _faults() -> Section:
    rows = tuple(
        (kind, f"{meaning}; promised: {faults.parse(kind).promise}.")
        for kind, meaning in faults.MEANING.items()
    )
    return Section("FAULTS", "What --fault lets go wrong, and what must come of it.", rows)


_FILES = Section(
    "FILES",
    "",
    (
        ("CONFIG.expect.yaml, CONFIG.expect.yml, CONFIG.expect.json", "What is expected of the machine."),
        (
            "ignition-test-artefacts/CASE/",
            "All about a case that did not pass: console.log, journal.txt, journal.json,"
            " expected-against-found.txt, report.json, repeat.sh and qemu.sh.",
        ),
        ("~/.cache/ignition-firstboot/", "The default image."),
    ),
)  # fmt: skip
_ENVIRONMENT = Section(
    "ENVIRONMENT",
    "",
    (
        ("IGNITION_BUILD_DIR", "The folder for the default image and for the disks of running machines."),
        ("XDG_CACHE_HOME", "The folder that is used instead of ~/.cache."),
        ("IGNITION_DEBIAN_MIRROR", "The mirror from which the default image is built."),
        ("NO_COLOR", "If set, text has no colours."),
    ),
)  # fmt: skip
