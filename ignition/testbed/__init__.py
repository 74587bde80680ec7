# SPDX-License-Identifier: Apache-2.0
"""Images, QEMU guests and fake services, for `make demo` and the boot tests."""
