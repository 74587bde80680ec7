# SPDX-License-Identifier: Apache-2.0
"""`ignition-apply`: arguments, order of checks, exit statuses, and the tree that Ignition makes, too."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from ignition.base import entrypoint
from ignition.cli import container_apply
from tests.support import peer
from tests.support.target import data_url
from tests.unit.cli.command import run

GOOD: dict[str, Any] = {
    "storage": {
        "directories": [{"path": "/srv/www", "mode": 0o750, "user": {"id": 7}}],
        "files": [
            {"path": "/etc/a", "mode": 0o600, "contents": {"source": "data:,a"}},
            {"path": "/etc/hosts", "append": [{"source": "data:,more%0A"}]},
        ],
        "links": [
            {"path": "/etc/l", "target": "a"},
            {"path": "/etc/h", "target": "/etc/a", "hard": True},
        ],
    },
    "systemd": {
        "units": [
            {
                "name": "a.service",
                "enabled": True,
                "contents": "[Service]\n[Install]\nWantedBy=x.target\n",
            },
            {
                "name": "b.service",
                "mask": True,
                "dropins": [{"name": "x.conf", "contents": "[Unit]\n"}],
            },
        ]
    },
}
BAD: dict[str, Any] = {
    "kernelArguments": {"shouldExist": ["a"]},
    "passwd": {"users": [{"name": "joe"}], "groups": [{"name": "web"}]},
    "storage": {"disks": [{"device": "/dev/vda", "wipeTable": True}], **GOOD["storage"]},
}
HOST = "this tool is not designed to run on a host system; reprovision the machine instead"
CASES = [
    ([], 1, "Usage"),
    (["a", "b"], 1, "Usage"),
    (["--foo", "a"], 2, "unknown flag: --foo"),
    (["--root"], 2, "flag needs an argument: --root"),
    (["-root", "/", "a"], 2, "unknown shorthand flag: 'r' in -root"),
    (["--version"], 0, "Ignition "),
    (["a", "--version"], 0, "Ignition "),
    (["none.ign"], 1, "CRITICAL : couldn't read config: open none.ign: "),
]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    path = tmp_path / "root"
    (path / "etc").mkdir(parents=True)
    (path / "etc/hosts").write_text("localhost\n")
    return path


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return written(tmp_path / "c.ign", GOOD)


def written(path: Path, sections: dict[str, Any]) -> Path:
    path.write_text(json.dumps({"ignition": {"version": "3.3.0"}, **sections}))
    return path


def apply(
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    *args: str | Path,
    container: str = "oci",
) -> tuple[int, str]:
    """Status and output of the program, in this process, as in a container or on a host."""
    monkeypatch.setenv("container", container)
    monkeypatch.setattr(container_apply, "_MARKS", ())
    capfd.readouterr()
    words = list(map(str, args))
    status = entrypoint.run("ignition-apply", lambda: container_apply.main(words))
    return status, "".join(capfd.readouterr())


@pytest.mark.parametrize(("args", "status", "text"), CASES, ids=lambda each: str(each))
def test_arguments(args: list[str], status: int, text: str) -> None:
    done = run("ignition-apply", *args)
    assert done.returncode == status
    lines = [*done.stdout.splitlines(), *done.stderr.splitlines()]
    assert any(line.startswith(text) for line in lines)


@pytest.mark.skipif(not peer.engine(), reason=peer.MISSING)
@pytest.mark.parametrize(("args", "status", "text"), CASES, ids=lambda each: str(each))
def test_ignition_behaves_alike(args: list[str], status: int, text: str, tmp_path: Path) -> None:
    done = ignition(tmp_path, *args)
    assert done.returncode == status
    assert any(line.startswith(text) for line in (done.stdout + done.stderr).splitlines())


def ignition(folder: Path, *args: str | Path) -> subprocess.CompletedProcess[str]:
    program = folder / "ignition-apply"
    program.symlink_to(Path(peer.engine()).resolve())
    return subprocess.run(
        [program, *args],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={**os.environ, "container": "oci"},
    )


def tree(root: Path) -> dict[str, tuple[object, ...]]:
    """Path -> what Ignition and we must agree on."""
    found: dict[str, tuple[object, ...]] = {}
    for path in root.rglob("*"):
        status = path.lstat()
        text = (
            os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else ""
        )
        name = str(path.relative_to(root))
        found[name] = (status.st_mode, status.st_uid, status.st_gid, status.st_nlink, text)
    return found


@pytest.mark.skipif(not peer.engine() or os.geteuid() != 0, reason=peer.MISSING)
def test_the_tree_is_that_of_ignition(
    root: Path, config: Path, tmp_path: Path, capfd: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    subprocess.run(["cp", "-a", root, other], check=True)
    assert ignition(tmp_path, "--root", other, config).returncode == 0
    assert apply(capfd, monkeypatch, config, "--root", root)[0] == 0
    assert tree(root) == tree(other)
    assert tree(root)["etc/a"][3] == 2


def test_outside_of_a_container_it_refuses(
    root: Path, config: Path, capfd: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    status, output = apply(capfd, monkeypatch, "--root", root, config, container="")
    assert (status, HOST in output, "IGN6502" in output) == (1, True, True)
    assert not (root / "etc/a").exists()


def test_an_invalid_config_comes_before_that(
    tmp_path: Path, capfd: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bad.ign").write_text("{")
    status, output = apply(capfd, monkeypatch, tmp_path / "bad.ign", container="")
    assert status == 1
    assert "CRITICAL : couldn't parse config: config is not valid\n" in output
    assert HOST not in output


@pytest.mark.parametrize("mark", ["environment", "file"])
def test_a_container_is_recognised(
    root: Path, config: Path, capfd: Any, monkeypatch: pytest.MonkeyPatch, mark: str
) -> None:
    monkeypatch.setenv("container", "podman" if mark == "environment" else "")
    monkeypatch.setattr(container_apply, "_MARKS", (str(config),) if mark == "file" else ())
    assert container_apply.main(["--root", str(root), str(config)]) == 0
    assert (root / "etc/a").read_text() == "a"


def test_unsupported_parts_are_refused_all_at_once(
    root: Path, tmp_path: Path, capfd: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tree(root)
    status, output = apply(capfd, monkeypatch, "--root", root, written(tmp_path / "b.ign", BAD))
    assert status == 1
    for stage, what in (
        ("kargs", "kargs modifications"),
        ("disks", "disk modifications"),
        ("files", "passwd"),
    ):
        assert (
            f"CRITICAL : failed to apply: running stage '{stage}': cannot apply {what} live"
            in output
        )
    assert output.count("IGN6501 at ") == 4
    assert tree(root) == before


def test_or_skipped_by_name(
    root: Path, tmp_path: Path, capfd: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = written(tmp_path / "b.ign", BAD)
    status, output = apply(capfd, monkeypatch, bad, "--root", root, "--ignore-unsupported")
    assert status == 0
    for name in ("kernelArguments.shouldExist", "storage.disks", "passwd.users", "passwd.groups"):
        assert f"WARNING  : skipping {name} (1 entry)" in output
    assert (root / "etc/a").read_text() == "a"
    assert not (root / "etc/passwd").exists()


def test_offline_nothing_is_written(
    root: Path, tmp_path: Path, capfd: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    far = {"path": "/etc/b", "contents": {"source": "http://127.0.0.1:9/b"}}
    files = {"storage": {"files": [GOOD["storage"]["files"][0], far]}}
    before = tree(root)
    status, output = apply(
        capfd, monkeypatch, "--offline", "--root", root, written(tmp_path / "b.ign", files)
    )
    assert (status, "resource requires networking" in output) == (1, True)
    assert tree(root) == before


def test_again_existing_files_are_refused(
    root: Path, config: Path, capfd: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As by Ignition. `ignition apply` may be repeated."""
    assert apply(capfd, monkeypatch, "--root", root, config)[0] == 0
    before = tree(root)
    status, output = apply(capfd, monkeypatch, "--root", root, config)
    assert (status, "IGN3103" in output) == (1, True)
    assert tree(root) == before


def test_the_merged_config_is_validated(
    root: Path, tmp_path: Path, capfd: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ignition's ignition-apply does not do that."""
    child = '{"ignition":{"version":"3.3.0"},"storage":{"links":[{"path":"/srv","target":"/x"}]}}'
    sections = {
        "ignition": {"version": "3.3.0", "config": {"merge": [{"source": data_url(child)}]}},
        "storage": {"directories": [{"path": "/srv/a"}]},
    }
    before = tree(root)
    status, output = apply(
        capfd, monkeypatch, "--root", root, written(tmp_path / "b.ign", sections)
    )
    assert (status, "IGN4105" in output) == (1, True), output
    assert tree(root) == before


class Proxy(BaseHTTPRequestHandler):
    """Answers a request for any host with its URL."""

    def do_GET(self) -> None:
        body = self.path.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def test_the_proxy_of_the_config_is_used(
    root: Path, tmp_path: Path, capfd: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ignition's ignition-apply does not use it for what the top-level config references."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = "http://nowhere.invalid/b"
        proxy = f"http://127.0.0.1:{server.server_port}"
        sections = {
            "ignition": {"version": "3.3.0", "proxy": {"httpProxy": proxy}},
            "storage": {"files": [{"path": "/etc/b", "contents": {"source": url}}]},
        }
        path = written(tmp_path / "b.ign", sections)
        status, output = apply(capfd, monkeypatch, "--root", root, path)
        server.shutdown()
    assert status == 0, output
    assert (root / "etc/b").read_text() == url


def test_standard_input(root: Path, config: Path) -> None:
    done = subprocess.run(
        ["sh", "-c", 'container=oci exec "$@"', "sh", *_program(), "--root", root, "-"],
        input=config.read_bytes(),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert (root / "etc/a").read_text() == "a"


def _program() -> list[str]:
    from sys import executable

    from tests.unit.cli.command import CHECKOUT, START

    start = f"import sys; sys.path.insert(0, {str(CHECKOUT)!r}); {START.format(program='ignition-apply')}"
    return [executable, "-c", start]
