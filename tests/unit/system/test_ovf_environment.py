# SPDX-License-Identifier: Apache-2.0
"""OVF environments: parsing properties and removing them."""

from __future__ import annotations

import pytest

from ignition.system.vmware.ovf_environment import (
    InvalidEnvironment,
    parse_properties,
    remove_properties,
)

XMLNS = 'xmlns="http://schemas.dmtf.org/ovf/environment/1"'
KEYS = ["guestinfo.ignition.config.data", "guestinfo.ignition.config.data.encoding"]

# As written by vCenter: prefixed attributes, and additional sections.
WHOLE = f"""<?xml version="1.0" encoding="UTF-8"?>
<Environment
     {XMLNS}
     xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
     xmlns:oe="http://schemas.dmtf.org/ovf/environment/1"
     xmlns:ve="http://www.vmware.com/schema/ovfenv"
     oe:id="" ve:vCenterId="vm-57">
   <PlatformSection>
      <Kind>VMware ESXi</Kind>
   </PlatformSection>
   <!-- kept -->
   <PropertySection>
         <Property oe:key="guestinfo.ignition.config.data" oe:value="a &gt;'&#10;b > c"/>
         <Property oe:key="guestinfo.ignition.config.data.encoding" oe:value=""></Property>
         <Property oe:key="guestinfo.other" oe:value="ä"/>
   </PropertySection>
   <ve:EthernetAdapterSection>
      <ve:Adapter ve:mac="00:50:56:00:00:01"/>
   </ve:EthernetAdapterSection>
</Environment>
and what follows
""".encode()


def environment(section: str) -> bytes:
    head = f'<Environment {XMLNS} xmlns:oe="http://schemas.dmtf.org/ovf/environment/1" xmlns:x="x">'
    return f"{head}<PropertySection>{section}</PropertySection></Environment>".encode()


def test_properties_of_a_vcenter_environment() -> None:
    assert parse_properties(WHOLE) == {
        "guestinfo.ignition.config.data": "a >'\nb > c",
        "guestinfo.ignition.config.data.encoding": "",
        "guestinfo.other": "ä",
    }


@pytest.mark.parametrize(
    ("section", "found"),
    [
        ('<Property key="a" value="b"/>', {"a": "b"}),
        ('<x:Property x:key="a" oe:value="b"/>', {"a": "b"}),
        ('<Property oe:key="a"/>', {"a": ""}),
        ('<Property oe:value="b"/>', {}),
        ('<Property oe:key="a" oe:value="1"/><Property oe:key="a" oe:value="2"/>', {"a": "2"}),
        ('<Group><Property oe:key="a" oe:value="b"/></Group>', {}),
        ("", {}),
    ],
    ids=["no prefix", "other namespace", "no value", "no key", "twice", "deeper", "none"],
)
def test_properties(section: str, found: dict[str, str]) -> None:
    assert parse_properties(environment(section)) == found


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"text",
        environment("")[:-3],
        b"<Environment/>",
        f"<Other {XMLNS}/>".encode(),
        b'<!DOCTYPE a [<!ENTITY b "c">]>' + environment('<Property oe:key="a" oe:value="&b;"/>'),
        *(WHOLE.replace(b"UTF-8", encoding) for encoding in (b"none", b"UTF-7", b"idna")),
    ],
    ids=[
        *("empty", "text", "cut", "no namespace", "other root", "entities"),
        *("unknown encoding", "encoding of several bytes", "encoding of names"),
    ],
)
def test_invalid_environment(text: bytes) -> None:
    with pytest.raises(InvalidEnvironment):
        parse_properties(text)
    with pytest.raises(InvalidEnvironment):
        remove_properties(text, KEYS)


def test_only_the_elements_are_removed() -> None:
    lines = WHOLE.decode().split("\n")
    left = [line[:9] if "ignition.config" in line else line for line in lines]
    assert remove_properties(WHOLE, KEYS).decode() == "\n".join(left)


@pytest.mark.parametrize(
    "section",
    [
        '<x:Property oe:key="k"/>',
        '<Property x:key="k"/>',
        '<Property key="k"/>',
        '<Property oe:key="other"/>',
        '<!-- <Property oe:key="k"/> --><![CDATA[<Property oe:key="k"/>]]>',
    ],
    ids=["other element", "other attribute", "plain attribute", "other key", "no element"],
)
def test_preserved_elements(section: str) -> None:
    assert remove_properties(environment(section), ["k"]) == environment(section)


@pytest.mark.parametrize(
    "element",
    [
        '<oe:Property oe:key="k" oe:value="/>"/>',
        "<Property oe:key='k' oe:value='\">\"' ></Property\n>",
        '<Property oe:key="k"><Property oe:key="k"/>text</Property>',
        '<Property oe:key="k"/><Property oe:key="k"/>',
    ],
    ids=["ends in a value", "single quotes", "with contents", "twice"],
)
def test_removed_elements(element: str) -> None:
    assert remove_properties(environment(f"ä{element}\n"), ["k"]) == environment("ä\n")


def test_utf16_document_is_not_modified() -> None:
    text = environment('<Property oe:key="k"/>').decode().encode("utf-16")
    assert parse_properties(text) == {"k": ""}
    with pytest.raises(InvalidEnvironment):
        remove_properties(text, ["k"])
