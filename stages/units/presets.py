# SPDX-License-Identifier: Apache-2.0
"""The preset file, from which systemd enables and disables units on the first boot.

`enabled: false` adds a line only if the unit is enabled in the target now. For instances it has no effect:
Ignition asks systemctl about a name that cannot exist.
"""

from __future__ import annotations

from ignition.base.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from ignition.config.model import Unit

FOLDER = "/etc/systemd/system-preset"
NAME = "20-ignition.preset"


@record
class Presets:
    """What the config asks for, sorted.

    lines        unit or template -> its `enable` line
    disabled     plain units to disable
    ineffective  instances with `enabled: false`, which has no effect
    """

    lines: dict[str, str]
    disabled: list[str]
    ineffective: list[str]


def from_units(units: Iterable[Unit]) -> Presets:
    """The presets of all units that set `enabled`."""
    instances: dict[str, list[str]] = {}
    disabled: list[str] = []
    ineffective: list[str] = []
    for unit in units:
        if unit.enabled is None:
            continue
        name, instance = split_instance(unit.name)
        if unit.enabled:
            instances.setdefault(name, []).extend([instance] if instance else [])
        elif "@" in name:
            ineffective.append(unit.name)
        else:
            disabled.append(name)
    lines = {name: " ".join(["enable", name, *instances[name]]) for name in instances}
    return Presets(lines, sorted(disabled, key=_order), ineffective)


def split_instance(name: str) -> tuple[str, str]:
    """`echo@foo.service` -> (`echo@.service`, `foo`). Without an instance the second part is "".

    The first `@` and the last `.` count, so `a@b@c.service` is the instance `b@c`.
    """
    before, at, rest = name.partition("@")
    if not at:
        return name, ""
    instance, dot, extension = rest.rpartition(".")
    return f"{before}@{dot}{extension}", instance


def render(wanted: Presets, disable: Iterable[str]) -> str:
    """The text for the preset file, with a line for each of `disable`, in byte order of the names."""
    lines = {f"{name}-enabled": line for name, line in wanted.lines.items()}
    lines.update((f"{name}-disabled", f"disable {name}") for name in disable)
    return "".join(lines[key] + "\n" for key in sorted(lines, key=_order))


def _order(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
