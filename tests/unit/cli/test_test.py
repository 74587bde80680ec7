# SPDX-License-Identifier: Apache-2.0
"""`ignition test` without a guest: usage, bad input, exit statuses, what it prints."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from ignition.cli.test_parser import FORMATS
from ignition.testbed import formats
from tests.unit.cli.command import CHECKOUT, run

CONFIG = '{"ignition": {"version": "3.4.0"}}'
REFUSED = '{"ignition": {"version": "3.4.0"}, "storage": {"files": [{"path": "etc/x"}]}}'
TEST = ("ignition", "test")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IGNITION_BUILD_DIR", str(tmp_path / "build"))
    (tmp_path / "web.ign").write_text(CONFIG)
    (tmp_path / "bad.ign").write_text(REFUSED)
    (tmp_path / "empty").mkdir()
    return tmp_path


USAGE = {
    "": "name at least one CONFIG",
    "--platfrom aws web.ign": "did you mean --platform?",
    "--platform awss web.ign": "did you mean aws?",
    "--fault power-cutt web.ign": "did you mean power-cut?",
    "--format junitt web.ign": "did you mean junit?",
    "--format junit= web.ign": "names no file",
    "--format json --format junit web.ign": "several formats would be written to the same place",
    "--jobs 0 web.ign": "not a positive number",
    "--timeout 5m web.ign": "not a positive number",
    "--disk 1X web.ign": "1X",
    "--kernel vmlinuz web.ign": "--kernel needs --image",
    "--initrd initramfs web.ign": "need --kernel",
    "--no-reporter web.ign": "--no-reporter needs --image",
    "--image disk.raw --cmdline quiet web.ign": "needs --kernel: a boot loader has its own arguments",
    "--tier apply --cmdline quiet web.ign": "--cmdline needs a machine",
    "--tier apply --image root --kernel vmlinuz web.ign": "--kernel needs a machine",
    "--tier apply --fault net-late web.ign": "excludes --tier apply",
    "--shell web.ign": "--shell needs a terminal",
    "-k nothing web.ign": "no case has 'nothing' in its name",
    "--format junit=nowhere/report.xml web.ign": "there is no folder nowhere",
    '--cmdline="x web.ign': "no closing quotation",
    "--platform , web.ign": "unknown platform",
    "- -": "standard input can be read only once",
}


@pytest.mark.parametrize("args", USAGE)
def test_usage_errors_have_status_2_and_a_hint(args: str) -> None:
    done = run(*TEST, *args.split())
    assert (done.returncode, done.stdout) == (2, "")
    assert USAGE[args] in done.stderr
    assert "Traceback" not in done.stderr


HOST = {
    "missing.ign": "IGN6311: cannot read missing.ign: No such file or directory",
    "empty": "IGN6310: no *.ign files in empty",
    "'*.xyz'": "IGN6310: nothing matches",
    "web.ign --expect missing.yaml": "IGN8401: cannot read the expectations in missing.yaml",
    "web.ign --image missing.qcow2": "missing.qcow2",
    "web.ign --image web.ign": "web.ign",
    "web.ign --platform vmware": "IGN8302",
}


@pytest.mark.parametrize("args", HOST)
def test_bad_input_is_a_host_problem(args: str) -> None:
    done = run(*TEST, *args.replace("'", "").split())
    assert done.returncode == 7
    assert HOST[args] in done.stdout + done.stderr
    assert "Traceback" not in done.stderr and "IGN6900" not in done.stdout


def test_without_qemu_the_package_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "disk.raw").write_bytes(bytes(510) + b"\x55\xaa" + bytes(1 << 20))
    (folder / "bin").mkdir()
    (folder / "bin/qemu-img").symlink_to("/usr/bin/qemu-img")
    monkeypatch.setenv("PATH", str(folder / "bin"))
    done = run(*TEST, "web.ign", "--image", "disk.raw", "--no-reporter")
    assert done.returncode == 7
    assert "IGN8001" in done.stdout and "qemu-system-x86" in done.stdout


def test_a_refused_config_starts_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")  # nothing could be started
    done = run(*TEST, "bad.ign")
    assert done.returncode == 3
    assert "config refused" in done.stdout
    assert "bad.ign:1:" in done.stdout and "IGN1" in done.stdout
    assert (folder / "ignition-test-artefacts/bad.ign/repeat.sh").read_text() == (
        "ignition test bad.ign\n"
    )


def test_one_unreadable_config_does_not_stop_the_others() -> None:
    done = run(*TEST, "missing.ign", "bad.ign", "--format", "json")
    assert done.returncode == 7
    assert [case["verdict"] for case in json.loads(done.stdout)["cases"]] == [
        *("host problem", "config refused"),
    ]


def test_warnings_refuse_a_config_only_with_strict(folder: Path) -> None:
    (folder / "odd.ign").write_text('{"ignition": {"version": "3.4.0"}, "unknown": 1}')
    done = run(*TEST, "--strict", "odd.ign")
    assert done.returncode == 3
    assert "unknown" in done.stdout


def test_a_typo_in_an_expectations_file_names_the_nearest_key(folder: Path) -> None:
    (folder / "web.expect.yaml").write_text("files:\n  - path: /etc/x\n    conten: hi\n")
    done = run(*TEST, "web.ign")
    assert done.returncode == 7
    assert "web.expect.yaml:3:" in done.stdout
    assert "content" in done.stdout


def test_list_shows_the_cases_and_runs_none() -> None:
    done = run(*TEST, "--list", "--platform", "aws,qemu", ".", "-k", "web")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "./web.ign [aws]\n./web.ign [qemu]\n"


def test_machine_formats_have_standard_output_for_themselves(folder: Path) -> None:
    done = run(
        *TEST, "bad.ign", "--format", "json", "--format", "junit=report.xml", "--format", "text=out"
    )
    assert json.loads(done.stdout)["cases"]
    assert (folder / "report.xml").read_text().startswith("<?xml")
    assert "bad.ign" in (folder / "out").read_text()
    assert "bad.ign: started" in done.stderr


def test_a_config_from_standard_input() -> None:
    done = run(*TEST, "-", stdin=REFUSED.encode())
    assert done.returncode == 3
    assert "standard input" in done.stdout


def test_output_that_cannot_be_written_is_an_error() -> None:
    done = run(*TEST, "bad.ign", "--format", "json", "-o", "/dev/full")
    assert done.returncode == 7
    assert "IGN6312" in done.stderr


@pytest.mark.parametrize("args", [("pipe",), ("web.ign", "--expect", "pipe")])
def test_a_pipe_to_which_nobody_writes_is_refused(folder: Path, args: tuple[str, ...]) -> None:
    os.mkfifo(folder / "pipe")
    done = run(*TEST, *args)
    assert done.returncode == 7
    assert "it is no regular file" in done.stdout


def test_a_pipe_of_the_shell_is_read() -> None:
    reader, writer = os.pipe()
    os.write(writer, REFUSED.encode())
    os.close(writer)
    command = [sys.executable, "-m", "ignition", "test", f"/dev/fd/{reader}"]
    environ = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    done = subprocess.run(command, env=environ, pass_fds=(reader,), capture_output=True)
    os.close(reader)
    assert done.returncode == 3


def test_a_second_run_in_the_same_folder_is_told() -> None:
    from ignition.testbed.artefacts import open_artefacts

    with open_artefacts(Path("ignition-test-artefacts")):
        done = run(*TEST, "bad.ign")
    assert done.returncode == 7
    assert "IGN8403: another run of ignition test uses" in done.stderr


def test_progress_on_a_terminal_is_a_picture(folder: Path) -> None:
    leader, follower = pty.openpty()
    command = [sys.executable, "-m", "ignition", "test", "bad.ign"]
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=follower,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT), "NO_COLOR": "1", "TERM": "xterm"},
        check=False,
    )
    os.set_blocking(leader, False)
    shown = os.read(leader, 65536).decode()
    os.close(follower)
    os.close(leader)
    assert done.returncode == 3
    assert "1 of 1 done" in shown or "0 of 1 done" in shown
    assert "\x1b[1m" not in shown and "bad.ign: started" not in shown


def test_the_parser_needs_no_library_and_answers_at_once() -> None:
    code = (
        "import sys; import ignition.cli.test as test; test.build_parser().format_help();"
        "print([name for name in sys.modules if name.split('.')[0] in ('yaml', 'jsonschema', 'requests')"
        " or name.startswith('ignition.testbed')])"
    )
    env = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
    assert min(processor_time(*TEST, "--help") for _ in range(5)) < 0.2


def processor_time(*args: str) -> float:
    """Seconds: on a busy machine, the clock on the wall says little."""
    before = os.times()
    run(*args)
    after = os.times()
    return (
        after.children_user + after.children_system - before.children_user - before.children_system
    )


def test_the_formats_of_the_parser_are_those_that_exist() -> None:
    assert FORMATS == formats.NAMES
