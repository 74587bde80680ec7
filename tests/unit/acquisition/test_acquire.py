# SPDX-License-Identifier: Apache-2.0
"""From the sources to the config of a phase, with a real server and real directories."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from ignition import providers
from ignition.acquisition import acquire, cache, network_need, origins, provider_cache, render
from ignition.acquisition.acquired import Acquired
from ignition.base import digest
from ignition.base.errors import (
    EmptyConfig,
    Failure,
    InvalidConfig,
    NeedNetwork,
    NoProvider,
    NotFound,
)
from ignition.base.log import Log
from ignition.base.settings import Settings
from ignition.base.state import State
from ignition.config import dump, parse
from ignition.providers import metal
from ignition.resource.context import FetchContext
from ignition.testbed.certificates import Authority
from ignition.testbed.httpserver import Answer, HttpServer, Seen
from tests.support import random_json

Config = dict[str, Any]


class Bench:
    """One machine through several phases: its directories, state and log."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lines: list[str] = []
        self.state = State()
        self.settings = Settings()
        self.settings.kernel_cmdline_path = str(folder / "cmdline")
        self.settings.run_dir = str(folder / "run")
        self.settings.config_cache = str(folder / "cache")
        self.settings.config_file = str(folder / "config.ign")
        run, etc, usr = (str(folder / name) for name in ("run", "etc", "usr"))
        self.settings.system_config_dirs = (run, etc, usr)
        self.write("cmdline", b"quiet")

    def write(self, path: str, content: bytes | Config) -> None:
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())

    @property
    def log(self) -> Log:
        return Log(lambda _, text: self.lines.append(text))

    def fetch(
        self,
        content: bytes | Config | None = None,
        *,
        platform: str = "file",
        offline: bool = False,
    ) -> Acquired:
        if content is not None:
            self.write("config.ign", content)
        self.settings.platform = platform
        got = acquire.from_provider(self.context(offline=offline), self.state)
        self.write("cache", got.cache_text.encode())
        return got

    def cached(self) -> Acquired:
        self.settings.platform = "file"
        return cache.from_cache(self.context(), self.state)

    def context(self, *, offline: bool = False) -> FetchContext:
        return FetchContext(self.settings, self.log, offline=offline)

    def origin(self, *path: str | int) -> str:
        return str(origins.find(self.state.origins or {}, *path))


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def config(
    version: str = "3.4.0", *, files: dict[str, int] | None = None, **ignition: Any
) -> Config:
    """A config with files (path -> mode) and members of its ignition section."""
    value: Config = {"ignition": {"version": version, **ignition}}
    if files:
        value["storage"] = {"files": [{"path": path, "mode": mode} for path, mode in files.items()]}
    return value


def merging(*sources: str | Config, files: dict[str, int] | None = None, **ignition: Any) -> Config:
    references = [each if isinstance(each, dict) else {"source": each} for each in sources]
    return config(files=files, config={"merge": references}, **ignition)


def replacing(source: str, files: dict[str, int] | None = None, **ignition: Any) -> Config:
    return config(files=files, config={"replace": {"source": source}}, **ignition)


def served(value: Config) -> bytes:
    return json.dumps(value).encode()


def modes(value: Config) -> dict[str, int]:
    return {file["path"]: file["mode"] for file in value.get("storage", {}).get("files", ())}


def code_of(call: Callable[[], object]) -> str:
    with pytest.raises(Failure) as caught:
        call()
    return caught.value.code


# Order of the sources


def test_platform_is_the_last_source(bench: Bench) -> None:
    got = bench.fetch(config(files={"/a": 1}))
    assert modes(got.user) == {"/a": 1}
    assert bench.state.fetched_configs == [
        {"kind": "base", "source": "system", "referenced": False},
        {"kind": "user", "source": "file", "referenced": False},
    ]
    assert any(line.startswith("parsing config with SHA512: ") for line in bench.lines)


def test_command_line_wins_over_user_ign_and_user_ign_over_the_platform(bench: Bench) -> None:
    bench.write("etc/user.ign", config(files={"/system": 1}))
    assert modes(bench.fetch(config(files={"/platform": 1})).user) == {"/system": 1}
    bench.write("cmdline", b"ignition.config.url=data:," + quoted(config(files={"/cmdline": 1})))
    assert modes(bench.fetch().user) == {"/cmdline": 1}
    assert bench.state.fetched_configs[-1]["source"] == "cmdline"


def quoted(value: Config) -> bytes:
    return "".join(f"%{byte:02x}" for byte in served(value)).encode()


def test_failing_source_is_not_skipped(bench: Bench) -> None:
    bench.write("etc/user.ign", b"no json")
    assert code_of(lambda: bench.fetch(config())) == "IGN1000"


def test_platform_without_a_config_gives_an_empty_config_and_no_entry(bench: Bench) -> None:
    got = bench.fetch(b"")
    assert got.user == dump.empty()
    assert [entry["kind"] for entry in bench.state.fetched_configs] == ["base"]


def test_empty_user_ign_ends_the_search(bench: Bench) -> None:
    bench.write("etc/user.ign", b"")
    assert bench.fetch(config(files={"/platform": 1})).user == dump.empty()
    assert [entry["kind"] for entry in bench.state.fetched_configs] == ["base"]
    assert "no user config from system: continuing without one" in bench.lines


def test_missing_config_of_the_command_line_is_an_error(bench: Bench) -> None:
    with HttpServer() as server:
        bench.write("cmdline", f"ignition.config.url={server.url('/none')}".encode())
        with pytest.raises(NotFound):
            bench.fetch(config(files={"/platform": 1}))


def test_network_platform_is_not_asked_offline(bench: Bench) -> None:
    with pytest.raises(NeedNetwork):
        bench.fetch(platform="aws", offline=True)
    assert "failed to fetch config: resource requires networking" in bench.lines
    assert [entry["kind"] for entry in bench.state.fetched_configs] == ["base"]


@pytest.mark.parametrize(
    "data", [b"\n", b"{}", b"#cloud-config", b'{"ignition": {"version": "9.0.0"}}']
)
def test_malformed_config_is_an_error(bench: Bench, data: bytes) -> None:
    with pytest.raises(InvalidConfig):
        bench.fetch(data)


def test_missing_provider_does_not_matter_if_an_earlier_source_has_a_config(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(providers.MODULES, "left-out", "left_out")
    assert code_of(lambda: bench.fetch(platform="left-out")) == "IGN5003"
    bench.write("etc/user.ign", config(files={"/a": 1}))
    assert modes(bench.fetch(platform="left-out").user) == {"/a": 1}


def test_wrong_platform_is_an_error(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def elsewhere(_: object) -> bytes:
        raise NoProvider("IGN5001", "this is no such machine")

    monkeypatch.setattr(metal, "fetch", elsewhere)
    with pytest.raises(NoProvider):
        bench.fetch(platform="metal")
    assert "failed to fetch config: this is no such machine" in bench.lines


def test_alias_is_logged_and_names_the_base_configs(bench: Bench) -> None:
    bench.write("usr/base.platform.d/metal/a.ign", config(files={"/base": 1}))
    assert modes(bench.fetch(platform="pxe").full) == {"/base": 1}
    assert "platform pxe is metal" in bench.lines


# References


def test_children_win_over_parents_and_later_over_earlier(bench: Bench) -> None:
    with HttpServer() as server:
        server.answer("/1", served(merging(server.url("/1/1"), files={"/a": 2, "/b": 2, "/c": 2})))
        server.answer("/1/1", served(config("3.0.0", files={"/b": 3, "/c": 3})))
        server.answer("/2", served(config(files={"/c": 4})))
        got = bench.fetch(
            merging(server.url("/1?token=hush"), server.url("/2"), files={"/a": 1, "/z": 1})
        )
    assert modes(got.user) == {"/a": 2, "/z": 1, "/b": 3, "/c": 4}
    assert [entry["source"] for entry in bench.state.fetched_configs[1:]] == [
        "file",
        "/1",
        "/1/1",
        "/2",
    ]
    assert [entry["referenced"] for entry in bench.state.fetched_configs[2:]] == [True] * 3
    assert [source["source"] for source in got.sources] == [
        "user config from file",
        server.url("/1"),
        server.url("/1/1"),
        server.url("/2"),
    ]
    assert got.sources[2]["by"] == server.url("/1")
    assert "hush" not in "\n".join(bench.lines) + json.dumps(bench.state.to_json())


def test_replace_drops_the_parent_and_its_merges(bench: Bench) -> None:
    with HttpServer({"/r": served(config(files={"/r": 1}))}) as server:
        value = replacing(server.url("/r"), files={"/a": 1})
        value["ignition"]["config"]["merge"] = [{"source": server.url("/never")}]
        got = bench.fetch(value)
        assert server.paths() == ["/r"]
    assert modes(got.user) == {"/r": 1}


def test_replace_in_a_merged_child_replaces_only_that_child(bench: Bench) -> None:
    with HttpServer() as server:
        server.answer("/r", served(config(files={"/r": 1})))
        server.answer("/c", served(replacing(server.url("/r"), files={"/c": 1})))
        got = bench.fetch(merging(server.url("/c"), files={"/a": 1}))
    assert modes(got.user) == {"/a": 1, "/r": 1}


def test_headers_are_sent_for_their_reference_only(bench: Bench) -> None:
    with HttpServer() as server:
        server.answer("/1", served(merging(server.url("/2"))))
        server.answer("/2", served(config()))
        headers = [{"name": "X-Key", "value": "hush"}]
        bench.fetch(merging({"source": server.url("/1"), "httpHeaders": headers}))
        assert "x-key" in server.requests[0].headers
        assert "x-key" not in server.requests[1].headers


@pytest.mark.parametrize("answer", [Answer(body=b""), Answer(204)], ids=["empty", "204"])
@pytest.mark.parametrize("kind", ["merge", "replace"])
def test_empty_child_is_an_error_and_never_drops_the_config(
    bench: Bench, answer: Answer, kind: str
) -> None:
    with HttpServer({"/c": answer}) as server, pytest.raises(Failure) as caught:
        bench.fetch((merging if kind == "merge" else replacing)(server.url("/c")))
    assert caught.value.code == "IGN4102"
    assert not isinstance(caught.value, EmptyConfig)
    assert str(caught.value.origin).startswith(f"user config from file: /ignition/config/{kind}")


def test_replace_by_an_empty_config_is_an_error(bench: Bench) -> None:
    assert code_of(lambda: bench.fetch(replacing(""))) == "IGN4102"


def test_merge_without_source_is_an_error(bench: Bench) -> None:
    value = config("3.0.0", config={"merge": [{"verification": {}}]})
    assert code_of(lambda: bench.fetch(value)) in ("IGN4101", "IGN1000")


def test_config_that_merges_itself_is_an_error(bench: Bench) -> None:
    with HttpServer() as server:
        server.answer("/a", served(merging(server.url("/b"))))
        server.answer("/b", served(merging(server.url("/a"))))
        with pytest.raises(Failure) as caught:
            bench.fetch(merging(server.url("/a")))
    assert caught.value.code == "IGN4103"
    a, b = server.url("/a"), server.url("/b")
    assert caught.value.hint == f"chain of references: the first config -> {a} -> {b} -> {a}"


def test_same_config_twice_side_by_side_is_fine(bench: Bench) -> None:
    with HttpServer({"/a": served(config(files={"/a": 1}))}) as server:
        value = merging(server.url("/a"), server.url("/a?again"))
        assert modes(bench.fetch(value).user) == {"/a": 1}


def test_endless_chain_of_references_is_an_error(bench: Bench) -> None:
    with HttpServer() as server:
        for number in range(100):
            server.answer(f"/{number}", served(merging(server.url(f"/{number + 1}"))))
        assert code_of(lambda: bench.fetch(merging(server.url("/0")))) == "IGN4104"
        server.answer("/63", served(config(files={"/deep": 1})))
        assert modes(bench.fetch(merging(server.url("/0"))).user) == {"/deep": 1}


def test_config_that_merges_itself_and_always_changes_is_an_error(bench: Bench) -> None:
    def answer(seen: Seen) -> Answer:
        number = len(server.requests)
        return Answer(body=served(merging(server.url("/a"), files={f"/{number}": 1})))

    with HttpServer(service=answer) as server:
        assert code_of(lambda: bench.fetch(merging(server.url("/a")))) == "IGN4104"
        assert len(server.requests) <= render.MAX_DEPTH + 1


def test_error_for_a_missing_child_names_its_parent(bench: Bench) -> None:
    with HttpServer() as server, pytest.raises(NotFound) as caught:
        bench.fetch(merging(server.url("/c")))
    assert str(caught.value.origin) == "user config from file: /ignition/config/merge/0"


def test_error_for_an_invalid_child_names_its_parent(bench: Bench) -> None:
    with HttpServer({"/c": b'{"ignition": {"version": "3.0.0"}, "storage": 1}'}) as server:
        with pytest.raises(InvalidConfig) as caught:
            bench.fetch(merging(server.url("/c")))
        assert f"{server.url('/c')}, referenced by user config from file" in str(caught.value)
        assert caught.value.findings[0].origin.source == server.url("/c")


def test_checksum_of_a_child_is_verified_in_upper_and_lower_case(bench: Bench) -> None:
    child = served(config(files={"/a": 1}))
    total = digest.sha512(child)

    def expecting(spelled: str) -> Config:
        return merging({"source": server.url("/c"), "verification": {"hash": f"sha512-{spelled}"}})

    with HttpServer({"/c": child}) as server:
        for spelled in (total, total.upper()):
            assert modes(bench.fetch(expecting(spelled)).user) == {"/a": 1}
        assert code_of(lambda: bench.fetch(expecting("0" * 128))) == "IGN4011"


def test_settings_of_the_config_apply_to_its_references(bench: Bench) -> None:
    with HttpServer({"/c": Answer(delay=30)}) as server:
        value = merging(server.url("/c"), timeouts={"httpTotal": 1})
        assert code_of(lambda: bench.fetch(value)) == "IGN4006"


def test_settings_are_inherited_by_all_references_below(bench: Bench) -> None:
    """In Ignition, the second reference of a child loses the proxy that it inherited."""
    bench.settings.wait_fetch = 5
    host = "http://x.invalid"
    with HttpServer() as proxy:
        proxy.answer(f"{host}/c", served(merging(f"{host}/1", f"{host}/2")))
        proxy.answer(f"{host}/1", served(merging(f"{host}/1/1", files={"/1": 1})))
        proxy.answer(f"{host}/1/1", served(config(files={"/1/1": 1})))
        proxy.answer(f"{host}/2", served(config(files={"/2": 1})))
        got = bench.fetch(merging(f"{host}/c", proxy={"httpProxy": proxy.url()}))
    assert modes(got.user) == {"/1": 1, "/1/1": 1, "/2": 1}


def test_settings_merged_in_by_one_child_apply_to_the_next(bench: Bench) -> None:
    with HttpServer() as proxy, HttpServer() as server:
        server.answer("/1", served(config(proxy={"httpProxy": proxy.url()})))
        proxy.answer("http://x.invalid/2", served(config(files={"/2": 1})))
        got = bench.fetch(merging(server.url("/1"), "http://x.invalid/2"))
    assert modes(got.user) == {"/2": 1}
    assert got.transport.http_proxy == proxy.url()


def test_environment_proxies_and_the_fetch_timeout_do_not_reach_references(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.settings.fetch_timeout = 1
    with HttpServer({"/c": Answer(body=served(config(files={"/c": 1})), delay=2)}) as server:
        assert modes(bench.fetch(merging(server.url("/c"))).user) == {"/c": 1}


# Certificate authorities


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def trusting(source: str) -> Config:
    return {"tls": {"certificateAuthorities": [{"source": source}]}}


def test_authority_of_the_config_is_trusted_for_its_references_and_cached_inline(
    bench: Bench, authority: Authority
) -> None:
    with (
        HttpServer({"/ca": authority.pem}) as plain,
        HttpServer(
            {"/c": served(config(files={"/c": 1}))}, tls=authority.issue("127.0.0.1")
        ) as secure,
    ):
        got = bench.fetch(merging(secure.url("/c"), security=trusting(plain.url("/ca"))))
        assert plain.paths() == ["/ca"], "fetched once"
    assert modes(got.user) == {"/c": 1}
    assert 'Adding "Test Authority" to list of CAs' in bench.lines
    (cached,) = got.user["ignition"]["security"]["tls"]["certificateAuthorities"]
    assert cached["source"].startswith("data:text/plain;charset=utf-8;base64,")
    assert bench.cached().transport == got.transport
    assert len(got.transport.authorities) == 1


def test_authority_served_by_its_parents_authority(
    bench: Bench, authority: Authority, tmp_path: Path
) -> None:
    other = Authority(tmp_path, "Other Authority")
    with (
        HttpServer({"/ca": authority.pem}) as plain,
        HttpServer(tls=authority.issue("127.0.0.1")) as first,
        HttpServer({"/c": served(config(files={"/c": 1}))}, tls=other.issue("127.0.0.1")) as second,
    ):
        first.answer("/other", other.pem)
        first.answer(
            "/1", served(merging(second.url("/c"), security=trusting(first.url("/other"))))
        )
        got = bench.fetch(merging(first.url("/1"), security=trusting(plain.url("/ca"))))
    assert modes(got.user) == {"/c": 1}
    assert len(got.transport.authorities) == 2


def test_authority_listed_twice_must_match_both_checksums(
    bench: Bench, authority: Authority
) -> None:
    with HttpServer({"/ca": authority.pem}) as server:

        def listing(sha512: str) -> Config:
            one = {"source": server.url("/ca"), "verification": {"hash": f"sha512-{sha512}"}}
            return config(security={"tls": {"certificateAuthorities": [one]}})

        def merged(sha512: str) -> Acquired:
            server.requests.clear()
            server.answer("/c", served(listing(sha512)))
            value = listing(digest.sha512(authority.pem))
            value["ignition"]["config"] = {"merge": [{"source": server.url("/c")}]}
            return bench.fetch(value)

        assert len(merged(digest.sha512(authority.pem)).transport.authorities) == 1
        assert server.paths() == ["/ca", "/c"], "fetched once"
        assert code_of(lambda: merged("0" * 128)) == "IGN4011"
        assert server.paths() == ["/ca", "/c"]


def test_error_for_an_invalid_authority_has_its_origin(bench: Bench) -> None:
    with pytest.raises(Failure) as caught:
        bench.fetch(config(security=trusting("data:,no")))
    assert caught.value.code == "IGN4018"
    expected = "user config from file: /ignition/security/tls/certificateAuthorities/0"
    assert str(caught.value.origin) == expected


# Offline


def test_provider_is_not_asked_again_after_a_reference_needed_the_network(bench: Bench) -> None:
    with HttpServer({"/c": served(config(files={"/c": 1}))}) as server:
        value = merging(server.url("/c"), files={"/a": 1})
        with pytest.raises(NeedNetwork) as caught:
            bench.fetch(value, offline=True)
        assert str(caught.value.origin) == "user config from file: /ignition/config/merge/0"
        assert "failed to fetch config: resource requires networking" in bench.lines
        (bench.folder / "config.ign").unlink()
        cached = bench.folder / "run" / "provider-config"
        assert cached.stat().st_mode & 0o7777 == 0o600
        got = acquire.from_provider(bench.context(), bench.state)
    assert modes(got.user) == {"/a": 1, "/c": 1}
    assert cached.exists(), "the cache is not written yet"
    provider_cache.remove(bench.settings, bench.state)
    assert not cached.exists()
    assert bench.state.provider_config is None
    assert [entry["source"] for entry in bench.state.fetched_configs] == ["system", "file", "/c"]


def test_provider_cache_with_a_wrong_checksum_is_not_used(bench: Bench) -> None:
    provider_cache.store(bench.settings, bench.state, "file", served(config(files={"/kept": 1})))
    path = bench.folder / "run/provider-config"
    path.write_bytes(served(config(files={"/changed": 1})))
    assert modes(bench.fetch(config(files={"/asked": 1})).user) == {"/asked": 1}
    assert f"{path} is not the config of file, asking again" in bench.lines
    path.unlink()
    assert modes(bench.fetch().user) == {"/asked": 1}
    assert any("cannot read the config of file from" in line for line in bench.lines)


def test_remote_authority_needs_the_network(bench: Bench) -> None:
    with pytest.raises(NeedNetwork):
        bench.fetch(config(security=trusting("http://host/ca")), offline=True)


def need(bench: Bench, value: Config) -> str:
    got = bench.fetch(value, offline=True)
    found = network_need.network_need(got.full, got.origins)
    return "" if found is None else f"{found} ({found.origin})"


def test_inline_config_needs_no_network(bench: Bench) -> None:
    assert need(bench, merging("data:," + quoted(config(files={"/a": 1})).decode())) == ""


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (
            {"storage": {"files": [{"path": "/a", "contents": {"source": "http://h/a?x"}}]}},
            "/storage/files/0/contents",
        ),
        (
            {
                "storage": {
                    "files": [
                        {"path": "/a", "append": [{"source": "data:,"}, {"source": "tftp://h/a"}]}
                    ]
                }
            },
            "/storage/files/0/append/1",
        ),
        (
            {
                "storage": {
                    "luks": [
                        {"name": "a", "device": "/dev/a", "keyFile": {"source": "https://h/a"}}
                    ]
                }
            },
            "/storage/luks/0/keyFile",
        ),
        (
            {
                "storage": {
                    "luks": [
                        {
                            "name": "a",
                            "device": "/dev/a",
                            "clevis": {"tang": [{"url": "http://t", "thumbprint": "x"}]},
                        }
                    ]
                }
            },
            "/storage/luks/0/clevis/tang/0",
        ),
        (
            {
                "storage": {
                    "luks": [
                        {
                            "name": "a",
                            "device": "/dev/a",
                            "clevis": {
                                "custom": {"pin": "sss", "config": "{}", "needsNetwork": True}
                            },
                        }
                    ]
                }
            },
            "/storage/luks/0/clevis/custom",
        ),
    ],
    ids=["contents", "append", "key file", "tang", "custom clevis"],
)
def test_part_that_needs_the_network(bench: Bench, value: Config, expected: str) -> None:
    found = need(bench, {"ignition": {"version": "3.4.0"}, **value})
    assert "requires networking" in found
    assert found.endswith(f"(user config from file: {expected})")
    assert "?x" not in found


# Validation of the rendered config


def test_conflict_of_two_configs_is_an_error_with_both_origins(bench: Bench) -> None:
    with HttpServer() as server:
        link = {"storage": {"links": [{"path": "/a", "target": "/b"}]}}
        server.answer("/c", served({"ignition": {"version": "3.4.0"}, **link}))
        with pytest.raises(InvalidConfig) as caught:
            bench.fetch(merging(server.url("/c"), files={"/a/file": 1}))
    assert caught.value.code == "IGN4105"
    assert "merging configs resulted in an invalid config" in str(caught.value)
    assert [str(finding.origin) for finding in caught.value.findings] == [
        "user config from file: /storage/files/0"
    ]


def test_old_config_is_checked_by_the_rules_of_the_newest_spec_too(bench: Bench) -> None:
    value = config("3.2.0")
    value["storage"] = {"links": [{"path": "/a", "target": ""}]}
    assert code_of(lambda: bench.fetch(value)) == "IGN4105"


@pytest.mark.parametrize("version", ["3.3.0", "3.4.0", "3.5.0", "3.6.0", "3.7.0-experimental"])
def test_configs_valid_in_3_3_or_later_are_valid_in_the_newest_spec(
    version: str,
) -> None:
    """Therefore a config without references is validated once from 3.3 on."""
    accepted = 0
    for seed in range(300):
        rng = Random(seed)
        data = random_json.text(random_json.config(rng, version)).encode()
        try:
            value = parse.parse(data, "random").value
        except InvalidConfig:
            continue
        accepted += 1
        found = [each for each in parse.validate_rendered(value) if each.severity == "error"]
        assert not found, (seed, found)
    assert accepted > 50


def test_warnings_are_logged_once(bench: Bench) -> None:
    got = bench.fetch({**config("3.2.0"), "unknown": 1})
    assert len(got.findings) == 1
    assert sum(line.startswith("warning") for line in bench.lines) == 1


# Base configs


def test_user_config_wins_over_base_configs(bench: Bench) -> None:
    bench.write("usr/base.d/10-a.ign", config(files={"/a": 1, "/b": 1}))
    bench.write("usr/base.d/20-b.ign", config(files={"/b": 2}))
    bench.write("etc/base.d/10-a.ign", config(files={"/a": 3, "/b": 3, "/c": 3, "/u": 3}))
    bench.write("usr/base.platform.d/file/x.ign", config(files={"/c": 4}))
    bench.write("usr/base.platform.d/qemu/x.ign", config(files={"/q": 4}))
    got = bench.fetch(config(files={"/u": 5}))
    assert modes(got.full) == {"/a": 3, "/b": 2, "/c": 4, "/u": 5}
    assert modes(got.user) == {"/u": 5}
    assert '/a"' not in got.cache_text
    assert f'reading system config file "{bench.folder}/etc/base.d/10-a.ign"' in bench.lines
    assert f'no config dir at "{bench.folder}/run/base.d"' in bench.lines
    assert (
        bench.origin("storage", "files", 0, "mode")
        == f"{bench.folder}/etc/base.d/10-a.ign: /storage/files/0/mode"
    )
    assert (
        bench.origin("storage", "files", 1, "mode")
        == f"{bench.folder}/usr/base.d/20-b.ign: /storage/files/0/mode"
    )
    assert (
        bench.origin("storage", "files", 3, "mode")
        == "user config from file: /storage/files/0/mode"
    )


def test_base_config_in_the_directory_of_highest_priority_masks_others_of_its_name(
    bench: Bench,
) -> None:
    for folder in ("usr", "etc", "run"):
        bench.write(f"{folder}/base.d/a", config(files={f"/a-{folder}": 1}))
        bench.write(f"{folder}/base.d/{folder}", config(files={f"/{folder}": 1}))
        bench.write(f"{folder}/base.platform.d/file/a", config(files={f"/p-{folder}": 1}))
    paths = ["/a-run", "/etc", "/run", "/usr", "/p-run"]
    assert list(modes(bench.fetch(config()).full)) == paths


def test_base_configs_are_frozen_for_later_phases(bench: Bench) -> None:
    bench.write("usr/base.d/a.ign", config(files={"/a": 1}))
    bench.fetch(config(files={"/u": 1}))
    bench.write("usr/base.d/a.ign", config(files={"/changed": 1}))
    bench.write("usr/base.d/b.ign", config(files={"/new": 1}))
    assert modes(bench.cached().full) == {"/a": 1, "/u": 1}


def test_absence_of_base_configs_is_frozen_too(bench: Bench) -> None:
    bench.fetch(config(files={"/u": 1}))
    bench.write("usr/base.d/b.ign", config(files={"/new": 1}))
    assert modes(bench.cached().full) == {"/u": 1}


def test_frozen_base_configs_that_were_changed_are_refused(bench: Bench) -> None:
    bench.write("usr/base.d/a.ign", config(files={"/a": 1}))
    bench.fetch(config())
    assert bench.state.base_configs is not None
    bench.state.base_configs.config["storage"]["files"][0]["path"] = "/evil"
    assert code_of(bench.cached) == "IGN4123"


@pytest.mark.parametrize("content", [b"", b"no json", b'{"ignition": {"version": "9.0.0"}}'])
def test_bad_file_in_base_d_is_an_error_that_names_it(bench: Bench, content: bytes) -> None:
    bench.write("usr/base.d/a.ign", content)
    with pytest.raises(Failure) as caught:
        bench.fetch(config())
    assert str(caught.value).startswith("failed to acquire system base config: ")
    assert str(caught.value.origin).startswith(f"{bench.folder}/usr/base.d/a.ign")


def test_directory_in_base_d_is_an_error(bench: Bench) -> None:
    (bench.folder / "usr/base.d/folder").mkdir(parents=True)
    assert code_of(lambda: bench.fetch(config())) == "IGN5401"


def test_bad_file_in_base_platform_d_is_a_warning_and_skips_the_set(bench: Bench) -> None:
    bench.write("usr/base.platform.d/file/a.ign", config(files={"/a": 1}))
    bench.write("usr/base.platform.d/file/b.ign", b"no json")
    assert modes(bench.fetch(config(files={"/u": 1})).full) == {"/u": 1}
    assert any(line.startswith('no config at "base.platform.d/file": ') for line in bench.lines)


def test_ignored_member_of_a_base_config_is_a_warning(bench: Bench) -> None:
    bench.write("usr/base.d/a.ign", merging("http://host/c", timeouts={"httpTotal": 1}))
    got = bench.fetch(config())
    assert [finding.code for finding in got.findings] == ["IGN5402", "IGN5402"]
    assert got.transport.total == 0


def test_conflict_of_base_and_user_config_is_a_warning(bench: Bench) -> None:
    bench.write(
        "usr/base.d/a.ign", {**config(), "storage": {"links": [{"path": "/a", "target": "/b"}]}}
    )
    got = bench.fetch(config(files={"/a/file": 1}))
    assert [finding.severity for finding in got.findings] == ["warning"]
    assert "base and user config together" in got.findings[0].message
    assert str(got.findings[0].origin) == "user config from file: /storage/files/0"


# The cache


def test_cached_config_equals_the_fetched_one(bench: Bench) -> None:
    got = bench.fetch(config(files={"/a": 1}, timeouts={"httpTotal": 7, "httpResponseHeaders": 0}))
    again = bench.cached()
    assert dump.cache_text(again.user) == got.cache_text
    assert (again.transport, again.sources) == (got.transport, got.sources)
    assert (again.transport.total, again.transport.headers) == (7, 0)


def test_handwritten_cache_is_enough(bench: Bench) -> None:
    bench.write(
        "cache", b'{"storage": {"FILES": [{"path": "/a", "mode": 1, "x": 1}, null]}, "y": null}'
    )
    bench.write("usr/base.d/a.ign", config(files={"/b": 2}))
    got = bench.cached()
    assert got.full["storage"]["files"][0] == {"path": "/b", "mode": 2}
    assert got.user["storage"]["files"][0] == {"path": "/a", "mode": 1}


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"storage": 1}', b"\xff"])
def test_malformed_cache(bench: Bench, content: bytes) -> None:
    bench.write("cache", content)
    with pytest.raises(Failure) as caught:
        bench.cached()
    assert caught.value.code == "IGN4122"
    assert str(caught.value).startswith("failed to parse cached config: ")


def test_missing_cache(bench: Bench) -> None:
    with pytest.raises(Failure) as caught:
        bench.cached()
    expected = f"failed to acquire config: open {bench.folder}/cache: no such file or directory"
    assert str(caught.value) == expected


def test_changed_cache_is_read_without_origins(bench: Bench) -> None:
    bench.fetch(config(files={"/a": 1}))
    bench.write("cache", config(files={"/other": 1}))
    assert modes(bench.cached().full) == {"/other": 1}
    assert bench.state.origins is None


def test_provider_cache_is_never_readable_by_others(bench: Bench) -> None:
    old = os.umask(0)
    try:
        provider_cache.store(bench.settings, bench.state, "qemu", b"x")
    finally:
        os.umask(old)
    assert (bench.folder / "run/provider-config").stat().st_mode & 0o777 == 0o600
    assert provider_cache.load(bench.context(), bench.state) == ("qemu", b"x")
