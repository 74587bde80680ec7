#!/usr/lib/ignition-firstboot/bin/python3 -ISB
# SPDX-License-Identifier: Apache-2.0
"""The launcher in the initramfs: the engine, run by an interpreter that sees nothing but its own tree."""

import os
import sys

# The first entry is where a zipped library would be.
sys.path[0] = "/usr/lib/ignition-firstboot"

from ignition.__main__ import main  # noqa: E402

status = main(sys.argv)
sys.stdout.flush()
sys.stderr.flush()
# Leaves without taking the interpreter apart, which is a fifth of a bare start.
os._exit(status)
