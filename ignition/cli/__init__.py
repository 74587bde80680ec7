# SPDX-License-Identifier: Apache-2.0
"""Command-line programs and subcommands: argument parsing and output, no logic."""
