# SPDX-License-Identifier: Apache-2.0
"""Every program with odd streams and limits: an exit status and a message, never a traceback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.cli.command import CHECKOUT, START

FINDINGS = '{"ignition": {"version": "3.4.0"},\n "storrage": 1, "ä": 1, "passwd": {"users": [{"name": "a"}]}}'
ENGINE = "--platform file --stage files --root target --config-cache cache --state-file state"

# Words -> the exit status where all streams are what they should be.
SPEAKING = {
    "ignition --version": 0,
    "ignition convert --help": 0,
    "ignition convert --to 3.5.0 odd.ign": 0,
    "ignition help": 0,
    "ignition help lint": 0,
    "ignition lint --explain IGN1403": 0,
    "ignition lint --help": 0,
    "ignition lint odd.ign": 0,
    "ignition lint --format json odd.ign": 0,
    "ignition lint --format junit odd.ign": 0,
    "ignition render --help": 0,
    "ignition render odd.ign": 0,
    "ignition render --origins odd.ign": 0,
    "ignition run --help": 0,
    "ignition version": 0,
    "ignition-rmcfg --version": 0,
    "ignition-validate --version": 0,
    "ignition-validate odd.ign": 0,
}
COMPLAINING = {
    "ignition": 2,
    "ignition --help": 0,
    "ignition --platform qemo": 2,
    "ignition --stage files": 2,
    "ignition apply odd.ign": 2,
    "ignition plan odd.ign": 2,
    "ignition convert": 2,
    "ignition convert --to 3.4.0 none.ign": 2,
    "ignition help nothing": 2,
    "ignition lint": 2,
    "ignition lint none.ign": 2,
    "ignition lnt": 2,
    "ignition render broken.ign": 1,
    "ignition run": 2,
    "ignition-apply --help": 0,
    "ignition-apply": 1,
    "ignition-rmcfg": 2,
    "ignition-rmcfg --help": 0,
    "ignition-validate": 1,
    "ignition-validate --help": 0,
    "ignition-validate none.ign": 1,
}
READING = (
    "ignition convert --to 3.5.0",
    "ignition lint",
    "ignition render",
    "ignition-validate",
)
LOST = "IGN6312: cannot write standard output: "


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "odd.ign").write_text(FINDINGS)
    (tmp_path / "broken.ign").write_text("{,}")
    (tmp_path / "target").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def command(args: str) -> list[str]:
    program, *more = args.split()
    return [sys.executable, "-c", START.format(program=program), *more]


def shell(
    args: str, around: str = "", before: str = "", **environment: str
) -> subprocess.CompletedProcess[bytes]:
    """Runs a program in a shell, with redirections and limits."""
    done = subprocess.run(
        ["bash", "-c", f'{before} "$@" {around}', "bash", *command(args)],
        capture_output=True,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT), **environment},
        timeout=120,
        check=False,
    )
    for said in (done.stdout, done.stderr):
        assert b"Traceback" not in said and b"Exception ignored" not in said, said
        assert b"IGN6900" not in said, said
    return done


@pytest.mark.parametrize("args", SPEAKING)
@pytest.mark.parametrize("where", [">/dev/full", ">&-"])
def test_lost_output_is_a_failure(args: str, where: str) -> None:
    done = shell(args, where)
    assert done.returncode == 2
    assert LOST in done.stderr.decode()


@pytest.mark.parametrize("args", COMPLAINING)
@pytest.mark.parametrize("where", ["2>/dev/full", "2>&-", "2>&- >&- <&-"])
def test_unwritable_stderr_does_not_change_the_status(args: str, where: str) -> None:
    assert shell(args, where).returncode == COMPLAINING[args]


@pytest.mark.parametrize("args", SPEAKING)
def test_closed_pipe_is_not_an_error(args: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        command(args),
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        stdout=writing,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writing)
    assert done.returncode == 141
    assert not done.stderr or args.startswith(("ignition render", "ignition convert"))
    assert b"Traceback" not in done.stderr and b"ignored" not in done.stderr


@pytest.mark.parametrize("args", READING)
def test_closed_input(args: str) -> None:
    done = shell(f"{args} -", "<&-")
    assert done.returncode == (1 if "validate" in args else 2)
    assert b"Bad file descriptor" in done.stderr


@pytest.mark.parametrize("args", READING)
def test_directory_instead_of_a_config(args: str) -> None:
    done = shell(f"{args} target")
    assert b"Is a directory" in done.stderr or b"no *.ign files in target" in done.stderr


@pytest.mark.parametrize("args", READING)
@pytest.mark.parametrize("file", ["/dev/zero", "sparse"])
def test_endless_files_are_rejected(args: str, file: str) -> None:
    with open("sparse", "wb") as sparse:
        sparse.truncate(1 << 40)
    done = shell(f"{args} {file}")
    assert done.returncode == (1 if "validate" in args else 2)
    assert b"it is larger than 256 MiB" in done.stderr


@pytest.mark.parametrize("args", READING)
def test_out_of_memory(args: str) -> None:
    with open("large.ign", "wb") as large:
        large.truncate(200 << 20)
    done = shell(f"{args} large.ign", before="ulimit -v 250000;")
    assert done.returncode == 2
    assert b"out of memory" in done.stderr


def test_too_large_config_does_not_stop_the_others() -> None:
    with open("large.ign", "wb") as large:
        large.truncate(200 << 20)
    done = shell("ignition lint large.ign odd.ign", before="ulimit -v 250000;")
    assert done.returncode == 2
    assert b"odd.ign:2:2: warning" in done.stdout


@pytest.mark.parametrize("args", READING)
def test_interrupted(args: str) -> None:
    os.mkfifo("pipe")
    running = subprocess.Popen(
        command(f"{args} pipe"),
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with open("pipe", "wb"):  # opened when the program reads
        running.send_signal(signal.SIGINT)
        assert running.communicate(timeout=60) == (b"", b"")
    assert running.returncode == 130


def test_interrupted_with_workers() -> None:
    """Like Ctrl-C in a terminal: the program and its workers get the signal."""
    os.mkfifo("pipe")
    Path("many").mkdir()
    for number in range(150):
        Path(f"many/{number:03}.ign").write_text(FINDINGS)
    running = subprocess.Popen(
        command("ignition lint --select IGN10 many pipe"),
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    with open("pipe", "wb"):
        os.killpg(running.pid, signal.SIGINT)
        assert running.communicate(timeout=60)[1] == b""
    assert running.returncode == 130


def test_killed_worker_is_reported() -> None:
    os.mkfifo("pipe")
    for number in range(150):
        Path(f"{number:03}.ign").write_text(FINDINGS)
    names = " ".join(f"{number:03}.ign" for number in range(150))
    running = subprocess.Popen(
        command(f"ignition lint {names} pipe"),
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    with open("pipe", "wb"):  # a helper stands there
        children = Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text().split()
        if not children:
            pytest.skip("one processor: nobody helps")
        for child in children:
            os.kill(int(child), signal.SIGKILL)
        _, said = running.communicate(timeout=60)
    assert running.returncode == 2
    assert b"IGN6314" in said and b"Traceback" not in said


@pytest.mark.parametrize("args", [*SPEAKING, *COMPLAINING])
def test_odd_locales_change_nothing(args: str) -> None:
    odd = {
        "LC_ALL": "C",
        "PYTHONUTF8": "0",
        "PYTHONCOERCECLOCALE": "0",
        "PYTHONIOENCODING": "ascii",
        "COLUMNS": "x",
        "TERM": "",
        "LANG": "xx_YY.nothing",
    }
    done = shell(args, **odd)
    assert done.returncode == {**SPEAKING, **COMPLAINING}[args]
    if "odd.ign" in args and "lint" in args:
        assert "ä".encode() in done.stdout


def test_non_blocking_pipe_gets_the_whole_output() -> None:
    """A pipe may be non-blocking, and several megabytes do not fit into its buffer."""
    names = ", ".join(f'"unused{number}": 1' for number in range(900))
    for which in range(10):
        Path(f"many{which}.ign").write_text('{"ignition": {"version": "3.4.0"}, ' + names + "}")
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    running = subprocess.Popen(
        command(
            "ignition lint --format json " + " ".join(f"many{which}.ign" for which in range(10))
        ),
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        stdout=writing,
        stderr=subprocess.PIPE,
    )
    os.close(writing)
    with open(reading, "rb") as pipe:
        data = pipe.read()
    _, said = running.communicate(timeout=60)
    assert (running.returncode, said) == (0, b"")
    assert data.count(b"IGN1006") == 9000 and data.endswith(b"}\n")


def test_inaccessible_directory_does_not_stop_the_others() -> None:
    Path("closed").mkdir(mode=0)
    powers = "-dac_override,-dac_read_search"
    before = f"setpriv --inh-caps={powers} --bounding-set={powers}" if os.geteuid() == 0 else ""
    done = shell("ignition lint .", before=before)
    assert done.returncode == 2
    assert b"IGN6311: cannot read ./closed: Permission denied" in done.stderr
    assert b"odd.ign:2:2: warning" in done.stdout


def test_special_files_in_directories_are_skipped() -> None:
    os.mkfifo("pipe.ign")
    done = shell("ignition lint .")
    assert b"2 configs:" in done.stdout


@pytest.mark.parametrize("args", READING)
def test_file_names_that_are_not_utf8_or_start_with_a_hyphen(args: str) -> None:
    name = os.fsdecode(b"\xff.ign")
    Path(name).write_text(FINDINGS)
    Path("-x.ign").write_text(FINDINGS)
    assert shell(f"{args} {name}").returncode == 0
    assert shell(f"{args} -- -x.ign").returncode == 0
    wrong = shell(f"{args} -x.ign")
    assert wrong.returncode == 2
    assert b"./-x.ign" in wrong.stderr or "validate" in args


def test_engine_with_closed_streams_writes_no_log_into_files() -> None:
    """If standard streams are closed, the first opened files get their descriptors."""
    files = [
        {"path": f"/etc/{number}", "contents": {"source": f"data:,{number}"}} for number in range(3)
    ]
    import json

    config = {"ignition": {"version": "3.4.0"}, "storage": {"files": files}}
    Path("config.ign").write_text(json.dumps(config))
    args = f"ignition run {ENGINE.replace('--stage files', '--log-to-stdout --neednet need')}"
    done = shell(f"{args} fetch files", ">&- 2>&- <&-", IGNITION_SELINUX_RELABEL="0")
    assert done.returncode == 0
    assert [Path(f"target/etc/{number}").read_text() for number in range(3)] == ["0", "1", "2"]
    assert json.loads(Path("cache").read_text())["storage"]["files"][0]["path"] == "/etc/0"


@pytest.mark.parametrize("args", ["--fetch-timeout " + "9" * 400 + "s", "--fetch-timeout 9e9h"])
def test_huge_timeouts_are_usage_errors(args: str) -> None:
    done = shell(f"ignition {args} --platform qemu --stage files")
    assert done.returncode == 2
    assert b"for flag -fetch-timeout: parse error" in done.stderr


@pytest.mark.parametrize("where", ["/dev/full", "none/x", "target"])
@pytest.mark.parametrize("args", ["convert --to 3.5.0", "render"])
def test_files_that_cannot_be_written(args: str, where: str) -> None:
    done = shell(f"ignition {args} odd.ign -o {where}")
    assert done.returncode == 2
    assert f"IGN6312: cannot write {where}: ".encode() in done.stderr


@pytest.mark.parametrize("text", ["a=" + "[" * 100_000, "strict = 1", "\udcff", "a"])
def test_invalid_project_file(text: str) -> None:
    Path(".ignition-lint.toml").write_text(text, errors="surrogateescape")
    done = shell("ignition lint odd.ign")
    assert done.returncode == 2
    assert b": IGN630" in done.stderr


def test_endless_project_file() -> None:
    Path(".ignition-lint.toml").symlink_to("/dev/zero")
    assert shell("ignition lint odd.ign").returncode == 0
