# SPDX-License-Identifier: Apache-2.0
"""What the steps of the files phase need of each other, as resource keys."""

from __future__ import annotations

PREPARED = "prepared"  # what must be known about the target before anything is changed is noted
ACCOUNTS = "accounts"  # users, groups, homes and keys
NOTED = "noted"  # what lies in the places of the entries
ENTRIES = "entries"  # directories, files and symlinks
LINKS = "links"  # hard links
UNITS = "units"  # units, drop-ins and masks
PRESETS = "presets"
PROVIDER_FILES = (
    "provider files"  # what the engine itself leaves on the target, but the result file
)
EVERYTHING = (PREPARED, ACCOUNTS, ENTRIES, LINKS, UNITS, PRESETS, PROVIDER_FILES)
LABELLED = "labelled"
ON_DISK = "on disk"
