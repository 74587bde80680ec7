# SPDX-License-Identifier: Apache-2.0
"""The hint of a failed program is its message about the cause. The programs are real."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from ignition.base.errors import CommandFailed
from ignition.base.log import Log
from ignition.system import diagnostics
from ignition.system.run import run

MIB = 1 << 20
XFS = "mkfs.xfs -f -K"
EXT4 = "mkfs.ext4 -F -K"
BTRFS = "mkfs.btrfs --force -K"

FAILURES = [
    (f"{XFS} -b size=77 LARGE", "Invalid value 77 for -b size option. Value is too small."),
    (f"{XFS} -L toolonglabelxx LARGE", "Invalid value toolonglabelxx for -L option"),
    (f"{XFS} -m uuid=xyz LARGE", "Invalid value xyz for -m uuid option"),
    (f"{XFS} SMALL", "Filesystem must be larger than 300MB."),
    (f"{XFS} --nonsense SMALL", "mkfs.xfs: unrecognized option '--nonsense'"),
    (f"{XFS} MISSING", "Error accessing specified device MISSING: No such file or directory"),
    (f"{EXT4} --nonsense SMALL", "mkfs.ext4: invalid option -- '-'"),
    (f"{EXT4} -b 77 SMALL", "mkfs.ext4: invalid block size - 77"),
    (f"{EXT4} -U xyz SMALL", "SMALL: could not parse UUID: xyz"),
    (f"{EXT4} -O nonsense SMALL", "Invalid filesystem option set: nonsense"),
    (f"{EXT4} -E nonsense=1 SMALL", "Bad option(s) specified: nonsense"),
    (f"{EXT4} MISSING", "The file MISSING does not exist and no size was specified."),
    (
        f"{EXT4} -N 99999999 SMALL",
        "mkfs.ext4: inode_size (256) * inodes_count (99999999) too big for a filesystem with 65536 "
        "blocks, specify higher inode_ratio (-i) or lower inode count (-N).",
    ),
    (f"{BTRFS} --nonsense SMALL", "mkfs.btrfs: unrecognized option '--nonsense'"),
    (f"{BTRFS} -U xyz LARGE", "ERROR: could not parse UUID: xyz"),
    (f"{BTRFS} -n 77 LARGE", "ERROR: illegal nodesize 77 (smaller than 4096)"),
    ("mkfs.fat --nonsense SMALL", "mkfs.fat: unrecognized option '--nonsense'"),
    ("mkfs.fat -i zzz SMALL", "Volume ID must be a hexadecimal number"),
    ("mkfs.fat -F 99 SMALL", "Bad FAT type : 99"),
    ("mkfs.fat MISSING", "mkfs.fat: unable to open MISSING: No such file or directory"),
    ("mkswap -f --nonsense SMALL", "mkswap: unrecognized option '--nonsense'"),
    ("mkswap -f TINY", "mkswap: error: swap area needs to be at least 40 KiB"),
    ("mkswap -f -U xyz SMALL", "mkswap: error: parsing UUID failed"),
    (
        "wipefs -a MISSING",
        "wipefs: error: MISSING: probing initialization failed: No such file or directory",
    ),
    ("mdadm --create data --nonsense", "mdadm: unrecognized option '--nonsense'"),
    (
        "mdadm --create data --run --level raid7 --raid-devices 2 SMALL",
        "mdadm: invalid raid level: raid7",
    ),
    (
        "mdadm --create data --run --level raid5 --raid-devices 1 SMALL",
        "mdadm: '1' is an unusual number of drives for an array, so it is probably a mistake.  If you "
        "really mean it you will need to specify --force before setting the number of drives.",
    ),
    (
        "mdadm --assemble data MISSING",
        "mdadm: cannot open device MISSING: No such file or directory; "
        "mdadm: MISSING has no superblock - assembly aborted",
    ),
    ("blkid --probe --nonsense", "blkid: unrecognized option '--nonsense'"),
    ("mount -t ext4 MISSING .", "mount: FOLDER: special device MISSING does not exist."),
    ("mount -t ext4 SMALL MISSING", "mount: MISSING: mount point does not exist."),
    ("umount TINY", "umount: TINY: not mounted."),
    ("useradd --nonsense x", "useradd: unrecognized option '--nonsense'"),
    ("useradd -g no-such-group x", "useradd: group 'no-such-group' does not exist"),
    ("useradd root", "useradd: user 'root' already exists"),
    ("groupadd root", "groupadd: group 'root' already exists"),
    ("usermod -G no-such-group root", "usermod: group 'no-such-group' does not exist"),
    (
        "systemctl --root=FOLDER preset no-such.service",
        "Failed to preset unit, unit no-such.service does not exist.",
    ),
    ("systemctl --nonsense", "systemctl: unrecognized option '--nonsense'"),
    ("udevadm trigger --nonsense", "trigger: unrecognized option '--nonsense'"),
]


def failure(command: str, folder: Path, stdin: bytes = b"") -> CommandFailed:
    args = command.replace("FOLDER", str(folder)).split()
    if shutil.which(args[0]) is None:
        pytest.skip(f"{args[0]} is not installed")
    with pytest.raises(CommandFailed) as caught:
        run(Log(lambda level, text: None), args, stdin=stdin)
    return caught.value


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, size in (("TINY", 1024), ("SMALL", 64 * MIB), ("LARGE", 400 * MIB)):
        (tmp_path / name).touch()
        os.truncate(tmp_path / name, size)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("command, hint", FAILURES, ids=[command for command, _ in FAILURES])
def test_cause_is_the_hint(folder: Path, command: str, hint: str) -> None:
    assert failure(command, folder).hint == hint.replace("FOLDER", str(folder))


def test_chpasswd(folder: Path) -> None:
    refused = failure("chpasswd --encrypted", folder, b"no-such-user:x\n")
    assert refused.hint == "chpasswd: line 1: user 'no-such-user' does not exist"


def test_signal_is_reported_if_nothing_was_printed(folder: Path) -> None:
    (folder / "dies").write_text("#!/bin/sh\nkill -9 $$\n")
    (folder / "dies").chmod(0o755)
    assert "killed by signal 9" in failure(f"{folder}/dies", folder).hint


def test_secret_repeated_by_the_program_is_hidden(folder: Path) -> None:
    (folder / "tells").write_text('#!/bin/sh\necho "bad word $1" >&2; exit 1\n')
    (folder / "tells").chmod(0o755)
    with pytest.raises(CommandFailed) as caught:
        run(Log(lambda level, text: None), [f"{folder}/tells", "hunter2"], secret=(1,))
    assert caught.value.hint == "bad word ***"
    assert "hunter2" not in caught.value.text + caught.value.stderr


def test_banner_or_warning_is_kept_if_nothing_else_was_printed() -> None:
    assert diagnostics.summarize("", "Warning: it may be\n") == "Warning: it may be"
    assert diagnostics.summarize("", "Usage: it\n  -x\n") == "Usage: it"
    assert diagnostics.summarize("out of luck\n", "") == "out of luck"
    assert diagnostics.summarize("", "") == ""


def test_many_messages_are_truncated() -> None:
    text = diagnostics.summarize("", "".join(f"message {n}\n" for n in range(9)))
    assert text == "message 0; message 1; message 2"
    assert len(diagnostics.summarize("", 9999 * "x")) < 700
