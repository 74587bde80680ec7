# SPDX-License-Identifier: Apache-2.0
"""Hyper-V: the config is among the key-value pairs that the host sends once per start of the machine.

The kernel passes them to one program, usually hv_kvp_daemon, message by message
(include/uapi/linux/hyperv.h). The provider takes the place of the daemon. The host does not send the pairs
again, so the provider writes them to the target in the files and the format of the daemon.
"""

from __future__ import annotations

import os
import select
import struct

from ignition.base.errors import Failure
from ignition.resource.outputfile import OutputFile
from ignition.resource.watch import Watch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ignition.resource.context import FetchContext

    Pool = dict[bytes, bytes]

NEEDS_NETWORK = False

KEY = b"ignition.config"
# hv_kvp_daemon stores pools 0 to 4 here.
POOL_FILE = "/var/lib/hyperv/.kvp_pool_"
POOLS = 5
# Seconds to wait for the device node after the driver was loaded.
NODE_TIMEOUT = 10
# Seconds without a message after which the transfer is over. The protocol does not mark the last message.
QUIET_TIME = 1.0

MESSAGE, KEY_SIZE, VALUE_SIZE = 7432, 512, 2048
_REGISTER, _SET = 100, 1
_DONE, _FAILED = 0, 0x80004005
# Operation, pool, then from offset 4: value type, key size, value size, both including the NUL.
_HEADER = struct.Struct("=BBHIII")
_RETRY_INTERVAL = 0.01


def fetch(ctx: FetchContext) -> bytes:
    """The config; b"" if the host sends none."""
    return fetch_with_files(ctx)[0]


def fetch_with_files(ctx: FetchContext) -> tuple[bytes, list[OutputFile]]:
    """The config, and the pool files of the daemon, including empty ones."""
    device = open_device(ctx)
    try:
        pools = receive(ctx, device)
    finally:
        os.close(device)
    ctx.log.debug(f"the host sent {sum(map(len, pools))} key-value pairs")
    files = [
        OutputFile(f"{POOL_FILE}{number}", _serialize(pool)) for number, pool in enumerate(pools)
    ]
    return _config_from(ctx, pools[0]), files


def open_device(ctx: FetchContext) -> int:
    """Opens the kernel device. Returns the file descriptor."""
    from ignition.system import drive, kernelmodule

    path = ctx.settings.hv_kvp_device
    if not os.path.exists(ctx.settings.hv_utils_driver):
        kernelmodule.load("hv_utils", "IGN5650", ctx.settings, ctx.log)
    drive.wait_for_device(path, NODE_TIMEOUT, ctx.sleep, ctx.clock)
    try:
        return os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise Failure(
            "IGN5651",
            f"cannot open {path}: {error.strerror}",
            hint="it needs Hyper-V with the data exchange service enabled; hv_kvp_daemon must not run in the"
            " initramfs, because only one program can open it",
        ) from error


def receive(ctx: FetchContext, device: int) -> list[Pool]:
    """Registers as the daemon and receives until the host is silent. Returns the pairs of each pool.

    `ignition.wait.fetch=` limits the time for a host that keeps sending (IGN5654); there is no limit by
    default.
    """
    pools: list[Pool] = [{} for _ in range(POOLS)]
    limit = float(ctx.settings.wait_fetch)
    end = ctx.deadline_after(limit)
    poll = select.poll()
    poll.register(device, select.POLLIN)
    _write(ctx, device, bytes([_REGISTER]))
    with Watch(ctx.progress, "the end of the host's key-value pairs") as watch:
        watch.reason = "it keeps sending"
        while poll.poll(QUIET_TIME * 1000):
            message = _read(ctx, device)
            if message[0] == _REGISTER:
                continue  # the kernel announces its version and expects no answer
            status = _DONE if _apply(message, pools) else _FAILED
            _write(ctx, device, status.to_bytes(4, "little"))
            if end and ctx.clock() >= end:
                raise Failure(
                    "IGN5654",
                    f"the host was still sending key-value pairs after {limit:g} s",
                    hint="ignition.wait.fetch= on the kernel command line sets this limit",
                )
    return pools


def _apply(message: bytes, pools: list[Pool]) -> bool:
    """Stores the pair of a message in its pool. False for an operation other than "set"."""
    operation, pool, _, _, key_size, value_size = _HEADER.unpack_from(message)
    if operation != _SET or pool >= POOLS:
        return False
    if not (0 < key_size <= KEY_SIZE and 0 < value_size <= VALUE_SIZE):
        raise Failure(
            "IGN5653", f"invalid sizes: a key of {key_size} and a value of {value_size} bytes"
        )
    key_start, value_start = _HEADER.size, _HEADER.size + KEY_SIZE
    key = message[key_start : key_start + key_size - 1]
    pools[pool][key] = message[value_start : value_start + value_size - 1]
    return True


def _config_from(ctx: FetchContext, pool: Pool) -> bytes:
    """The config, from a single pair or joined from numbered pairs up to the first missing number."""
    if pool.get(KEY):
        return pool[KEY]
    parts: list[bytes] = []
    while (part := pool.get(KEY + b".%d" % len(parts))) is not None:
        parts.append(part)
    beyond = sum(key.startswith(KEY + b".") for key in pool) - len(parts)
    if beyond:
        ctx.log.warning(f"{KEY.decode()}.{len(parts)} is missing: {beyond} more parts do not count")
    return b"".join(parts)


def _serialize(pool: Pool) -> bytes:
    """A pool in the file format of the daemon."""
    return b"".join(
        key.ljust(KEY_SIZE, b"\0") + value.ljust(VALUE_SIZE, b"\0") for key, value in pool.items()
    )


def _read(ctx: FetchContext, device: int) -> bytes:
    data: bytes = _retry_while_busy(ctx, lambda: os.read(device, MESSAGE))
    if len(data) != MESSAGE:
        raise Failure("IGN5653", f"a message of {len(data)} bytes instead of {MESSAGE}")
    return data


def _write(ctx: FetchContext, device: int, start: bytes) -> None:
    """Sends a message, padded with zeros."""
    message = start.ljust(MESSAGE, b"\0")
    taken: int = _retry_while_busy(ctx, lambda: os.write(device, message))
    if taken != MESSAGE:
        raise Failure("IGN5653", f"the kernel took {taken} of the {MESSAGE} bytes of a message")


def _retry_while_busy(ctx: FetchContext, operation: Callable[[], Any]) -> Any:
    # poll() reports when the device is readable, but never when it is writable.
    while True:
        try:
            return operation()
        except BlockingIOError:
            ctx.sleep(_RETRY_INTERVAL)
        except OSError as error:
            path = ctx.settings.hv_kvp_device
            raise Failure(
                "IGN5652", f"cannot talk to the host through {path}: {error.strerror}"
            ) from error
