# SPDX-License-Identifier: Apache-2.0
"""LUKS volumes of a config, and the key files and lines of crypttab that they bring with them."""

from __future__ import annotations

from collections.abc import Iterator

from ignition.base.settings import Settings
from ignition.config import limits
from ignition.config.model import Luks
from ignition.resource.fetch import display_name
from ignition.review.subject import Subject
from ignition.review.things.contents import HIDDEN, contents_of
from ignition.review.things.thing import Fact, Path, Thing

_CRYPTTAB = "/etc/crypttab"


def volume(entry: Luks, path: Path) -> Thing:
    """A volume. Its key is never shown."""
    facts = []
    for name, member, value in (
        ("device", "device", entry.device or None),
        ("label", "label", entry.label or None),
        ("uuid", "uuid", entry.uuid or None),
    ):
        if value is not None:
            compared = value.lower() if name == "uuid" else value
            facts.append(Fact(name, value, (*path, member), compared))
    facts += _key(entry, path)
    facts += _clevis(entry, path)
    if entry.cex.enabled:
        facts.append(Fact("cex", "enabled", (*path, "cex", "enabled"), True))
    for name, words in (("options", entry.options), ("openOptions", entry.open_options)):
        if words:
            facts.append(Fact(name, " ".join(words), (*path, name), tuple(words)))
    for name, flag in (("discard", entry.discard), ("wipeVolume", entry.wipe_volume)):
        if flag:
            facts.append(Fact(name, "true", (*path, name), True))
    names = {f"/dev/mapper/{entry.name}", f"/dev/disk/by-id/dm-name-{entry.name}"}
    if entry.device:
        names.add(entry.device)
    return Thing("volume", entry.name, path, tuple(facts), frozenset(names))


def collect_made(subject: Subject) -> Iterator[Thing]:
    """Key files and crypttab."""
    settings = Settings()
    lines = []
    for index, entry in enumerate(subject.config.storage.luks):
        path: Path = ("storage", "luks", index)
        lines.append(Fact("line of volume", entry.name, (*path, "name")))
        if entry.cex.enabled:
            fact = Fact("key of volume", f"{entry.name}: {HIDDEN}", (*path, "cex", "enabled"))
            for end in ("info", "skey"):
                name = f"{settings.zkey_dir}/ignition-luks-{entry.name}.{end}"
                yield Thing("key file", name, path, (fact,), made=True)
        if not limits.has_clevis(entry.raw):
            given = bool(entry.key_file.source)
            where = (*path, "keyFile", "source") if given else (*path, "name")
            text = f"{entry.name}: {HIDDEN}" if given else f"{entry.name}: made at the first boot"
            facts = (Fact("key of volume", text, where), Fact("mode", "0600 (always)", None))
            yield Thing("key file", f"{settings.luks_key_dir}/{entry.name}", path, facts, made=True)
    if lines:
        yield Thing("volume table", _CRYPTTAB, lines[0].path or (), tuple(lines), made=True)


def _key(entry: Luks, path: Path) -> list[Fact]:
    contents = contents_of(entry.key_file)
    if contents is None or not entry.key_file.source:
        return []
    shown = HIDDEN if contents.data is not None else f"fetched from {display_name(contents.url)}"
    return [Fact("key file", shown, (*path, "keyFile", "source"), contents)]


def _clevis(entry: Luks, path: Path) -> list[Fact]:
    clevis, here = entry.clevis, (*path, "clevis")
    facts = [
        Fact(
            "tang server",
            display_name(tang.url),
            (*here, "tang", index, "url"),
            (tang.url, tang.thumbprint, tang.advertisement or ""),
        )
        for index, tang in enumerate(clevis.tang)
    ]
    if clevis.tpm2:
        facts.append(Fact("tpm2", "true", (*here, "tpm2"), True))
    if clevis.threshold:
        value = clevis.threshold
        facts.append(Fact("threshold", str(value), (*here, "threshold"), value))
    if clevis.custom.pin:
        custom = clevis.custom
        facts.append(Fact("pin", str(custom.pin), (*here, "custom", "pin"), custom.pin))
        if custom.config:
            facts.append(Fact("pin config", HIDDEN, (*here, "custom", "config"), custom.config))
        if custom.needs_network:
            facts.append(Fact("needsNetwork", "true", (*here, "custom", "needsNetwork"), True))
    return facts
