# SPDX-License-Identifier: Apache-2.0
"""What a tested machine must be like: read from a file, or derived from the config."""
