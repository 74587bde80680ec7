# SPDX-License-Identifier: Apache-2.0
"""Applies configs to a root that is no machine at its first boot: a container, an image, a chroot."""
