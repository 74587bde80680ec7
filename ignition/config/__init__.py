# SPDX-License-Identifier: Apache-2.0
"""Configs: parsing, validation, translation, merging and the typed model."""
