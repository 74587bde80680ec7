# SPDX-License-Identifier: Apache-2.0
"""The engine runs from the private tree, without any other module.

Scanning import statements does not find imports by name or in functions, so each entry point is run.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ignition.testbed.httpserver import HttpServer
from tests.support.tftp_server import TftpServer

CHECKOUT = Path(__file__).parents[3]
MODULE = CHECKOUT / "dracut-module/30ignition"
CLOSURE = [sys.executable, "-B", str(MODULE / "closure.py"), "--home", str(CHECKOUT)]
PLACE = "/usr/lib/ignition-firstboot"
EMPTY_CACHE = '{"ignition":{"version":"3.7.0-experimental"}}'


class Tree:
    """A private tree with interpreter and launcher, as in the initramfs."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.home = folder / "home"
        self.run_folder = folder / "run"
        self.run_folder.mkdir()
        self.root = folder / "root"
        self.root.mkdir()
        python = os.path.realpath(sys.executable)
        done = subprocess.run(
            [*CLOSURE, "--destination", str(self.home), *options],
            check=True,
            capture_output=True,
            text=True,
        )
        self.roots = done.stdout.split()
        (self.home / "bin").mkdir()
        shutil.copy(python, self.home / "bin/python3")
        self.launcher = folder / "ignition"
        self.launcher.write_text(
            (MODULE / "ignition.py").read_text().replace(PLACE, str(self.home))
        )

    def python(self, code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs code with the tree's interpreter and an empty environment."""
        code = f"import sys; sys.path[0] = {str(self.home)!r}\n{code}"
        return self._run("-c", code, *arguments)

    def ignition(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Runs the engine as a unit does, in a separate folder."""
        return self._run(str(self.launcher), *words, **environment)

    def phase(self, name: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Runs a phase on the cache of this tree."""
        return self.ignition(
            *(f"--stage={name}", "--platform=file", f"--root={self.root}", "--log-to-stdout"),
            *(
                f"--config-cache={self.run_folder}/ignition.json",
                f"--neednet={self.run_folder}/neednet",
            ),
            f"--state-file={self.run_folder}/state",
            **environment,
        )

    def _run(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        interpreter = self.home / "bin/python3"
        return subprocess.run(
            [interpreter, "-ISB", *words],
            env={"PATH": os.environ["PATH"], **environment},
            capture_output=True,
            text=True,
            timeout=60,
        )


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    return Tree(tmp_path_factory.mktemp("tree"))


def test_the_interpreter_finds_its_library_in_the_tree(tree: Tree) -> None:
    done = tree.python("import sys; print(sys.prefix, sys.path[0])")
    assert done.stderr == ""
    assert done.stdout == f"{tree.home} {tree.home}\n"


def test_the_tree_contains_only_reachable_modules(tree: Tree) -> None:
    assert tree.python("import http.server").returncode != 0
    files = {str(path.relative_to(tree.home)) for path in tree.home.rglob("*") if path.is_file()}
    assert not [name for name in files if name.endswith(".py")]
    for unwanted in ("ignition/lint", "ignition/testbed", "jsonschema", "yaml", "bz2", "unittest"):
        assert not [name for name in files if unwanted in name]


def test_every_root_can_be_imported(tree: Tree) -> None:
    assert "ignition.stages.files" in tree.roots
    done = tree.python("for name in sys.argv[1:]: __import__(name)", *tree.roots)
    assert (done.returncode, done.stderr) == (0, "")


def test_version(tree: Tree) -> None:
    done = tree.ignition("--version")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Ignition ")


def test_usage_error(tree: Tree) -> None:
    done = tree.ignition("--platform=", "--stage=disks")
    assert done.returncode == 2
    assert "is not a valid platform" in done.stderr


@pytest.mark.parametrize("phase", ["kargs", "disks", "mount", "umount"])
def test_idle_phase(tree: Tree, phase: str) -> None:
    (tree.run_folder / "ignition.json").write_text(EMPTY_CACHE)
    done = tree.phase(phase)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Ignition finished successfully" in done.stdout


def test_bad_config_is_explained(tree: Tree, tmp_path: Path) -> None:
    config = tmp_path / "config.ign"
    config.write_text(
        '{"ignition": {"version": "3.4.0"}, "storage": {"files": [{"path": "relative"}]}}'
    )
    done = tree.phase("fetch-offline", IGNITION_CONFIG_FILE=str(config))
    assert done.returncode == 1
    assert "path not absolute" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_fetch_over_http(tree: Tree, tmp_path: Path) -> None:
    child = (
        '{"ignition": {"version": "3.4.0"}, "storage": {"directories": [{"path": "/from-child"}]}}'
    )
    with HttpServer({"/child.ign": child.encode()}) as server:
        merge = [{"source": server.url("/child.ign")}]
        config = tmp_path / "config.ign"
        config.write_text(
            json.dumps({"ignition": {"version": "3.4.0", "config": {"merge": merge}}})
        )
        done = tree.phase("fetch", IGNITION_CONFIG_FILE=str(config))
    assert (done.returncode, done.stderr) == (0, "")
    assert "/from-child" in (tree.run_folder / "ignition.json").read_text()


def test_fetch_over_tftp(tree: Tree, tmp_path: Path) -> None:
    child = '{"ignition": {"version": "3.4.0"}, "storage": {"directories": [{"path": "/by-tftp"}]}}'
    with TftpServer({"/child.ign": child.encode()}) as server:
        merge = [{"source": server.url("/child.ign", host="localhost")}]
        config = tmp_path / "config.ign"
        config.write_text(
            json.dumps({"ignition": {"version": "3.4.0", "config": {"merge": merge}}})
        )
        done = tree.phase("fetch", IGNITION_CONFIG_FILE=str(config))
    assert (done.returncode, done.stderr) == (0, "")
    assert "/by-tftp" in (tree.run_folder / "ignition.json").read_text()


def test_host_names_and_certificates(tree: Tree) -> None:
    done = tree.python(
        "import requests, ssl, certifi\n"
        "print(requests.Request('GET', 'http://b\\u00fccher.example/').prepare().url)\n"
        "assert certifi.where() == ssl.get_default_verify_paths().openssl_cafile"
    )
    assert (done.stdout, done.stderr) == ("http://xn--bcher-kva.example/\n", "")


def test_signing_for_s3(tree: Tree) -> None:
    done = tree.python(
        "from ignition.resource.schemes import s3, s3_role\n"
        "role = s3_role.Role('key', 'secret', 'token', s3_role.parse_time('2026-03-01T06:30:15Z'))\n"
        "signed = dict(s3._signed('https://b.s3.dualstack.us-east-1.amazonaws.com/k', 'us-east-1', role))\n"
        "print(signed['X-Amz-Security-Token'], signed['Authorization'][:35])"
    )
    assert (done.stdout, done.stderr) == ("token AWS4-HMAC-SHA256 Credential=key/202\n", "")


def test_waiting_for_a_device(tree: Tree) -> None:
    done = tree.python(
        "import pyudev\n"
        "monitor = pyudev.Monitor.from_netlink(pyudev.Context(), source='udev')\n"
        "monitor.filter_by('block')\n"
        "monitor.start()\n"
        "assert monitor.poll(timeout=0.01) is None"
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_an_image_without_network(tmp_path: Path) -> None:
    tree = Tree(tmp_path, "--platforms", "qemu", "--schemes", "data")
    assert not (tree.home / "requests").exists()
    done = tree.phase("fetch-offline")
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    (tree.run_folder / "ignition.json").write_text(EMPTY_CACHE)
    assert tree.phase("disks").returncode == 0


def test_an_image_for_vmware(tmp_path: Path) -> None:
    tree = Tree(tmp_path, "--platforms", "vmware", "--schemes", "data")
    done = tree.python(
        "from ignition.system.vmware import TransportError, ovf_environment, vsock\n"
        "from ignition.system.vmware.machine_code import Processor\n"
        "try: ovf_environment.parse_properties(b'text')\n"
        "except ovf_environment.InvalidEnvironment as error: print(error)\n"
        "for ask in vsock.call, lambda request: Processor().hypervisor():\n"
        "    try: ask(b'')\n"
        "    except TransportError as error: print(error)"
    )
    assert done.stderr == ""
    assert done.stdout.startswith("it is not XML: syntax error")
    assert "No module" not in done.stdout


def test_an_unknown_platform_stops_the_build(tmp_path: Path) -> None:
    done = subprocess.run(
        [*CLOSURE, "--destination", str(tmp_path), "--platforms", "qemu nobody"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("closure.py: no platform nobody; this version has")
