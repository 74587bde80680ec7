# SPDX-License-Identifier: Apache-2.0
"""LUKS volumes and how they are unlocked: key file, clevis, IBM crypto cards. Since 3.2.0."""

from __future__ import annotations

from ignition.config.rules.disks import DEVICE_REQUIRED
from ignition.config.rules.paths import check_path
from ignition.config.rules.resources import check_resource
from ignition.config.rules.rule import Rule
from ignition.config.rules.sources import INVALID_SCHEME, check_http_url, check_source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ignition.config.rules.rule import RuleFinding

NAME_SLASH = Rule(
    "IGN1801",
    "device names cannot contain slashes",
    hint="give a name, not a path; the volume appears in /dev/mapper under it",
)
"""The name becomes a file name in /dev/mapper."""

LABEL_TOO_LONG = Rule(
    "IGN1802",
    "luks device labels cannot be longer than 47 characters",
    hint="shorten the label to 47 bytes",
)
"""The header of a LUKS2 volume has room for 47 bytes."""

CUSTOM_WITH_OTHERS = Rule(
    "IGN1803",
    "cannot use custom clevis config with tpm2, tang, or threshold",
    hint="keep clevis.custom, or tpm2, tang and threshold",
)
"""A custom pin is the whole of the policy. In 3.2.0 the custom object alone counts as one, even if empty."""

BAD_KEY_FILE = Rule(
    "IGN1804",
    "invalid key-file source",
    hint="see what is said about keyFile.source",
)
"""Said of the volume beside the fault of the URL itself."""

CEX_WITH_CLEVIS = Rule(
    "IGN1805",
    "cannot use cex with clevis",
    hint="keep one of them",
)
"""A volume bound to a crypto card is encrypted with a key that only the card can use. Since 3.5.0."""

CEX_WITH_KEY_FILE = Rule(
    "IGN1806",
    "cannot use key file with cex",
    hint="keep one of them",
)
"""As above: the card makes the key. Since 3.5.0."""

PIN_REQUIRED = Rule(
    "IGN1811",
    "missing required custom clevis pin",
    hint="name the pin that the config is for",
)
"""A config is for a pin. Since 3.3.0; in 3.2.0 a missing pin counts as an unknown one."""

UNKNOWN_PIN = Rule(
    "IGN1812",
    "unsupported clevis pin",
    hint="use tpm2, tang or sss, or spec 3.6.0 or newer, which allows any pin",
)
"""Until 3.5.0 only the pins that come with clevis are allowed."""

CONFIG_REQUIRED = Rule(
    "IGN1813",
    "missing required custom clevis config",
    hint="give the JSON text that clevis is to be given for the pin",
)
"""A pin is useless without its config. The text is not looked at."""

THUMBPRINT_REQUIRED = Rule(
    "IGN1814",
    "thumbprint is required",
    hint="give the thumbprint of the server's signing key (tang-show-keys on the server)",
)
"""Without it any server that answers would be trusted with the volume."""

BAD_ADVERTISEMENT = Rule(
    "IGN1815",
    "advertisement is not valid JSON",
    hint="give what the server answers under /adv, or leave it out to have it fetched",
)
"""Since 3.4.0, which has advertisements. Any JSON value passes."""

_LABEL_BYTES = 47
_PINS = ("tpm2", "tang", "sss")
_ANY_PIN_SINCE = 6


def check_luks(value: dict[str, Any], minor: int) -> Iterator[RuleFinding]:
    """A volume with its key file and clevis binding, in spec 3.`minor`."""
    clevis = value.get("clevis", {})
    key_file = value.get("keyFile", {})
    device = value.get("device")
    if "/" in value.get("name", ""):
        yield NAME_SLASH.at("name")
    if len(value.get("label", "").encode()) > _LABEL_BYTES:
        yield LABEL_TOO_LONG.at("label")
    if fault := check_path(device) if device else DEVICE_REQUIRED:
        yield fault.at("device")
    if _other_than_custom(clevis) and _has_custom(clevis, minor):
        yield CUSTOM_WITH_OTHERS.at("clevis")
    if (source := key_file.get("source")) and check_source(source, minor):
        yield BAD_KEY_FILE.at("keys")
    yield from _cex(value)
    yield from _custom(clevis.get("custom", {}), minor)
    for index, server in enumerate(clevis.get("tang", ())):
        for finding in _tang(server):
            yield finding.with_prefix("clevis", "tang", index)
    for finding in check_resource(key_file, minor):
        yield finding.with_prefix("keyFile")


def _other_than_custom(clevis: dict[str, Any]) -> bool:
    return bool(clevis.get("tang") or clevis.get("tpm2") or clevis.get("threshold"))


def _has_custom(clevis: dict[str, Any], minor: int) -> bool:
    if minor == 2:
        return "custom" in clevis
    return bool(clevis.get("custom", {}).get("pin"))


def _cex(value: dict[str, Any]) -> Iterator[RuleFinding]:
    if not value.get("cex", {}).get("enabled"):
        return
    clevis = value.get("clevis", {})
    if _other_than_custom(clevis) or clevis.get("custom", {}).get("pin"):
        yield CEX_WITH_CLEVIS.at("cex")
    if value.get("keyFile", {}).get("source"):
        yield CEX_WITH_KEY_FILE.at("cex")


def _custom(value: dict[str, Any], minor: int) -> Iterator[RuleFinding]:
    pin, config = value.get("pin"), value.get("config")
    if not pin and not config and (minor == 2 or not value.get("needsNetwork")):
        return
    if fault := _pin_fault(pin, minor):
        yield fault.at("clevis", "custom", "pin")
    if not config:
        yield CONFIG_REQUIRED.at("clevis", "custom", "config")


def _pin_fault(pin: str | None, minor: int) -> Rule | None:
    if not pin and minor >= 3:
        return PIN_REQUIRED
    return None if minor >= _ANY_PIN_SINCE or pin in _PINS else UNKNOWN_PIN


def _tang(value: dict[str, Any]) -> Iterator[RuleFinding]:
    if fault := check_http_url(value.get("url", ""), INVALID_SCHEME):
        yield fault.at("url")
    if not value.get("thumbprint"):
        yield THUMBPRINT_REQUIRED.at("thumbprint")
    if (advertisement := value.get("advertisement")) and not _is_json(advertisement):
        yield BAD_ADVERTISEMENT.at("advertisement")


def _is_json(text: str) -> bool:
    """Whether Go would read text as JSON; a number that no 64-bit float can hold is none."""
    from ignition.config import scan

    try:
        return not scan.scan(text.encode()).huge_number
    except scan.JsonSyntaxError:
        return False
