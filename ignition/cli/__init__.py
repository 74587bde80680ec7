# SPDX-License-Identifier: Apache-2.0
"""Command lines: parsing and printing, no logic."""
