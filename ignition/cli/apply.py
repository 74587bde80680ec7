# SPDX-License-Identifier: Apache-2.0
"""`ignition apply --root DIR CONFIG...`: applies configs to a container, an image or a chroot."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from ignition.base import streams
from ignition.base.errors import Failure, InvalidConfig, flatten
from ignition.base.printable import printable
from ignition.cli import fetching
from ignition.cli.diagnostics import print_failure, print_findings
from ignition.cli.inputs import read_config
from ignition.cli.output import write_stdout
from ignition.cli.parser import Parser
from ignition.config.model import Config
from ignition.engine.view import open_view
from ignition.live import engine, namespace, roots, space, tools, unsupported
from ignition.live.merged import Merged, Source, merge_all

DESCRIPTION = """\
Applies configs to the root of a container, an image or a chroot: files, directories, links, users, groups,
units and presets. Several configs are merged in the given order, the later over the earlier, each with the
configs that it references.

Nothing is changed if any part is refused. Applied twice, a config changes nothing: a file that has the
contents, an account that is as wanted, and appended lines that are there stay as they are.

DIR must be the root of a system, with folders etc and usr, and belong to root. The root of the running system
is refused. Without root, this runs in a user namespace, where DIR belongs to the user who unpacked it.
"""

EPILOG = """\
Disks, arrays, volumes, filesystems and kernel arguments need a first boot. A config that has them is refused,
unless --ignore-unsupported is given; then each part that is skipped is named. Programs for accounts and units
are those of DIR, or of this machine if DIR has none that run. SELinux labels are not set.

examples:
  ignition apply --root /mnt/image web.ign
  ignition apply --root rootfs --offline base.ign web.ign

exit status: 0 applied, 1 refused or failed, 2 usage error or unreadable file
"""
# Seconds. Files may be large, unlike configs.
_TIMEOUT = 300


def build_parser() -> Parser:
    """The command-line parser, from which the manual page is generated, too."""
    parser = Parser(
        prog="ignition apply",
        usage="ignition apply --root DIR [options] CONFIG...",
        description=DESCRIPTION,
        epilog=EPILOG,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("configs", metavar="CONFIG", nargs="+", help="config, - for standard input")
    add("--root", required=True, metavar="DIR", help="root of the system to change")
    add(
        "--ignore-unsupported",
        action="store_true",
        help="skip what needs a first boot, and apply the rest",
    )
    fetching.add_options(parser, _TIMEOUT)
    return parser


def main(args: list[str]) -> int:
    """Exit status: 0 applied, 1 refused or failed, 2 wrong use or unreadable file, 128 + n after signal n."""
    options = build_parser().parse_args(args)
    if os.geteuid() != 0:
        namespace.become_root([sys.executable, "-m", "ignition", "apply", *args], _environment())
    os.environ["PATH"] = f"{os.environ.get('PATH', os.defpath)}:{tools.SBIN}"
    sources = [Source(*read_config(path)) for path in options.configs]
    try:
        _apply(sources, options)
    except Failure as failure:
        return _print_failures(failure, sources)
    names = ", ".join(source.name for source in sources)
    write_stdout(f"applied {printable(names)} to {printable(options.root)}\n")
    return 0


def _apply(sources: list[Source], options: argparse.Namespace) -> None:
    ctx = fetching.context(options)
    merged = merge_all(sources, ctx)
    for finding in merged.findings:
        place = finding.origin.source
        text = next((source.data for source in sources if source.name == place), b"")
        print_findings([finding], text, place)
    config = _supported(merged, ignore=options.ignore_unsupported)
    roots.check(options.root)
    root = os.path.abspath(options.root)
    space.check(Config(config), root)
    settings = engine.prepared(ctx.settings)
    settings.read_environment(os.environ)
    settings.selinux_relabel = False
    settings.by_contents = True
    settings.root = root
    view = open_view(settings.console)
    view.start_phase("apply")
    with tempfile.TemporaryDirectory(prefix="ignition-apply-") as folder:
        names = tools.starting(Path(root), Config(config))
        programs = tools.install(Path(root), Path(folder, "bin"), names)
        os.environ["PATH"] = f"{programs}:{os.environ['PATH']}"
        settings.spool = folder
        engine.run(merged, config, settings, ctx.log, view)


def _supported(merged: Merged, *, ignore: bool) -> dict[str, object]:
    parts = unsupported.parts(merged.value, accounts=False)
    if parts and not ignore:
        raise unsupported.refused(parts, merged.table)
    for part in parts:
        streams.print_error(f"skipped {part}: this needs a first boot\n")
    return unsupported.without(merged.value, parts)


def _print_failures(failure: Failure, sources: list[Source]) -> int:
    for one in flatten(failure):
        origins = [found.origin for found in one.findings] if isinstance(one, InvalidConfig) else []
        named = {origin.source for origin in (*origins, one.origin) if origin is not None}
        source = next((each for each in sources if each.name in named), sources[0])
        if one.origin is None and not origins:
            hint = f"\n  {printable(one.hint)}" if one.hint else ""
            streams.print_error(f"ignition apply: {one.code}: {printable(one.text)}{hint}\n")
        else:
            print_failure(one, source.data, source.name)
    return failure.exit_status


def _environment() -> dict[str, str]:
    """For the same program as root of a namespace: the same package, and the programs of root."""
    package = str(Path(__file__).resolve().parents[2])
    former = [os.path.abspath(path) for path in os.environ.get("PYTHONPATH", "").split(":") if path]
    return {
        **os.environ,
        "PYTHONPATH": ":".join([package, *former]),
        "PATH": f"{os.environ.get('PATH', os.defpath)}:{tools.SBIN}",
    }
