#!/usr/bin/python3 -I
# SPDX-License-Identifier: Apache-2.0
"""The launcher on the installed system. The program depends on its name: ignition, ignition-validate, ..."""

import os
import sys

# PREFIX/bin/ignition, by whatever link it was called -> PREFIX/lib/ignition-firstboot
prefix = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
sys.path.insert(0, os.path.join(prefix, "lib", "ignition-firstboot"))

from ignition.__main__ import main  # noqa: E402

sys.exit(main(sys.argv))
