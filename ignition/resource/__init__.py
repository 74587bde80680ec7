# SPDX-License-Identifier: Apache-2.0
"""Fetching by URL scheme: transport settings, retry, decompression, verification, limits."""
