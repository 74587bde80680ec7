# SPDX-License-Identifier: Apache-2.0
"""Runs one case: looks at the config, boots it or applies it, and judges what came out."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from ignition.base.errors import Failure, oserror_failure
from ignition.testbed import (
    apply_tier,
    faults,
    images,
    machine,
    needed_drives,
    offline_disks,
    platforms,
    tpm,
)
from ignition.testbed.apply.judging import judge_applied
from ignition.testbed.artefacts import QEMU_SCRIPT, Artefacts, Evidence
from ignition.testbed.cases import Case, ImageChoice, cause_of
from ignition.testbed.checks import judge, unchanged
from ignition.testbed.console_watch import Watch
from ignition.testbed.expectations import dump
from ignition.testbed.faults import Fault
from ignition.testbed.foreign import foreign_image
from ignition.testbed.images import Image
from ignition.testbed.needed_drives import DriveSpec, Needed
from ignition.testbed.pictures import disk_views, step_times
from ignition.testbed.pool import Cancelled, Ear, unfinished
from ignition.testbed.power import PowerOn
from ignition.testbed.preparation import Prepared, prepare
from ignition.testbed.programs import need
from ignition.testbed.report import Report, read
from ignition.testbed.reporter_config import with_reporter
from ignition.testbed.request import Request, request_for
from ignition.testbed.results import BootRecord, CaseResult, Check, DiskView, Verdict
from ignition.testbed.scratch import scratch_folder
from ignition.testbed.verdicts import (
    MULTI_USER,
    Boot,
    Outcome,
    Promise,
    Question,
    decide,
)


@dataclass
class ImageShelf:
    """The images of a run; each is made when the first case needs it, once."""

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _known: dict[ImageChoice, Image | Failure] = field(default_factory=dict)

    def get(self, choice: ImageChoice) -> Image:
        """The image. Failure if it cannot be booted, the same for each case that wants it."""
        with self._lock:
            if choice not in self._known:
                try:
                    self._known[choice] = _image(choice)
                except Failure as failure:
                    self._known[choice] = failure
            found = self._known[choice]
        if isinstance(found, Failure):
            raise found
        return found


def _image(choice: ImageChoice) -> Image:
    if choice.path is None:
        return images.default_image()
    return foreign_image(
        choice.path,
        kernel=choice.kernel,
        initrd=choice.initrd,
        append=choice.append,
        firmware=choice.firmware,
        reporter=choice.reporter,
    )


@dataclass(frozen=True)
class Options:
    """What all cases of a run have in common.

    disks        more data disks; one with the device of a disk that the config names replaces it
    timeout      seconds for one boot
    keep         keep the disks, and the artefacts of passed cases, too
    shell        a shell on the machine's console after the checks
    """

    artefacts: Artefacts
    images: ImageShelf = field(default_factory=ImageShelf)
    disks: tuple[DriveSpec, ...] = ()
    cmdline: tuple[str, ...] = ()
    timeout: float = 600
    memory_mib: int = 1536
    cpus: int = 2
    strict: bool = False
    second_boot: bool = False
    keep: bool = False
    shell: bool = False


def run_case(case: Case, options: Options, ear: Ear, cancel: threading.Event) -> CaseResult:
    """Runs a case once. Failure for what is wrong with this host; Cancelled after `cancel` was set."""
    begin = time.monotonic()
    prepared = prepare(case, strict=options.strict, second_boot=options.second_boot)
    if prepared.refusal is not None and prepared.expectations.failure is None:
        outcome = Outcome(Verdict.REFUSED, prepared.refusal)
        played = Played(outcome)
    elif case.tier == "apply":
        ear.phase(case, "apply")
        played = _apply(case, prepared, options, cancel)
    else:
        played = _boot(case, prepared, options, ear, cancel)
    result = _result(case, prepared, played, time.monotonic() - begin)
    if result.verdict is Verdict.PASSED and not options.keep:
        return result
    derived = prepared.expectations.derived and not prepared.expectations.failure
    yaml = dump.to_yaml(prepared.expectations) if derived else ""
    return options.artefacts.keep(result, played.evidence, case.data, yaml)


@dataclass(frozen=True)
class Played:
    """What a case came to, with the boots that show it."""

    outcome: Outcome
    boots: tuple[BootRecord, ...] = ()
    evidence: tuple[Evidence, ...] = ()


def _result(case: Case, prepared: Prepared, played: Played, seconds: float) -> CaseResult:
    outcome = played.outcome
    return replace(
        unfinished(case, outcome.cause),
        verdict=outcome.verdict,
        checks=outcome.checks,
        boots=played.boots,
        findings=prepared.findings,
        notes=(*prepared.notes, *outcome.notes),
        seconds=seconds,
    )


# -- the quick tier ----------------------------------------------------------------------------------------


def _apply(case: Case, prepared: Prepared, options: Options, cancel: threading.Event) -> Played:
    """Applies the config into a folder. What needs a booted machine is not decided."""
    late: Failure | None = None
    report = Report()
    with _folder(case, options) as folder:
        try:
            report = apply_tier.apply(
                case.data,
                case.config,
                prepared.expectations,
                folder,
                image=case.image.path,
                limit=options.timeout,
                cancel=cancel,
            )
        except apply_tier.TimedOut as failure:
            late = failure
        except apply_tier.Interrupted:
            raise Cancelled from None
        log = folder / "engine.log"
        console = log.read_text(errors="replace") if log.exists() else ""
    if late is not None:
        outcome = Outcome(Verdict.TIMEOUT, cause_of(late))
    else:
        outcome = judge_applied(_question(case, prepared, options), prepared.rendered, report)
    return Played(outcome, evidence=(Evidence(console, report),))


# -- booting -----------------------------------------------------------------------------------------------


def _question(
    case: Case, prepared: Prepared, options: Options, fault: Fault | None = None
) -> Question:
    promise = Promise(fault.promise, fault.stops, fault.may_succeed) if fault else None
    return Question(case.config, case.data, prepared.expectations, promise, options.timeout)


def _boot(
    case: Case, prepared: Prepared, options: Options, ear: Ear, cancel: threading.Event
) -> Played:
    fault = faults.parse(case.fault) if case.fault else None
    platforms.playable(case.platform)
    need("qemu-system-x86_64", "qemu-img")  # before an image is built, which takes minutes
    if with_tpm := tpm.is_wanted(prepared.rendered):
        tpm.require()
    ear.phase(case, "image")
    image = options.images.get(case.image)
    if cancel.is_set():
        raise Cancelled
    again = prepared.expectations.second_boot is not None and prepared.expectations.failure is None
    request = request_for(prepared.expectations, second_boot=again)
    request = replace(request, shell=options.shell)
    config: bytes | None = case.data or None
    if image.reporter == "config":
        config = with_reporter(case.data, request)
    needed = _drives(prepared, options, foreign=case.image.path is not None)
    with ExitStack() as stack:
        folder = stack.enter_context(_folder(case, options))
        guest = machine.create(
            folder,
            image,
            needed.drives,
            boot_bus=needed.boot_bus,
            fault=fault,
            tpm=with_tpm,
        )
        delivery = stack.enter_context(platforms.play(case.platform, config, folder, image, fault))
        run = Run(case, options, image, guest, delivery, request, fault, ear, cancel)
        question = _question(case, prepared, options, fault)
        question = replace(question, wrapped=image.reporter == "config")
        played = _boots(run, question, again=again)
    kept = (f"the machine's disks are in {folder}",) if options.keep else ()
    notes = (*needed.notes, *delivery.notes, *run.notes, *played.outcome.notes, *kept)
    return replace(played, outcome=replace(played.outcome, notes=notes))


@dataclass
class Run:
    """One machine with all that its boots need."""

    case: Case
    options: Options
    image: Image
    guest: machine.Machine
    delivery: platforms.Delivery
    request: Request
    fault: Fault | None
    ear: Ear
    cancel: threading.Event
    reports: list[Report] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def power_on(self, *, first: bool) -> tuple[Boot, Evidence]:
        """Boots the machine. Cancelled if the user ended the run meanwhile."""
        self.ear.phase(self.case, "power-on" if first else "second boot")
        watch = Watch(self.case, self.image, self.ear, self.cancel)
        options = self.options
        begin = time.monotonic()
        try:
            with watch:
                done = self.guest.boot(
                    self.delivery,
                    self.request,
                    cmdline=options.cmdline,
                    fault=self.fault if first else None,
                    limit=options.timeout,
                    on_line=watch.line,
                    memory_mib=options.memory_mib,
                    cpus=options.cpus,
                    cancel=watch.stop,
                    interactive=options.shell,
                )
        finally:
            if self.cancel.is_set():
                raise Cancelled
        report = read(done.archive, done.folder / "console.log")
        if not report.state:
            report = self._from_images()
        self.reports.append(report)
        self.notes += done.notes
        boot = Boot(
            _consoles(done),
            time.monotonic() - begin,
            done.timed_out,
            report,
            reports=self.image.reporter != "none",
        )
        return boot, Evidence(boot.console, report, done.command)

    def _from_images(self) -> Report:
        """What the disks of a machine tell that did not report."""
        found = offline_disks.look(self.guest.drives)
        self.notes += found.notes
        return Report(devices=found.devices, luks=found.luks, from_images=found.devices is not None)


def _consoles(done: PowerOn) -> str:
    """The console of a boot, after that of the power-on that a power cut ended."""
    before = f"{done.before.console}\n--- power cut ---\n" if done.before is not None else ""
    return before + done.console


def _boots(run: Run, question: Question, *, again: bool) -> Played:
    """The first boot, and if asked for the second. If QEMU fails, its last words are evidence."""
    try:
        first = _first_boot(run, question)
        passed = first.outcome.verdict is Verdict.PASSED
        if again and passed and first.boots[0].reached == MULTI_USER:
            return _second_boot(run, question, first)
        return first
    except Failure as failure:
        outcome = Outcome(Verdict.HOST_PROBLEM, cause_of(failure))
        return Played(outcome, evidence=(_last_words(run.guest.folder),))


def _last_words(folder: Path) -> Evidence:
    texts = [
        (folder / name).read_text(errors="replace") if (folder / name).exists() else ""
        for name in ("console.log", QEMU_SCRIPT)
    ]
    return Evidence(texts[0], Report(), texts[1])


def _first_boot(run: Run, question: Question) -> Played:
    boot, evidence = run.power_on(first=True)
    judged = boot.report.state and not boot.report.in_initramfs
    checks = judge(question.expectations, boot.report) if judged else ()
    if boot.reached == MULTI_USER and not boot.report.state:  # it has no reporter
        checks = judge(question.expectations, boot.report)
    outcome = decide(question, boot, checks)
    record = _record(boot, _blank_disks(boot.report, run.guest))
    return Played(outcome, (record,), (evidence,))


def _second_boot(run: Run, question: Question, first: Played) -> Played:
    """Powers on the same machine once more: nothing may be provisioned again."""
    boot, evidence = run.power_on(first=False)
    place = question.expectations.second_boot
    assert place is not None
    checks: Sequence[Check] = ()
    if boot.reached == MULTI_USER:
        checks = unchanged(run.reports[0], boot.report, place)
    outcome = decide(question, boot, checks, first=False)
    cause = outcome.cause and replace(outcome.cause, text=f"second boot: {outcome.cause.text}")
    outcome = Outcome(
        outcome.verdict,
        cause,
        (*first.outcome.checks, *outcome.checks),
        (*first.outcome.notes, *outcome.notes),
    )
    record = _record(boot, first.boots[0].disks_after)
    return Played(outcome, (*first.boots, record), (*first.evidence, evidence))


def _record(boot: Boot, before: tuple[DiskView, ...]) -> BootRecord:
    times = step_times(boot.report)
    return BootRecord(
        boot.seconds,
        boot.reached,
        tuple(each for each in times if not each.phase),
        tuple(each for each in times if each.phase),
        before,
        disk_views(boot.report),
        boot.console,
    )


def _blank_disks(report: Report, guest: machine.Machine) -> tuple[DiskView, ...]:
    """The disks before the first boot: data disks are empty, the system disk is as it still is."""
    root = next(
        (str(each.get("source", "")) for each in report.mounts or () if each.get("target") == "/"),
        "",
    )
    if report.from_images:
        root = offline_disks.name_of(guest.drives, guest.system)
    return tuple(
        view if root.startswith(view.device) else DiskView(view.device, view.size)
        for view in disk_views(report)
    )


def _drives(prepared: Prepared, options: Options, *, foreign: bool) -> Needed:
    """The data disks that the config names, and those of the command line."""
    rendered = prepared.rendered
    needed = needed_drives.needed(rendered, foreign=foreign) if rendered else Needed()
    given = options.disks
    replaced = {(each.bus, each.serial) for each in given if each.serial}
    kept = (each for each in needed.drives if (each.bus, each.serial) not in replaced)
    return replace(needed, drives=(*kept, *given))


@contextmanager
def _folder(case: Case, options: Options) -> Iterator[Path]:
    """A folder for disks and logs. With `keep` it is beside the artefacts, and stays."""
    if not options.keep:
        with scratch_folder(Path(case.config).name) as folder:
            yield folder
        return
    folder = options.artefacts.case_folder(case.name) / "machine"
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
    except OSError as error:
        raise oserror_failure(error) from error
    yield folder
