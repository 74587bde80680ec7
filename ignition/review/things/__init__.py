# SPDX-License-Identifier: Apache-2.0
"""The things that a config gives to a machine: files, units, users, partitions and so on."""
