# SPDX-License-Identifier: Apache-2.0
"""Runs phases in one process and turns their failures into messages and an exit status."""

from __future__ import annotations

import ignition
from ignition.base import interrupt
from ignition.base.errors import InvalidConfig, combine, flatten
from ignition.base.finding import ERROR, WARNING
from ignition.base.log import Log, open_sink
from ignition.base.settings import in_initramfs
from ignition.engine import phases, report, status
from ignition.engine.view import explain, open_view

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.base.errors import Failure
    from ignition.base.settings import Settings
    from ignition.engine.view import View


def run(names: list[str], settings: Settings) -> int:
    """Runs phases in order. The exit status: 0; 1 for a failure; 3 if a phase could not start; 128 + n after
    signal n."""
    log = Log(open_sink(stdout=settings.log_to_stdout))
    view = open_view(settings.console)
    log.info(f"Ignition {ignition.__version__}")
    with interrupt.SignalHandlers():
        for name in names:
            log.info(f"Stage: {name}")
            failures = phases.run(name, settings, log, view).failures
            failure = combine(failures) if failures else None
            if failure is not None:
                _report_failure(name, failure, settings, log, view)
            if status.is_wanted(settings):
                status.send(name, failure.text if failure else "", settings, log)
            if failure is not None:
                return failure.exit_status
            log.info("Ignition finished successfully")
    return 0


def _report_failure(name: str, failure: Failure, settings: Settings, log: Log, view: View) -> None:
    """Writes the cause to the log, to the live view, and to a file for the emergency target."""
    failures = flatten(failure)
    for one in failures:
        if isinstance(one, InvalidConfig):
            for finding in one.findings:
                line = log.critical if finding.severity == ERROR else log.warning
                if finding.severity in (ERROR, WARNING):
                    line(finding.log_line())
    text = explain(name, failures)
    if failure.exit_status != 3:
        for one in failures:
            log.critical(f"Ignition failed: {one.text}")
    for line_of_text in text.split("\n")[1:]:
        log.critical(line_of_text.strip())
    if in_initramfs():
        # The emergency target shows the full text below systemd's own messages.
        view.line(f"FAILED {failures[0].code} {failures[0].text}")
    else:
        view.failure(failures)
    report.write_failure(text, settings)
