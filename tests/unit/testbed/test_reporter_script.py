# SPDX-License-Identifier: Apache-2.0
"""The reporter script on this machine: it collects into a folder and sends nothing."""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
from pathlib import Path

import pytest

from ignition.testbed.expectations.model import Command
from ignition.testbed.report import Report, read
from ignition.testbed.request import Request
from tests.support.judging import HERE

SCRIPT = (
    Path(__file__).parents[3] / "ignition/testbed/guest/tree/usr/lib/ignition-test/report"
).resolve()
ENOUGH = ("sh", "tar", "find", "timeout", "head", "cat", "mkdir", "mv", "rm", "wc", "sha256sum")
"""The programs of a system with little more than coreutils and findutils."""


def report(folder: Path, request: Request, path: str | None = None) -> Report:
    (folder / "request").write_bytes(request.pack())
    environment = {**os.environ, "PATH": path or os.environ["PATH"]}
    subprocess.run(
        ["/bin/sh", SCRIPT, "here", folder / "request", folder / "out"],
        check=True,
        capture_output=True,
        timeout=120,
        env=environment,
    )
    return read(folder / "out.tar")


def command(run: str, timeout: float = 20) -> Command:
    return Command(place=HERE, run=run, timeout=timeout)


def test_files_are_collected(tmp_path: Path) -> None:
    tree = tmp_path / "my tree"
    tree.mkdir()
    (tree / "tab\tname").write_bytes(b"small\0\xff")
    (tree / "big").write_bytes(bytes(4 << 20) + b"x")
    (tree / "bound").write_bytes(bytes(4 << 20))
    (tree / "link").symlink_to("target\twith tab")
    (tree / "again").hardlink_to(tree / "tab\tname")
    request = Request(
        paths=(f"{tree}/again", "/proc/sys/kernel/ostype", f"{tree}/nothing"), trees=(str(tree),)
    )
    found = report(tmp_path, request)
    assert found.files is not None
    assert found.missing == {f"{tree}/nothing"}
    small, again = found.files[f"{tree}/tab\tname"], found.files[f"{tree}/again"]
    assert (small.data, again.data) == (b"small\0\xff", b"small\0\xff")
    assert (small.inode, small.filesystem) == (again.inode, again.filesystem)
    assert found.files[f"{tree}/link"].target == "target\twith tab"
    big, bound = found.files[f"{tree}/big"], found.files[f"{tree}/bound"]
    assert (big.whole, len(big.sha256), bound.whole, bound.size) == (False, 64, True, 4 << 20)
    assert found.files["/proc/sys/kernel/ostype"].text == "Linux\n"


def test_commands_are_bounded_in_time_and_output(tmp_path: Path) -> None:
    commands = (
        command("echo out; echo err >&2; exit 3"),
        command("exec sleep 60", timeout=1),
        command("yes", timeout=1),
        command("sleep 2 & echo started"),
        command("cat; pwd; umask"),
    )
    results = report(tmp_path, Request(commands=commands)).commands
    assert results is not None
    first, late, endless, daemon, plain = (results[one.run] for one in commands)
    assert (first.status, first.output, first.timed_out) == (3, "out\nerr\n", False)
    assert late.timed_out
    assert len(endless.output) == 256 << 10
    assert (daemon.status, daemon.output) == (0, "started\n")
    assert plain.output.split() == ["/", "0022"]


def test_the_system_is_collected(tmp_path: Path) -> None:
    found = report(tmp_path, Request(script="echo said; exit 4"))
    assert found.state == "here"
    assert found.script is not None
    assert (found.script.status, found.script.output) == (4, "said\n")
    assert found.passwd is not None and found.passwd["root"].uid == 0
    assert found.groups is not None and "root" in found.groups
    assert found.mounts is not None
    assert "/" in {mount["target"] for mount in found.mounts}
    assert found.sockets is not None
    assert found.cmdline


PRIVATE = """\
mount -t proc -o ro proc /proc
mount --bind /dev/null "$1/dev/null"
for tty in "$1"/dev/tty* "$1"/dev/hvc*; do [ ! -e "$tty" ] || mount --bind "$3" "$tty"; done
mount --rbind "$1/dev" /dev
exec sh "$2" boot "$1/request" "$1/out"
"""
"""Runs the reporter as in a guest, with devices of its own; it must not reach this machine's."""
SYSTEMCTL = """\
#!/bin/sh
echo "$*" >>"${0%/bin/systemctl}/calls"
[ "$1" != is-system-running ] || echo degraded
"""


def private_reporter(folder: Path, request: Request, console: str) -> subprocess.Popen[bytes]:
    """Starts the reporter in namespaces where `console` is the serial console."""
    (folder / "dev").mkdir()
    (folder / "bin").mkdir()
    active = Path("/sys/class/tty/console/active")
    for name in ("null", "ttyS0", *(active.read_text().split() if active.exists() else ())):
        (folder / "dev" / name).touch()
    for name, text in {"systemctl": SYSTEMCTL, "modprobe": "#!/bin/sh\n"}.items():
        (folder / "bin" / name).write_text(text)
        (folder / "bin" / name).chmod(0o755)
    (folder / "request").write_bytes(request.pack())
    return subprocess.Popen(
        [
            *("unshare", "--mount", "--pid", "--fork", "--kill-child"),
            *("sh", "-c", PRIVATE, "sh", folder, SCRIPT, console),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PATH": f"{folder}/bin:{os.environ['PATH']}"},
    )


def calls(folder: Path) -> list[str]:
    return (folder / "calls").read_text().splitlines()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to mount")
def test_a_root_shell_on_the_console_until_it_ends(tmp_path: Path) -> None:
    screen, terminal = pty.openpty()
    reporter = private_reporter(tmp_path, Request(shell=True), os.ttyname(terminal))
    seen = b""
    try:
        while b"Root shell of the tested machine" not in seen:
            seen += os.read(screen, 65536)
        assert not calls(tmp_path)[-1].endswith("poweroff")
        os.write(screen, b"echo it is $((6 * 7)); exit\n")
        assert reporter.wait(60) == 0
        seen += os.read(screen, 65536)
    finally:
        reporter.kill()
        reporter.wait()
        os.close(screen)
        os.close(terminal)
    assert b"it is 42" in seen
    assert calls(tmp_path)[-1] == "--no-block poweroff"


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to mount")
def test_without_a_port_a_report_goes_over_the_console(tmp_path: Path) -> None:
    log = tmp_path / "console.log"
    log.touch()
    reporter = private_reporter(tmp_path, Request(paths=("/etc/passwd",)), str(log))
    assert reporter.wait(120) == 0
    found = read(tmp_path / "report.tar", log)
    assert (found.state, found.shadow) == ("degraded", None)  # no hashes on the console
    assert found.files is not None
    assert found.files["/etc/passwd"].data == Path("/etc/passwd").read_bytes()
    assert calls(tmp_path)[-1] == "--no-block poweroff"


def test_programs_that_are_missing_leave_their_facts_out(tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ENOUGH:
        (programs / name).symlink_to(shutil.which(name) or pytest.fail(f"no {name}"))
    found = report(tmp_path, Request(paths=("/etc/passwd",), units=("x.service",)), str(programs))
    assert (found.journal, found.blkid, found.blocks, found.failed_units) == (None,) * 4
    assert found.units == {}
    assert found.luks is None
    assert found.mounts is not None
    assert "/" in {mount["target"] for mount in found.mounts}  # from the kernel, without findmnt
    assert found.passwd is not None and "root" in found.passwd
    assert found.files is not None and found.files["/etc/passwd"].data.startswith(b"root:")
