# SPDX-License-Identifier: Apache-2.0
"""Fetches private objects from the private tree, with the libraries of an image for that cloud.

These libraries import many modules lazily, so only a run shows whether all are present.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ignition.testbed.certificates import Authority
from ignition.testbed.metadata.azure import Azure, Blobs
from ignition.testbed.metadata.gcp import Gcp, Storage
from tests.support.clouds import Cloud, Store, cloud, needs_network
from tests.unit.dracut.test_tree import Tree

pytestmark = needs_network

CHILD = b'{"ignition": {"version": "3.4.0"}, "storage": {"directories": [{"path": "/from-child"}]}}'


def fetch(
    tree: Tree, folder: Path, platform: str, source: str, store: Store, service: Callable[..., Any]
) -> tuple[Cloud, str]:
    """Runs the fetch phase on a machine whose user data refers to a private object."""
    authority = Authority(folder)
    trusted = [{"source": f"data:,{_escaped(authority.pem)}"}]
    user_data = {
        "ignition": {
            "version": "3.4.0",
            "config": {"merge": [{"source": source}]},
            "security": {"tls": {"certificateAuthorities": trusted}},
        }
    }
    machine = service(json.dumps(user_data).encode())
    with cloud(authority, authority.issue, store, machine.answer) as both:
        done = tree.ignition(
            *("--stage=fetch", f"--platform={platform}", f"--root={tree.root}", "--log-to-stdout"),
            f"--config-cache={tree.run_folder}/ignition.json",
            f"--neednet={tree.run_folder}/neednet",
            f"--state-file={tree.run_folder}/state",
        )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert "hush" not in done.stdout
    assert "/from-child" in (tree.run_folder / "ignition.json").read_text()
    return both, done.stdout


def _escaped(data: bytes) -> str:
    return "".join(f"%{byte:02x}" for byte in data)


def test_google_cloud(tmp_path: Path) -> None:
    tree = Tree(tmp_path, "--platforms", "gce")
    assert "google.auth.compute_engine" in tree.roots
    both, _ = fetch(
        tree,
        tmp_path,
        "gcp",
        "gs://bucket/a/child.ign",
        Storage({}, {("bucket", "a/child.ign"): CHILD}, "hush"),
        lambda data: Gcp(data, token="hush"),
    )
    assert len(both.store.requests) == 1


def test_azure(tmp_path: Path) -> None:
    tree = Tree(tmp_path, "--platforms", "azure", "--schemes", "data https")
    assert "azure.identity" in tree.roots
    assert not (tree.home / "google").exists()
    both, _ = fetch(
        tree,
        tmp_path,
        "azure",
        f"https://{Blobs.host}/container/child.ign",
        Blobs({}, {"/container/child.ign": CHILD}, "hush"),
        lambda data: Azure(data, token="hush"),
    )
    assert len(both.store.requests) == 1
