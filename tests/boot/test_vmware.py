# SPDX-License-Identifier: Apache-2.0
"""A first boot on QEMU with VMware in its SMBIOS tables; QEMU implements a part of VMware's interface."""

from __future__ import annotations

import base64
import gzip
import json
import re

from tests.support.boot import Boot

CONFIG = json.dumps(
    {
        "ignition": {"version": "3.4.0"},
        "storage": {"files": [{"path": "/etc/from-guestinfo", "contents": {"source": "data:,y"}}]},
    }
).encode()
# QEMU has VMware's port, but no remote calls. An image with open-vm-tools can fall back to them.
RPCTOOL = f"""#!/bin/sh
case $1 in
"info-get guestinfo.ignition.config.data") echo {base64.b64encode(gzip.compress(CONFIG)).decode()} ;;
"info-get guestinfo.ignition.config.data.encoding") echo gzip+base64 ;;
*) echo No value found; exit 1 ;;
esac
"""


def test_methods_are_tried_in_order(boot: Boot) -> None:
    result = boot(
        vendor="VMware, Inc.",
        cmdline="ignition.platform.id=vmware",
        initramfs={"/usr/bin/vmware-rpctool": RPCTOOL.encode()},
        paths=["/etc/from-guestinfo"],
        script="systemctl show --property ConditionResult ignition-delete-config.service",
    )
    assert result.file("/etc/from-guestinfo").text == "y"
    log = result.log()
    assert " by port I/O: the hypervisor does not open a channel for remote calls" in log
    assert " by vsock: " in log
    # The guest's root has no interpreter, so the config cannot be deleted.
    assert result.script.output == "ConditionResult=no\n"
    journal = " ".join(str(entry.get("MESSAGE")) for entry in result.journal)
    assert re.search("delete the config from the hypervisor (was )?skipped", journal)
