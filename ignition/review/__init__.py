# SPDX-License-Identifier: Apache-2.0
"""What a config does, without doing it: `ignition why` and `ignition diff`."""
