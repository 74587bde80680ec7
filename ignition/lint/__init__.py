# SPDX-License-Identifier: Apache-2.0
"""Linting: what an author should know about a config before a machine boots with it."""
