#!/usr/lib/ignition-firstboot/bin/python3 -ISB
# SPDX-License-Identifier: Apache-2.0
"""The launcher in the initramfs. The interpreter sees only the private tree."""

import os
import sys

# sys.path[0] is the entry for a zipped standard library.
sys.path[0] = "/usr/lib/ignition-firstboot"

from ignition.__main__ import main  # noqa: E402

status = main(sys.argv)
sys.stdout.flush()
sys.stderr.flush()
# Finalising the interpreter would take a fifth of a bare start.
os._exit(status)
