# SPDX-License-Identifier: Apache-2.0
"""What is kept of a case, and the lock of the folder."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from ignition.base.errors import Failure
from ignition.base.origin import Origin
from ignition.testbed.artefacts import Evidence, open_artefacts
from ignition.testbed.cases import Case
from ignition.testbed.pool import unfinished
from ignition.testbed.report import Report
from ignition.testbed.results import CaseResult, Check, Status, Verdict

PLACE = Origin("web.ign", "/storage/files/0", 4, 7)
CHECKS = (
    Check("file /etc/x", "mode", Status.PASSED, PLACE, "0644", "0644"),
    Check("file /etc/x", "user", Status.FAILED, PLACE, "root", "core", "-root\n+core"),
    Check("port 80", "", Status.NOT_DECIDED, PLACE, reason="no reporter"),
)
JOURNAL = [
    {
        "__MONOTONIC_TIMESTAMP": "1500000",
        "SYSLOG_IDENTIFIER": "ignition",
        "_PID": "7",
        "MESSAGE": "a\x1b[2J",
    }
]


@pytest.fixture(autouse=True)
def build_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IGNITION_BUILD_DIR", str(tmp_path / "build"))


def result(name: str = "configs/web.ign [aws]") -> CaseResult:
    case = Case(name, "configs/web.ign", repeat="ignition test --platform aws configs/web.ign")
    return replace(
        unfinished(case, None), verdict=Verdict.EXPECTATION_FAILED, checks=CHECKS, seconds=41.5
    )


def test_a_run_without_failures_leaves_nothing(tmp_path: Path) -> None:
    with open_artefacts(tmp_path / "out"):
        pass
    assert not (tmp_path / "out").exists()


def test_a_kept_case_has_a_folder_with_everything(tmp_path: Path) -> None:
    boot = Evidence("Linux version\n", Report(journal=JOURNAL), "qemu-system-x86_64 …\n")
    with open_artefacts(tmp_path / "out") as artefacts:
        kept = artefacts.keep(result(), [boot, boot], b"{}", "files: []\n")
    folder = tmp_path / "out/configs-web.ign-aws"
    assert kept.artefacts == folder
    assert {path.name for path in folder.iterdir()} == {
        *("console.log", "console-2.log", "journal.json", "journal-2.json", "journal.txt"),
        *("journal-2.txt", "report.json", "expected-against-found.txt", "config.ign"),
        *("expectations.yaml", "qemu.sh", "repeat.sh", ".ignition-test"),
    }
    assert (folder / "journal.txt").read_text() == "[    1.500000] ignition[7]: a\\x1b[2J\n"
    assert (folder / "repeat.sh").read_text() == f"{kept.repeat}\n"
    (case,) = json.loads((folder / "report.json").read_text())["cases"]
    assert case["verdict"] == "expectation failed"


def test_failed_checks_come_first(tmp_path: Path) -> None:
    with open_artefacts(tmp_path / "out") as artefacts:
        kept = artefacts.keep(result(), ())
    assert kept.artefacts is not None
    text = (kept.artefacts / "expected-against-found.txt").read_text()
    assert text.index("FAILED") < text.index("NOT DECIDED") < text.index("PASSED")
    assert "web.ign:4:7" in text and "+core" in text and "no reporter" in text


def test_the_next_run_replaces_artefacts_and_no_other_file(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    with open_artefacts(folder) as artefacts:
        artefacts.keep(result("a"), ())
    (folder / "mine").mkdir()
    (folder / "mine/notes").write_text("keep")
    (folder / "notes").write_text("keep")
    with open_artefacts(folder):
        pass
    assert {path.name for path in folder.iterdir()} == {"mine", "notes"}


def test_a_folder_that_is_no_artefact_is_not_written(tmp_path: Path) -> None:
    (tmp_path / "out/web.ign").mkdir(parents=True)
    with (
        open_artefacts(tmp_path / "out") as artefacts,
        pytest.raises(Failure, match="no run of ignition test made it") as raised,
    ):
        artefacts.keep(result("web.ign"), ())
    assert raised.value.code == "IGN8404"


def test_two_runs_cannot_use_one_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with open_artefacts(tmp_path / "out"):
        with pytest.raises(Failure) as raised, open_artefacts(Path("out")):
            pass
        assert raised.value.code == "IGN8403"
        with open_artefacts(Path("other")):
            pass
    with open_artefacts(Path("out")):
        pass


def test_names_of_cases_are_file_names(tmp_path: Path) -> None:
    names = ["../../etc/passwd", "a b\n[c]", "x" * 300, "-"]
    with open_artefacts(tmp_path / "out") as artefacts:
        folders = [artefacts.case_folder(name) for name in names]
    assert all(folder.parent == tmp_path / "out" for folder in folders)
    assert len({*folders}) == 4 and all(len(folder.name) < 120 for folder in folders)


def test_a_folder_that_cannot_be_made_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        open_artefacts(tmp_path / "file/out") as artefacts,
        pytest.raises(Failure) as raised,
    ):
        artefacts.keep(result(), ())
    assert raised.value.code == "IGN8404"
