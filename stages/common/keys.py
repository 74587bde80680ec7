# SPDX-License-Identifier: Apache-2.0
"""Resource keys: what the steps of the files phase provide to each other."""

from __future__ import annotations

PREPARED = "prepared"  # leftovers are removed, and new paths recorded
ACCOUNTS = "accounts"  # users, groups, homes and keys
NOTED = "noted"  # the journal has the occupied paths of the entries
ENTRIES = "entries"  # directories, files and symlinks
LINKS = "links"  # hard links
UNITS = "units"  # units, drop-ins and masks
PRESETS = "presets"
VOLUMES = "volumes"  # key files and crypttab
PROVIDER_FILES = "provider files"  # files from the platform
EVERYTHING = (PREPARED, ACCOUNTS, ENTRIES, LINKS, UNITS, PRESETS, VOLUMES, PROVIDER_FILES)
LABELLED = "labelled"
ON_DISK = "on disk"
COMPLETE = "complete"  # the result file is written
