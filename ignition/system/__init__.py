# SPDX-License-Identifier: Apache-2.0
"""Wrappers around the machine: programs, block devices, mounts, accounts, the target root."""
