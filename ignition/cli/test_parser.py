# SPDX-License-Identifier: Apache-2.0
"""The command line of `ignition test`."""

from __future__ import annotations

import argparse

from ignition.cli.parser import Parser

DESCRIPTION = """\
Boots each config in QEMU, looks at the machine from inside, and compares it with what is expected. The
expectations are in a file beside the config (web.ign and web.expect.yaml), or follow from the config itself.
The machine is a minimal Debian with this engine, which is built on first use, or any disk image that carries
Ignition. Neither root nor KVM is needed; without KVM a boot takes about a minute.
"""

EPILOG = """\
CONFIG is a config, a directory (all *.ign files in and below it), a quoted glob pattern, or - for standard
input. Each config is a case; with several platforms, images or faults each combination is one. Cases run side
by side as memory and processors allow.

--platform fetches the config from an emulated metadata service or config drive, over a real network card.
--image takes a qcow2 or raw disk, which is not changed. --tier apply applies files, users and units into a
folder without a machine, in seconds; what cannot be decided there is said to be not decided.

FAULT is power-cut[=SECONDS|PHASE], net-late, net-flaky, disk-missing, disk-slow or disk-full; then the
machine must still come out as expected, or the engine must stop with a named cause.

All about a case that does not pass is kept in the artefact folder: console, journal, report, what was
expected and found, and the command that repeats it.

examples:
  ignition test web.ign
  ignition test web.ign --expect web.expect.yaml --second-boot
  ignition test configs/ --platform aws,qemu --format junit -o report.xml
  ignition test web.ign --image fedora-coreos.qcow2
  ignition test --tier apply configs/
  ignition test --fault power-cut=disks --format html=report.html web.ign
  butane --strict web.bu | ignition test -
  ignition expect web.ign > web.expect.yaml

exit status: 0 all passed, 1 an expectation failed, 2 usage error, 3 config refused, 4 provisioning failed,
5 guest crashed, 6 timeout, 7 host problem, 130 interrupted; of several cases, the highest
"""
FORMATS = ("text", "json", "junit", "tap", "github", "html")
ARTEFACTS = "ignition-test-artefacts"
TIMEOUT, MEMORY = 600, 1536
"""Seconds, MiB, and processors, if nothing else is said."""


def build_parser() -> Parser:
    """The command-line parser, from which the manual page is generated, too."""
    parser = Parser(
        prog="ignition test",
        usage="ignition test [options] CONFIG...",
        description=DESCRIPTION,
        epilog=EPILOG,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("configs", nargs="*", metavar="CONFIG", help="config, directory, glob pattern, or -")
    add("--expect", metavar="FILE", help="what the machine must be like (default: see above)")
    add("--strict", action="store_true", help="refuse configs for which lint has warnings, too")
    add("--second-boot", action="store_true", help="boot again: nothing may change")
    add(
        "--platform",
        action="append",
        metavar="IDS",
        help="platforms, separated by commas (default: qemu); may be repeated",
    )
    add("--image", action="append", metavar="FILE", help="disk image to boot; may be repeated")
    add("--kernel", metavar="FILE", help="start this kernel instead of the image's boot loader")
    add("--initrd", metavar="FILE", help="initramfs for --kernel")
    add("--append", default="", metavar="ARGS", help="kernel command line for --kernel")
    add("--firmware", choices=("auto", "bios", "uefi"), default="auto", help="firmware for --image")
    add(
        "--no-reporter",
        action="store_true",
        help="add nothing to the config for --image: judge by console and disks alone",
    )
    add("--cmdline", default="", metavar="ARGS", help="more kernel arguments")
    add(
        "--disk",
        action="append",
        metavar="SPEC",
        help="one more empty disk: SIZE[,bus=BUS][,serial=TEXT]; BUS is virtio, scsi, nvme or ide;"
        " may be repeated",
    )
    add("--memory", type=_positive, default=MEMORY, metavar="MIB", help="memory (default: 1536)")
    add(
        "--cpus",
        type=_positive,
        metavar="N",
        help="processors (default: 2; 1 if machines side by side would have to share them)",
    )
    add("--fault", action="append", metavar="FAULT", help="let this go wrong; may be repeated")
    add("--tier", choices=("boot", "apply"), default="boot", help="boot a machine, or only apply")
    add(
        "--timeout",
        type=_positive,
        default=TIMEOUT,
        metavar="SECONDS",
        help=f"time for one boot (default: {TIMEOUT})",
    )
    add(
        "--jobs",
        type=_positive,
        metavar="N",
        help="cases at once (default: what there is room for)",
    )
    add(
        "--retries",
        type=_not_negative,
        default=0,
        metavar="N",
        help="try failed cases so often again; one that then passes is counted as flaky",
    )
    add("-k", dest="filter", default="", metavar="TEXT", help="only cases with TEXT in their name")
    add("--list", action="store_true", help="print the cases, and do nothing")
    add(
        "--format",
        action="append",
        metavar="FORMAT[=FILE]",
        help=f"{', '.join(FORMATS)} (default: text); may be repeated, with a file each",
    )
    add("-o", "--output", default="", metavar="FILE", help="output file (default: standard output)")
    add("-v", "--verbose", action="store_true", help="show passed checks, too")
    add(
        "--artefacts",
        default=ARTEFACTS,
        metavar="DIR",
        help=f"folder for artefacts (default: {ARTEFACTS})",
    )
    add("--keep", action="store_true", help="keep the disks, and the artefacts of passed cases")
    add("--shell", action="store_true", help="a root shell in the machine after the checks")
    return parser


def _positive(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 1 << 31:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive number")
    return int(text)


def _not_negative(text: str) -> int:
    return 0 if text == "0" else _positive(text)
