# SPDX-License-Identifier: Apache-2.0
"""Runs all phases on random machines, from the config to the result file.

The engine runs as at boot, in a separate process, on a root folder in a tmpfs. Invariants for any config
and any contents of the root:

- the run ends with status 0 or 1 (or that of a signal); a failure has a code; there is no traceback and no
  IGN6900, the code for defects of the engine;
- nothing outside the root changes: the rest of the machine is mounted read-only, so writing to it fails;
- no temporary file is left;
- after success, a second run with the same config succeeds and changes nothing;
- a run that is interrupted at any moment and then repeated ends like an uninterrupted one. After SIGTERM the
  engine cleans up.

Needs root, for a mount namespace and file owners.
"""

from __future__ import annotations

import collections
import contextlib
import hashlib
import json
import os
import resource
import signal
import stat
import subprocess
import sys
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ignition.base.errors import Failure
from ignition.base.settings import Settings
from ignition.engine import main as engine
from ignition.system.root import Root
from tests.fuzz import random_machine
from tests.support.settings import settings_below

BASE = Path("/mnt")
"""The machine's folder, a tmpfs: the only one that a run may write to."""

SECONDS = 120
"""The time limit of a run. The longest take two seconds on an idle machine."""
MEMORY = 1 << 30
"""The address space limit of a run. Large files must not be read as a whole."""

CUT = 0.3
"""The fraction of successful runs that are repeated with an interruption."""

PHASES = ("fetch", "kargs", "disks", "mount", "files", "umount")
_INSIDE = "IGNITION_FUZZ_INSIDE"
_TABLES = ("passwd", "shadow", "group", "gshadow", "subuid")
_ACCOUNT_FILES = frozenset(
    f"/etc/{name}"
    for name in (*_TABLES, *(f"{table}.lock" for table in _TABLES), "login.defs", "default/useradd")
)
_RESULT = "/etc/.ignition-result.json"
_MAY_DIFFER = (_RESULT, *(f"{path}-" for path in _ACCOUNT_FILES))
_GUARD = """\
mount --bind "$1" "$1" && mount -o remount,bind,ro / && mount -t tmpfs -o size=2g,mode=755 fuzz /mnt || exit
shift
exec "$@"
"""

Tree = dict[str, tuple[Any, ...]]


class Broken(AssertionError):
    """An invariant is violated."""


@dataclass(frozen=True)
class Ran:
    status: int  # exit status; negative for a signal
    output: str

    @property
    def codes(self) -> list[str]:
        """The codes of failures in the log."""
        words = self.output.replace("(", " ").replace(")", " ").replace(":", " ").split()
        return sorted({word for word in words if word[:3] == "IGN" and word[3:].isdigit()})


def look(runs: int, seconds: int, seed: int, found: Path) -> int:
    """Runs machines from this seed on. Exit status 1 if an invariant is violated."""
    if os.environ.get(_INSIDE) != "1":
        return _inside_a_guard(runs, seconds, seed, found)
    end = time.monotonic() + seconds if seconds else float("inf")
    codes: collections.Counter[str] = collections.Counter()
    done, broken = 0, 0
    for number in range(seed, seed + runs):
        try:
            ran = hold(number)
            codes.update(ran.codes if ran.status else ["applied"])
        except Broken as why:
            broken += 1
            (found / f"machine-{number}").write_text(str(why), errors="backslashreplace")
            print(f"machine {number}: {str(why).splitlines()[0]}", flush=True)
        done += 1
        if time.monotonic() > end:
            break
    print(f"{done} machines from seed {seed} on, {broken} broke an invariant")
    print("outcomes:", ", ".join(f"{code} {count}" for code, count in codes.most_common()))
    return 1 if broken else 0


def _inside_a_guard(runs: int, seconds: int, seed: int, found: Path) -> int:
    """Restarts in a mount namespace in which only the machine's folder and `found` are writable."""
    words = [
        "--of",
        "phases",
        "--runs",
        runs,
        "--seconds",
        seconds,
        "--seed",
        seed,
        "--found",
        found,
    ]
    command = [sys.executable, "-m", "tests.fuzz", *map(str, words)]
    guard = ["unshare", "--mount", "--propagation", "private", "sh", "-c", _GUARD, "sh", str(found)]
    environment = {**os.environ, _INSIDE: "1", "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run([*guard, *command], env=environment).returncode


def hold(number: int) -> Ran:
    """Asserts all invariants for one machine, and returns the result of its first run."""
    machine = _Machine(number)
    try:
        return _hold(machine)
    except Broken as why:
        text = (BASE / "config.ign").read_text(errors="replace")
        words = [str(why), "", "the root, besides the account tables:", *machine.contents, "", text]
        raise Broken("\n".join(words)) from why


class _Machine:
    """The machine with this seed. `lay_out` creates it in BASE, the same each time."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.lay_out()

    def lay_out(self) -> None:
        rng = random_machine.Dice(self.number)
        self.config = random_machine.config(rng)
        for inner in BASE.iterdir():
            subprocess.run(["rm", "-rf", "--one-file-system", str(inner)], check=True)
        (BASE / "outside" / "victim").mkdir(parents=True)
        (BASE / "outside" / "victim" / "file").write_text("untouched")
        (BASE / "root").mkdir()
        self.contents = random_machine.furnish(rng, BASE / "root")
        text = json.dumps(self.config, indent=1)
        (BASE / "config.ign").write_bytes(text.encode("utf-8", "surrogatepass"))
        self.rng = rng


def _hold(machine: _Machine) -> Ran:
    root = BASE / "root"
    outside = _tree(BASE / "outside")
    begun = time.monotonic()
    first = boot()
    seconds = time.monotonic() - begun
    _check(first, outside)
    if first.status != 0 or _undoes_itself(machine.config, root):
        return first
    wanted = _tree(root)
    second = boot()
    _check(second, outside)
    _same("the second run", second, wanted, _tree(root))
    if machine.rng.random() < CUT:
        machine.lay_out()
        how = machine.rng.choice((signal.SIGTERM, signal.SIGKILL))
        cut = boot(how, machine.rng.random() * seconds)
        if how == signal.SIGTERM:
            _check(cut, outside, 128 + signal.SIGTERM)
        again = boot()
        _check(again, outside)
        _same(f"a run after {how.name}", again, wanted, _tree(root))
    return first


def _same(which: str, ran: Ran, wanted: Tree, found: Tree) -> None:
    if ran.status != 0:
        raise Broken(f"{which} fails: {ran.codes}\n{ran.output}")
    changes = _changes(wanted, found)
    if changes:
        raise Broken("\n".join([f"{which} ends otherwise", *changes, ran.output]))


def _check(ran: Ran, outside: Tree, *statuses: int) -> None:
    check(ran, *statuses)
    if "Read-only file system" in ran.output or "IGN3002" in ran.codes:
        raise Broken(f"a write outside the root\n{ran.output}")
    if _tree(BASE / "outside") != outside:
        raise Broken(f"something outside the root changed\n{ran.output}")


def check(ran: Ran, *statuses: int) -> None:
    """Broken unless the run ended properly and cleaned up. `statuses`: allowed besides 0 and 1."""
    if ran.status not in (0, 1, *statuses):
        raise Broken(f"status {ran.status}\n{ran.output}")
    if "Traceback (most recent call last)" in ran.output or "IGN6900" in ran.output:
        raise Broken(f"a defect: {_line_with('IGN6900', ran.output)}\n{ran.output}")
    if ran.status != 0 and not ran.codes:
        raise Broken(f"a failure without a code\n{ran.output}")
    left = [path for path in _tree(BASE / "root") if ".ignition-tmp-" in path]
    if left:
        raise Broken(f"temporary files are left: {left}\n{ran.output}")


def _line_with(word: str, text: str) -> str:
    return next((line for line in text.splitlines() if word in line), "a traceback")


def boot(stop: signal.Signals | None = None, after: float = 0.0) -> Ran:
    """Runs all phases in a separate process, with an empty /run.

    `stop`: a signal for the process group, and the seconds after its first output.
    """
    subprocess.run(["rm", "-rf", str(BASE / "run")], check=True)
    (BASE / "run").mkdir()
    (BASE / "run/cmdline").write_text("ignition.firstboot\n")
    output = BASE / "output"
    output.write_bytes(b"")
    child = os.fork()
    if child == 0:
        _run_engine(output)
    if stop is not None:
        while not output.stat().st_size:
            time.sleep(0.001)
        time.sleep(after)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, stop)
    return Ran(_wait(child), output.read_text(errors="backslashreplace"))


def _run_engine(output: Path) -> None:
    """Runs in the forked process; does not return."""
    status = 70
    try:
        os.setsid()
        fileno = os.open(output, os.O_WRONLY)
        null = os.open("/dev/null", os.O_RDONLY)
        for source, target in ((null, 0), (fileno, 1), (fileno, 2)):
            os.dup2(source, target)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        status = engine.run(list(PHASES), settings())
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def settings() -> Settings:
    """Settings with all folders below BASE."""
    made = settings_below(BASE)
    made.dev_aliases_dir = str(BASE / "run/dev_aliases")
    made.wait_device = 1
    made.programs = {"ignition-kargs-helper": "true", "is-live-image": "false"}
    return made


def _wait(child: int) -> int:
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.002)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    raise Broken(f"no end after {SECONDS} s\n{(BASE / 'output').read_text(errors='replace')}")


def _tree(top: Path) -> Tree:
    """Path -> mode with type, owner, device, size, digest or link target, for everything below a folder."""
    found: Tree = {}
    folders = [os.fsencode(top)]
    while folders:
        folder = folders.pop()
        for name in os.listdir(folder):
            path = os.path.join(folder, name)
            info = os.lstat(path)
            facts = (oct(info.st_mode), info.st_uid, info.st_gid, info.st_rdev, info.st_nlink)
            found[os.fsdecode(path)] = (*facts, _body(path, info))
            if stat.S_ISDIR(info.st_mode):
                folders.append(path)
    return found


def _body(path: bytes, info: os.stat_result) -> str:
    if stat.S_ISLNK(info.st_mode):
        return repr(os.readlink(path))
    if not stat.S_ISREG(info.st_mode):
        return ""
    if info.st_size > 1 << 24:
        return f"{info.st_size} bytes"
    with open(path, "rb") as file:
        data = file.read()
    return f"{len(data)} {hashlib.sha256(data).hexdigest()[:16]} {data[:60]!r}"


def _changes(before: Tree, after: Tree) -> list[str]:
    """The differences, without the result file, which describes the last run, and backup files of the account
    tools."""
    lines = []
    for path in sorted({*before, *after}):
        old, new = before.get(path), after.get(path)
        if old != new and not path.endswith(_MAY_DIFFER):
            lines.append(f"{path!r}: {old} -> {new}")
    return lines


def _undoes_itself(value: dict[str, Any], root: Path) -> bool:
    """Whether the config overwrites an account table that it also uses, or the result file. A second run then
    starts from other data; so it does in Ignition.
    """
    storage = value.get("storage", {})
    entries = [
        entry for kind in ("directories", "files", "links") for entry in storage.get(kind, ())
    ]
    named = any("name" in entry.get(whose, {}) for entry in entries for whose in ("user", "group"))
    passwd = value.get("passwd", {})
    gone = {
        group["name"] for group in passwd.get("groups", ()) if group.get("shouldExist") is False
    }
    if not gone.isdisjoint(user["name"] for user in passwd.get("users", ())):
        return True  # the group is the primary group of a user, so the next run cannot delete it
    places = {_place(entry["path"], root) for entry in entries}
    # A missing table or a link may let an entry create the table.
    tables = [root / path.lstrip("/") for path in _ACCOUNT_FILES]
    replaced = any(
        table.is_symlink() or (table.exists() and not table.is_file()) for table in tables
    )
    units = value.get("systemd", {}).get("units", ())
    masked = {f"/etc/systemd/system/{unit['name']}" for unit in units if unit.get("mask")}
    if not masked.isdisjoint(places):
        return True  # the link that masks a unit replaces the entry
    accounts = bool(passwd or named)
    return _RESULT in places or (accounts and (replaced or not _ACCOUNT_FILES.isdisjoint(places)))


def _place(path: str, root: Path) -> str:
    try:
        return Root(str(root)).resolve(path)
    except Failure:  # dangling links from the config
        return ""
