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
    hint="use a name, not a path; it becomes /dev/mapper/NAME",
)
"""The name becomes a file name in /dev/mapper."""

LABEL_TOO_LONG = Rule(
    "IGN1802",
    "luks device labels cannot be longer than 47 characters",
    hint="shorten the label to 47 bytes",
)
"""The LUKS2 header stores 47 bytes."""

CUSTOM_WITH_OTHERS = Rule(
    "IGN1803",
    "cannot use custom clevis config with tpm2, tang, or threshold",
    hint="use either clevis.custom, or tpm2, tang and threshold",
)
"""A custom pin replaces the whole policy. In 3.2.0 even an empty custom object counts."""

BAD_KEY_FILE = Rule(
    "IGN1804",
    "invalid key-file source",
    hint="see the finding for keyFile.source",
)
"""Reported for the volume in addition to the finding for the URL."""

CEX_WITH_CLEVIS = Rule(
    "IGN1805",
    "cannot use cex with clevis",
    hint="use only one of them",
)
"""A volume that is bound to a crypto card has a key that only the card can use. Since 3.5.0."""

CEX_WITH_KEY_FILE = Rule(
    "IGN1806",
    "cannot use key file with cex",
    hint="use only one of them",
)
"""As above: the card generates the key. Since 3.5.0."""

PIN_REQUIRED = Rule(
    "IGN1811",
    "missing required custom clevis pin",
    hint="set pin to the name of the pin that config belongs to",
)
"""A config needs a pin. Since 3.3.0; in 3.2.0 a missing pin counts as an unknown one."""

UNKNOWN_PIN = Rule(
    "IGN1812",
    "unsupported clevis pin",
    hint="use tpm2, tang or sss; spec 3.6.0 and newer allow any pin",
)
"""Up to 3.5.0 only the pins that ship with clevis are allowed."""

CONFIG_REQUIRED = Rule(
    "IGN1813",
    "missing required custom clevis config",
    hint="set config to the JSON text for the pin",
)
"""A pin needs its config. The text is not checked."""

THUMBPRINT_REQUIRED = Rule(
    "IGN1814",
    "thumbprint is required",
    hint="set the thumbprint of the server's signing key (run tang-show-keys on the server)",
)
"""Without a thumbprint, any server that answers would be trusted."""

BAD_ADVERTISEMENT = Rule(
    "IGN1815",
    "advertisement is not valid JSON",
    hint="use the response of the server's /adv, or remove it to fetch it at boot",
)
"""Since 3.4.0, which introduced advertisements. Any JSON value is accepted."""

_LABEL_BYTES = 47
_PINS = ("tpm2", "tang", "sss")
_ANY_PIN_SINCE = 6


def check_luks(value: dict[str, Any], minor: int) -> Iterator[RuleFinding]:
    """Checks a volume with its key file and clevis binding by spec 3.`minor`."""
    clevis = value.get("clevis", {})
    key_file = value.get("keyFile", {})
    device = value.get("device")
    if "/" in value.get("name", ""):
        yield NAME_SLASH.at("name")
    if len(value.get("label", "").encode()) > _LABEL_BYTES:
        yield LABEL_TOO_LONG.at("label")
    if rule := check_path(device) if device else DEVICE_REQUIRED:
        yield rule.at("device")
    if _has_builtin_pin(clevis) and _has_custom(clevis, minor):
        yield CUSTOM_WITH_OTHERS.at("clevis")
    if (source := key_file.get("source")) and check_source(source, minor):
        yield BAD_KEY_FILE.at("keys")
    yield from _check_cex(value)
    yield from _check_custom(clevis.get("custom", {}), minor)
    for index, server in enumerate(clevis.get("tang", ())):
        for finding in _check_tang(server):
            yield finding.with_prefix("clevis", "tang", index)
    for finding in check_resource(key_file, minor):
        yield finding.with_prefix("keyFile")


def _has_builtin_pin(clevis: dict[str, Any]) -> bool:
    return bool(clevis.get("tang") or clevis.get("tpm2") or clevis.get("threshold"))


def _has_custom(clevis: dict[str, Any], minor: int) -> bool:
    if minor == 2:
        return "custom" in clevis
    return bool(clevis.get("custom", {}).get("pin"))


def _check_cex(value: dict[str, Any]) -> Iterator[RuleFinding]:
    if not value.get("cex", {}).get("enabled"):
        return
    clevis = value.get("clevis", {})
    if _has_builtin_pin(clevis) or clevis.get("custom", {}).get("pin"):
        yield CEX_WITH_CLEVIS.at("cex")
    if value.get("keyFile", {}).get("source"):
        yield CEX_WITH_KEY_FILE.at("cex")


def _check_custom(value: dict[str, Any], minor: int) -> Iterator[RuleFinding]:
    pin, config = value.get("pin"), value.get("config")
    if not pin and not config and (minor == 2 or not value.get("needsNetwork")):
        return
    if rule := _check_pin(pin, minor):
        yield rule.at("clevis", "custom", "pin")
    if not config:
        yield CONFIG_REQUIRED.at("clevis", "custom", "config")


def _check_pin(pin: str | None, minor: int) -> Rule | None:
    if not pin and minor >= 3:
        return PIN_REQUIRED
    return None if minor >= _ANY_PIN_SINCE or pin in _PINS else UNKNOWN_PIN


def _check_tang(value: dict[str, Any]) -> Iterator[RuleFinding]:
    if rule := check_http_url(value.get("url", ""), INVALID_SCHEME):
        yield rule.at("url")
    if not value.get("thumbprint"):
        yield THUMBPRINT_REQUIRED.at("thumbprint")
    if (advertisement := value.get("advertisement")) and not _is_json(advertisement):
        yield BAD_ADVERTISEMENT.at("advertisement")


def _is_json(text: str) -> bool:
    """Whether Go accepts the text as JSON. It rejects numbers that overflow a 64-bit float."""
    from ignition.config import scan

    try:
        return not scan.scan(text.encode()).huge_number
    except scan.JsonSyntaxError:
        return False
