# SPDX-License-Identifier: Apache-2.0
"""The environment of the curl that Clevis runs; tests/unit/stages/test_luks_pins.py has real servers."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ignition.base.log import Log
from ignition.base.settings import Settings
from ignition.base.state import State
from ignition.engine.context import PhaseContext
from ignition.resource.context import Transport
from ignition.stages.luks import curl


def environment(
    tmp_path: Path, transport: Transport, *servers: str, wait_fetch: int = 0
) -> tuple[dict[str, str], str]:
    """The environment, and the text of the .curlrc. Afterwards nothing is left."""
    settings = Settings()
    settings.run_dir, settings.wait_fetch = str(tmp_path), wait_fetch
    context = PhaseContext(settings, Log(lambda *_: None), State(), {}, transport)
    with curl.Environment(context, servers) as found:
        text = Path(found["CURL_HOME"], ".curlrc").read_text()
        assert os.stat(found["CURL_HOME"]).st_mode & 0o777 == 0o700
    assert not list(tmp_path.iterdir())
    return found, text


@pytest.mark.parametrize(
    "transport, wait, limit",
    [
        (Transport(), 0, "max-time = 60"),
        (Transport(headers=90), 0, "max-time = 90"),
        (Transport(headers=5), 0, "max-time = 60"),
        (Transport(headers=0), 0, ""),
        (Transport(total=20), 0, "max-time = 20"),
        (Transport(headers=0, total=100), 0, "max-time = 100"),
        (Transport(), 7, "max-time = 7"),
    ],
)
def test_time_limits(tmp_path: Path, transport: Transport, wait: int, limit: str) -> None:
    _, text = environment(tmp_path, transport, wait_fetch=wait)
    assert text.splitlines() == ["connect-timeout = 10", *([limit] if limit else [])]


def test_proxies_are_those_of_the_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTPS_PROXY", "all_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "http://elsewhere")
    monkeypatch.setenv("PATH", "/bin")
    found, _ = environment(tmp_path, Transport(), "http://a")
    assert found["PATH"] == "/bin"
    assert not [name for name in found if name.lower().endswith("_proxy")]
    transport = Transport(
        http_proxy="http://one", https_proxy="http://two", no_proxy=("*.inner.example", "b:8080")
    )
    servers = (
        "http://a.inner.example",
        "http://b",
        "http://b:8080",
        "https://c",
        "http://[::1]",
        "%",
    )
    found, _ = environment(tmp_path, transport, *servers)
    assert {name: value for name, value in found.items() if name.endswith("proxy")} == {
        "http_proxy": "http://one",
        "https_proxy": "http://two",
        "no_proxy": "a.inner.example,b,::1",
    }


def test_authorities_are_added_to_those_of_the_system(tmp_path: Path) -> None:
    _, text = environment(tmp_path, Transport(authorities=(b"x" * 60,)))
    assert [line.partition(" ")[0] for line in text.splitlines()[2:]] == ["cacert", "proxy-cacert"]


def test_texts_to_hide() -> None:
    assert curl.user_and_password("http://me:s3cret@host/x") == ("me:s3cret@",)
    assert curl.user_and_password("http://host/x") == ()
    assert curl.user_and_password("http://[") == ()
