# SPDX-License-Identifier: Apache-2.0
"""`ignition test CONFIG...`: boots configs in QEMU and says whether the machines came out as meant."""

from __future__ import annotations

import argparse
import os
import shlex
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ignition.base import streams
from ignition.base.errors import Failure
from ignition.cli.inputs import expand_paths
from ignition.cli.output import write, write_stdout
from ignition.cli.parser import Parser
from ignition.cli.test_parser import FORMATS, MEMORY, TIMEOUT, build_parser

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

    from ignition.testbed.cases import Case, ImageChoice
    from ignition.testbed.formats.text import Text
    from ignition.testbed.results import CaseResult, RunResult
    from ignition.testbed.runner import Options

__all__ = ("build_parser", "main")


def main(args: list[str]) -> int:
    """Exit status: that of the worst case, see results.Verdict; 2 usage error, 130 interrupted."""
    parser = build_parser()
    options = parser.parse_args(args)
    if not options.configs:
        parser.error("name at least one CONFIG")
    _check_usage(parser, options)
    outputs = _outputs(options)
    try:
        return _test(options, outputs, _options_to_repeat(options))
    except Failure as failure:
        if failure.code not in _USAGE:
            failure.exit_status = _HOST_PROBLEM
        else:
            failure.exit_status = 2
        raise


_HOST_PROBLEM = 7
_USAGE = ("IGN6004", "IGN6305", "IGN8301", "IGN8320", "IGN8330", "IGN8402", "IGN8405")
"""Failures that a different command line mends: exit status 2."""


def _check_usage(parser: Parser, options: argparse.Namespace) -> None:
    """Refuses combinations of flags that make no sense. Failure IGN6004, IGN8405."""
    if options.kernel is None and (options.initrd or options.append):
        parser.error("--initrd and --append need --kernel")
    if options.image and options.kernel is None and options.cmdline:
        parser.error("--cmdline with --image needs --kernel: a boot loader has its own arguments")
    needs_image = ("kernel", "no_reporter")
    for name in needs_image:
        if getattr(options, name) and not options.image:
            parser.error(f"--{name.replace('_', '-')} needs --image")
    if options.firmware != "auto" and not options.image:
        parser.error("--firmware needs --image")
    if options.tier == "apply":
        for name in ("fault", "disk", "second_boot", "shell", "no_reporter", "kernel", "cmdline"):
            if getattr(options, name):
                parser.error(
                    f"--{name.replace('_', '-')} needs a machine: it excludes --tier apply"
                )
    if options.configs.count("-") > 1:
        parser.error("standard input can be read only once")
    if options.expect == "-":
        parser.error("--expect needs a file")
    if options.shell and not (os.isatty(0) and os.isatty(streams.STDOUT)):
        raise Failure(
            "IGN8405",
            "--shell needs a terminal",
            hint="run it at a prompt, without pipes",
            exit_status=2,
        )


def _outputs(options: argparse.Namespace) -> list[tuple[str, str]]:
    """Format and file ("" is standard output) of each output. Failure IGN6004."""
    from ignition.base.suggest import closest

    found: list[tuple[str, str]] = []
    for text in options.format or ["text"]:
        name, equals, file = text.partition("=")
        if name not in FORMATS:
            close = closest(name, FORMATS)
            hint = f"did you mean {close}?" if close else f"use one of {', '.join(FORMATS)}"
            raise Failure("IGN6004", f"unknown format {name!r}", hint=hint, exit_status=2)
        if equals and not file:
            raise Failure(
                "IGN6004", f"--format {text} names no file", hint="FORMAT=FILE", exit_status=2
            )
        found.append((name, file or options.output))
    places = [file for _, file in found]
    if len(set(places)) < len(places):
        raise Failure(
            "IGN6004",
            "several formats would be written to the same place",
            hint="give each its own file: --format junit=report.xml --format html=report.html",
            exit_status=2,
        )
    _check_places(places)
    return found


def _check_places(files: Sequence[str]) -> None:
    """Failure IGN6312 for a file in a folder that does not exist: better now than after all guests."""
    for file in files:
        folder = os.path.dirname(file)
        if folder and not os.path.isdir(folder):
            raise Failure(
                "IGN6312",
                f"cannot write {file}: there is no folder {folder}",
                hint="create it, or name another file",
                exit_status=2,
            )


def _options_to_repeat(options: argparse.Namespace) -> list[str]:
    """The options that matter for the result of one case, as they were given."""
    words: list[str] = []
    for name, value in (
        *(("--expect", options.expect), ("--kernel", options.kernel), ("--initrd", options.initrd)),
        *(("--append", options.append), ("--cmdline", options.cmdline)),
    ):
        words += [f"{name}={value}"] if value else []
    words += [f"--disk={spec}" for spec in options.disk or ()]
    for name, value, default in (
        ("--firmware", options.firmware, "auto"),
        ("--memory", options.memory, MEMORY),
        ("--cpus", options.cpus, None),
        ("--timeout", options.timeout, TIMEOUT),
        ("--tier", options.tier, "boot"),
    ):
        words += [f"{name}={value}"] if value != default else []
    for name in ("strict", "second_boot", "no_reporter"):
        words += [f"--{name.replace('_', '-')}"] if getattr(options, name) else []
    return words


def _test(options: argparse.Namespace, outputs: list[tuple[str, str]], repeat: list[str]) -> int:
    cases = _cases(options, repeat)
    if options.list:
        write_stdout("".join(f"{case.name}\n" for case in cases))
        return 0
    if options.shell and len(cases) != 1:
        raise Failure(
            "IGN8405",
            f"--shell is for one case, but there are {len(cases)}",
            hint="choose one with -k; --list shows them",
        )
    from ignition.testbed.artefacts import open_artefacts
    from ignition.testbed.scratch import remove_leftovers

    remove_leftovers()
    with open_artefacts(Path(options.artefacts)) as artefacts:
        from ignition.testbed.needed_drives import parse_disk
        from ignition.testbed.pool import processors_per_guest
        from ignition.testbed.runner import Options

        jobs = _jobs(options, len(cases))

        settings = Options(
            artefacts,
            disks=tuple(map(parse_disk, options.disk or ())),
            cmdline=_kernel_arguments(options.cmdline),
            timeout=options.timeout,
            memory_mib=options.memory,
            cpus=options.cpus or processors_per_guest(jobs),
            strict=options.strict,
            second_boot=options.second_boot,
            keep=options.keep,
            shell=options.shell,
        )
        return _run(cases, settings, jobs, options, outputs)


def _kernel_arguments(text: str) -> tuple[str, ...]:
    """Failure IGN6004 if a quote is not closed."""
    try:
        return tuple(shlex.split(text))
    except ValueError as error:
        raise Failure(
            "IGN6004",
            f"--cmdline {text}: {str(error).lower()}",
            hint="close the quotes: --cmdline 'quiet dyndbg=\"file drivers/usb/* +p\"'",
            exit_status=2,
        ) from None


def _cases(options: argparse.Namespace, repeat: list[str]) -> list[Case]:
    from ignition.testbed.cases import collect

    faults = tuple(options.fault or ("",))
    if options.fault:
        from ignition.testbed.faults import parse

        for text in faults:
            parse(text)
    cases = collect(
        expand_paths(options.configs),
        _platforms(options.platform),
        _images(options),
        expect=Path(options.expect) if options.expect else None,
        faults=faults,
        tier=options.tier,
        options=repeat,
    )
    chosen = [case for case in cases if options.filter in case.name]
    if not chosen:
        raise Failure(
            "IGN8402",
            f"no case has {options.filter!r} in its name",
            hint="ignition test --list shows the names",
        )
    return chosen


def _platforms(given: list[str] | None) -> list[str]:
    """The platform ids, each once. Failure IGN6305 for one that does not exist."""
    from ignition import providers

    words = [word.strip() for text in given or ["qemu"] for word in text.split(",")]
    names = [word for word in words if word] or words
    for name in names:
        if name not in providers.platform_ids():
            from ignition.cli.advice import did_you_mean

            known = ", ".join(providers.platform_ids())
            hint = f"{did_you_mean(name, providers.platform_ids())}use one of {known}"
            raise Failure("IGN6305", f"unknown platform {name!r}", hint=hint, exit_status=2)
    return list(dict.fromkeys(names))


def _images(options: argparse.Namespace) -> list[ImageChoice]:
    from ignition.testbed.cases import ImageChoice

    if not options.image:
        return [ImageChoice()]
    return [
        ImageChoice(
            Path(path),
            kernel=Path(options.kernel) if options.kernel else None,
            initrd=Path(options.initrd) if options.initrd else None,
            append=options.append,
            firmware=options.firmware,
            reporter=not options.no_reporter,
        )
        for path in dict.fromkeys(options.image)
    ]


# -- running -----------------------------------------------------------------------------------------------


def _jobs(options: argparse.Namespace, cases: int) -> int:
    """How many cases run side by side."""
    from ignition.testbed.pool import guests_at_once

    if options.shell:
        return 1
    room = (
        len(os.sched_getaffinity(0)) if options.tier == "apply" else guests_at_once(options.memory)
    )
    return max(1, min(cases, options.jobs or room))


def _run(
    cases: Sequence[Case],
    settings: Options,
    jobs: int,
    options: argparse.Namespace,
    outputs: list[tuple[str, str]],
) -> int:
    from ignition.testbed.pool import run_all
    from ignition.testbed.progress import Progress
    from ignition.testbed.runner import run_case

    screen = _Screen(options, outputs)
    cancel = threading.Event()
    # The console of a guest with a shell is this terminal.
    progress = Progress(
        len(cases), screen.case, live=not options.shell, results=("text", "") not in outputs
    )
    with _signals(cancel) as received, progress:
        run = run_all(
            cases,
            lambda case, ear, stop: run_case(case, settings, ear, stop),
            progress,
            jobs=jobs,
            retries=options.retries,
            cancel=cancel,
        )
    screen.end(run)
    return 128 + received[0] if received else run.exit_status


class _Screen:
    """The outputs: text on standard output case by case, everything else at the end."""

    def __init__(self, options: argparse.Namespace, outputs: list[tuple[str, str]]) -> None:
        from ignition.testbed.formats.text import Text

        self._outputs = [(name, file) for name, file in outputs if (name, file) != ("text", "")]
        colour = os.isatty(streams.STDOUT) and not os.environ.get("NO_COLOR")
        self._text: Text | None = None
        self._error: Failure | BrokenPipeError | None = None
        if ("text", "") in outputs:
            self._text = Text(colour, options.verbose)

    def case(self, result: CaseResult) -> None:
        """Prints a result. An error is raised at the end, since this is called while other cases run."""
        if self._text is None or self._error is not None:
            return
        try:
            write_stdout(self._text.case(result))
        except (Failure, BrokenPipeError) as error:
            self._error = error

    def end(self, run: RunResult) -> None:
        """Writes what needs the whole run."""
        if self._error is not None:
            raise self._error
        if self._text is not None:
            write_stdout(self._text.summary(run))
        from ignition.testbed.formats import FORMATS as WRITERS

        for name, file in self._outputs:
            write(WRITERS[name](run), file)


@contextmanager
def _signals(cancel: threading.Event) -> Iterator[list[int]]:
    """Sets `cancel` at the first SIGINT, SIGTERM or SIGHUP; the second one ends the process at once.

    Gives the signals that came.
    """
    received: list[int] = []

    from ignition.testbed import programs

    def handle(number: int, _: FrameType | None) -> None:
        received.append(number)
        cancel.set()
        threading.Thread(target=programs.end_all, daemon=True).start()  # an image may be building
        for each in before:
            signal.signal(each, signal.SIG_DFL)
        streams.print_error("ignition test: ending the guests; once more to end at once\n")

    chosen = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {each: signal.getsignal(each) for each in chosen}
    before = {each: old for each, old in before.items() if old != signal.SIG_IGN}
    for each in before:
        signal.signal(each, handle)
    try:
        yield received
    finally:
        for each, old in before.items():
            signal.signal(each, old)
