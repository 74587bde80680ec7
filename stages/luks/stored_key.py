# SPDX-License-Identifier: Apache-2.0
"""The generated key of a finished volume, read from the filesystem that will become the real root.

The files phase of an earlier boot stored it there, but the first-boot flag was not cleared. The disks phase
runs before the root is mounted, so it mounts it read-only for a moment.
"""

from __future__ import annotations

import os
import time

from ignition.base.errors import Failure
from ignition.base.settings import kernel_arguments
from ignition.system import devices, drive
from ignition.system.root import Root

from ..common.created import volume_names
from ..common.deferral import is_created, resource_keys
from . import cryptsetup, keys
from .decisions import Stored

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.base.log import Log
    from ignition.base.origin import Origin
    from ignition.base.settings import Settings
    from ignition.config import model
    from ignition.engine.context import PhaseContext

# Prefix of `root=` -> the folder of udev's links by it.
_LINKS = {
    "UUID": "by-uuid",
    "LABEL": "by-label",
    "PARTUUID": "by-partuuid",
    "PARTLABEL": "by-partlabel",
}
# systemd's link to the root partition of the disk that it was booted from, if there is no `root=`.
_DISCOVERED = "/dev/gpt-auto-root"


def root_device(config: model.Config, settings: Settings) -> str:
    """The device of the real root, by `root=` or the config; "" if neither names a device."""
    wanted = kernel_arguments(settings.kernel_cmdline_path).get("root", "gpt-auto")
    kind, mark, name = wanted.partition("=")
    name = name.strip('"')
    if mark and kind in _LINKS:
        if kind == "PARTUUID":
            name = name.lower()
        return f"/dev/disk/{_LINKS[kind]}/{devices.encode_udev_name(name)}"
    if wanted.startswith("/dev/"):
        return wanted
    if wanted == "gpt-auto" and devices.is_block(_DISCOVERED):
        return _DISCOVERED
    roots = (entry.device for entry in config.storage.filesystems if entry.path == "/")
    return next(roots, "")


def pending_root(
    context: PhaseContext, config: model.Config, wanted: model.Luks
) -> tuple[str, ...]:
    """The resource keys of the real root if other steps of this phase change or may create it, else ()."""
    device = root_device(config, context.settings)
    names = resource_keys(device) if device else ()
    if not names or not set(names).isdisjoint(volume_names(wanted)):
        return ()
    storage = config.storage
    others = bool(storage.disks or storage.raid or len(storage.luks) > 1)
    is_pending = is_created(context, config, device) or (others and not devices.is_block(device))
    return names if is_pending else ()


def find(
    log: Log, context: PhaseContext, config: model.Config, wanted: model.Luks, origin: Origin
) -> Stored:
    """The key that opens the volume. Waits for the root like for any device; changes no file on it."""
    device = root_device(config, context.settings)
    if not device:
        return Stored(None, "no kernel argument root= names the device of the real root")
    if device in volume_names(wanted):
        return Stored(None, "the real root, which has its key, is on this volume itself")
    try:
        data = _read(log, context, device, wanted.name, origin)
    except Failure as failure:
        return Stored(None, f"the real root on {device} cannot be read: {failure.text}")
    path = _path(context.settings, wanted.name)
    if not data:
        return Stored(None, f"the real root on {device} has no {path}")
    key = keys.new_key(data, generated=True)
    try:
        cryptsetup.test_key(log, context.settings, wanted, key, origin)
    except Failure as failure:
        key.close()
        return Stored(None, f"{path} of the real root on {device}: {failure.text}")
    log.info(f"found the key of volume {wanted.name} in {path} of the real root on {device}")
    return Stored(key)


def _path(settings: Settings, name: str) -> str:
    return f"{settings.luks_key_dir}/{name}"


def _read(log: Log, context: PhaseContext, device: str, name: str, origin: Origin) -> bytes | None:
    settings = context.settings
    arguments = kernel_arguments(settings.kernel_cmdline_path)
    devices.wait_for_devices(log, settings, [(device, origin)], context.progress)
    # With OSTree, the root that will be used is a folder of this filesystem.
    below = os.path.normpath(f"/{arguments.get('ostree', '')}")
    flags = arguments.get("rootflags", "")
    with drive.ReadOnlyMount(settings, log, device, time.sleep, flags) as folder:
        place = Root(folder).resolve_folder(below)
        return Root(folder + place).read(_path(settings, name), keys.LIMIT)
