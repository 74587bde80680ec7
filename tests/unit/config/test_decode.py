# SPDX-License-Identifier: Apache-2.0
"""From JSON to a canonical value: case, repeated keys, null and types."""

from __future__ import annotations

from typing import Any

import pytest

from ignition.config import decode, document, shapes


def read(text: str, version: str = "3.6.0") -> Any:
    return decode.decode(document.parse(text.encode(), "test").root, shapes.for_version(version))


def storage(text: str, version: str = "3.6.0") -> Any:
    return read(f'{{"storage":{text}}}', version)["storage"]


def test_unknown_members_are_dropped() -> None:
    text = '{"kernelArguments":{"shouldExist":["a"]},"x":[1.5],"passwd":{"y":1}}'
    assert read(text) == {"kernelArguments": {"shouldExist": ["a"]}, "passwd": {}}
    assert read(text, "3.2.0") == {"passwd": {}}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"IGNITION":{"Version":"x"}}', {"ignition": {"version": "x"}}),
        ('{"ign\\u0069tion":{"ver\\u0073ion":"x"}}', {"ignition": {"version": "x"}}),
        ('{"\\u212aernelArguments":{}}', {"kernelArguments": {}}),
        ('{"pa\u017f\u017fwd":{}}', {"passwd": {}}),
        ('{"ıgnition":{},"ign\u0130tion":{}}', {}),
    ],
)
def test_keys_match_case_insensitively(text: str, expected: object) -> None:
    assert read(text) == expected


FILES = '{"path":"/a","mode":1,"contents":{"source":"s","httpHeaders":[{"name":"h"}]}}'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            '{"files":[{"path":"/a","path":"/b"}]}', {"files": [{"path": "/b"}]}, id="last scalar"
        ),
        pytest.param(
            '{"files":[{"mode":1,"mode":null,"path":"/a","path":null}]}',
            {"files": [{"path": "/a"}]},
            id="null unsets what can be unset",
        ),
        pytest.param(
            '{"files":[{"user":{"id":1},"user":{"name":"n"}}]}',
            {"files": [{"user": {"id": 1, "name": "n"}}]},
            id="objects are laid over each other",
        ),
        pytest.param(
            '{"files":[{"user":{"id":1},"user":null}]}',
            {"files": [{"user": {"id": 1}}]},
            id="null leaves an object",
        ),
        pytest.param(
            '{"files":[{"path":"/a","mode":256}],"files":[{"overwrite":false},{"path":"/z"}]}',
            {"files": [{"path": "/a", "mode": 256, "overwrite": False}, {"path": "/z"}]},
            id="lists are laid over each other slot by slot",
        ),
        pytest.param(
            f'{{"files":[{{}},{FILES}],"files":[{{"path":"/n"}}],"files":[{{}},{{"mode":2}}]}}',
            {
                "files": [
                    {"path": "/n"},
                    {
                        "path": "/a",
                        "mode": 2,
                        "contents": {"source": "s", "httpHeaders": [{"name": "h"}]},
                    },
                ]
            },
            id="what was cut off comes back",
        ),
        pytest.param(
            f'{{"files":[{{}},{FILES}],"files":[],"files":[{{}},{{"mode":2}}]}}',
            {"files": [{}, {"mode": 2}]},
            id="an empty list forgets",
        ),
        pytest.param(
            f'{{"files":[{{}},{FILES}],"files":null,"files":[{{}},{{"mode":2}}]}}',
            {"files": [{}, {"mode": 2}]},
            id="null forgets",
        ),
        pytest.param(
            '{"files":[{"path":"/a"}],"files":[null]}',
            {"files": [{"path": "/a"}]},
            id="null leaves a slot",
        ),
        pytest.param(
            '{"raid":[{"devices":["/a","/b"],"devices":["/c"],"devices":["/d",null]}]}',
            {"raid": [{"devices": ["/d", "/b"]}]},
            id="slots of strings",
        ),
        pytest.param(
            '{"raid":[{"devices":["/a","/b"]}],"raid":[{"devices":["/c"]}],'
            '"raid":[{"devices":[null,null]}]}',
            {"raid": [{"devices": ["/c", "/b"]}]},
            id="slots of a list inside a slot",
        ),
        pytest.param(
            '{"FILES":[{"path":"/a"}],"files":[{"mode":1}]}',
            {"files": [{"path": "/a", "mode": 1}]},
            id="two spellings",
        ),
    ],
)
def test_repeated_keys(text: str, expected: object) -> None:
    assert storage(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param('{"files":[null]}', {"files": [{}]}, id="item"),
        pytest.param('{"files":null}', {}, id="list"),
        pytest.param('{"files":[{"contents":null}]}', {"files": [{}]}, id="object"),
        pytest.param(
            '{"raid":[{"devices":[null,null]}]}',
            {"raid": [{"devices": ["", ""]}]},
            id="string item",
        ),
        pytest.param('{"files":[{"path":null}]}', {"files": [{}]}, id="plain string"),
    ],
)
def test_null_means_absent(text: str, expected: object) -> None:
    assert storage(text) == expected


def test_null_config_is_empty() -> None:
    assert read("null") == {}


def test_empty_clevis_object_differs_from_absent_only_in_3_2() -> None:
    volume = '{"luks":[{"clevis":{"custom":{}}}]}'
    assert storage(volume, "3.2.0") == {"luks": [{"clevis": {"custom": {}}}]}
    for gone in (
        '{"luks":[{"clevis":{},"clevis":null}]}',
        '{"luks":[{"clevis":null}]}',
    ):
        assert storage(gone, "3.2.0") == {"luks": [{}]}


def test_integers() -> None:
    def mode(text: str) -> Any:
        return storage(f'{{"files":[{{"mode":{text}}}]}}')["files"][0]["mode"]

    assert mode("-0") == 0
    assert mode("9223372036854775807") == (1 << 63) - 1
    assert mode("-9223372036854775808") == -(1 << 63)


@pytest.mark.parametrize(
    ("text", "found", "path", "go_type"),
    [
        ('{"files":{@}}', "object", "files", "[]types.File"),
        ('{"files":[5@]}', "number", "files.0", "types.File"),
        ('{"files":[{"mode":420.0@}]}', "number 420.0", "files.0.mode", "int"),
        ('{"files":[{"mode":1e2@}]}', "number 1e2", "files.0.mode", "int"),
        ('{"files":[{"mode":9223372036854775808@}]}', "number 9223372036854775808", "files.0.mode", "int"),
        ('{"files":[{"mode":"1"@}]}', "string", "files.0.mode", "int"),
        ('{"files":[{"mode":true@}]}', "bool", "files.0.mode", "int"),
        ('{"files":[{"overwrite":1@}]}', "number", "files.0.overwrite", "bool"),
        ('{"files":[{"path":[@"/"]}]}', "array", "files.0.path", "string"),
        ('{"files":[{"user":"root"@}]}', "string", "files.0.user", "types.NodeUser"),
        ('{"raid":[{"devices":["/a",{@}]}]}', "object", "raid.0.devices.1", "string"),
        ('{"files":[],"FILES":7@}', "number", "files", "[]types.File"),
    ],
)  # fmt: skip
def test_wrong_types(text: str, found: str, path: str, go_type: str) -> None:
    """`@` marks the offset: after a literal, after an opening bracket."""
    with pytest.raises(decode.TypeMismatch) as caught:
        storage(text.replace("@", ""))
    assert caught.value.text == (
        f"json: cannot unmarshal {found} into Go struct field Config.storage.{path} of type {go_type}"
    )
    assert caught.value.node.end == len('{"storage":') + text.index("@")
    assert caught.value.expected


def test_first_wrong_type_is_reported() -> None:
    with pytest.raises(decode.TypeMismatch) as caught:
        storage('{"links":[{"path":1}],"files":[{"mode":""}]}')
    assert caught.value.path == ("storage", "links", 0, "path")


@pytest.mark.parametrize("text", ["[]", '"a"', "5", "true"])
def test_a_config_is_an_object(text: str) -> None:
    with pytest.raises(decode.TypeMismatch):
        read(text)
