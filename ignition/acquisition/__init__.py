# SPDX-License-Identifier: Apache-2.0
"""From a platform to the rendered config of a phase."""
