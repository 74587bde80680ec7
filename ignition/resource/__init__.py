# SPDX-License-Identifier: Apache-2.0
"""Fetching by URL scheme, verification, decompression."""
