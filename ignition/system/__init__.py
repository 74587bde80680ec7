# SPDX-License-Identifier: Apache-2.0
"""Thin wrappers on the machine: programs, devices, mounts, users."""
