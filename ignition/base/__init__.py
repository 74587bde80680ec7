# SPDX-License-Identifier: Apache-2.0
"""What every room may use: errors with an address, log, settings, records."""
