# SPDX-License-Identifier: Apache-2.0
"""What the steps of the files phase need of each other, as resource keys."""

from __future__ import annotations

ACCOUNTS = "accounts"  # users, groups, homes and keys
ENTRIES = "entries"  # directories, files and symlinks
LINKS = "links"  # hard links
UNITS = "units"  # units, drop-ins and masks
PRESETS = "presets"
RECORDS = "records"  # what the engine itself leaves on the target, but the result file
