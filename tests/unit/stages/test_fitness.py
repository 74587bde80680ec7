# SPDX-License-Identifier: Apache-2.0
"""Configs that no machine can apply are refused before a phase looks at its machine."""

from __future__ import annotations

import pytest

from ignition.base.errors import FailureGroup, Refused, flatten
from tests.support.skeleton import HASH, furnish
from tests.support.target import Target


def test_all_problems_are_refused_at_once(target: Target) -> None:
    furnish(target)
    before = target.tree()
    config = {
        "passwd": {
            "groups": [{"name": "team", "gid": -3}],
            "users": [{"name": "core", "passwordHash": f"{HASH}\nroot:x"}],
        },
        "storage": {"files": [{"path": "/opt/" + "n" * 256}, {"path": "/a", "mode": 1 << 40}]},
        "systemd": {"units": [{"name": "a\n.service", "enabled": True}]},
        "kernelArguments": {"shouldExist": ["a\nb"]},
    }
    with pytest.raises(FailureGroup) as caught:
        target.run(config, "prepare", "users", "files", "units")
    assert [f"{one.code} {one.origin}" for one in flatten(caught.value)] == [
        "IGN1969 config.ign: /kernelArguments/shouldExist/0",
        "IGN1971 config.ign: /passwd/groups/0/gid",
        "IGN1969 config.ign: /passwd/users/0/passwordHash",
        "IGN1973 config.ign: /storage/files/0/path",
        "IGN1402 config.ign: /storage/files/1/mode",
        "IGN1969 config.ign: /systemd/units/0/name",
    ]
    assert all(one.hint for one in flatten(caught.value))
    assert "saltsalt" not in caught.value.text
    assert target.tree() == before


def test_message_cannot_forge_a_log_line(target: Target) -> None:
    with pytest.raises(Refused) as caught:
        target.run({"passwd": {"users": [{"name": "a\nb", "gecos": "x"}]}}, "prepare", "users")
    assert "\n" not in caught.value.text
    assert "a\\nb" in caught.value.text


def test_id_that_chown_ignores_is_a_warning(target: Target) -> None:
    target.run({"storage": {"files": [{"path": "/a", "user": {"id": -1}}]}}, "files")
    assert any("IGN1972" in line for line in target.log)
    assert target.owner("/a") == (0, 0)


def test_path_limit_includes_the_root(target: Target) -> None:
    path = "/d" * 2040 + "/a"
    assert len(path) < 4095 < len(path) + len(target.settings.root)
    with pytest.raises(Refused, match="4"):
        target.file(path)


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ({"name": "X-A\0", "value": "b"}, "IGN1985"),
        ({"name": "X-A", "value": "b\r\nX-B: c"}, "IGN1985"),
        ({"name": "X-A"}, "IGN1986"),
    ],
)
def test_invalid_header(target: Target, header: dict[str, str], code: str) -> None:
    before = target.tree()
    contents = {"source": "http://127.0.0.1:9/", "httpHeaders": [header]}
    files = [
        {"path": "/a", "contents": {"source": "data:,x"}},
        {"path": "/b", "append": [contents]},
    ]
    with pytest.raises(Refused) as caught:
        target.run({"storage": {"files": files}}, "files")
    assert caught.value.code == code
    assert str(caught.value.origin).endswith("/storage/files/1/append/0/httpHeaders/0")
    assert target.tree() == before
