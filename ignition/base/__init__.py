# SPDX-License-Identifier: Apache-2.0
"""Foundations for every package: failures with an origin, findings, the log, settings, records."""
