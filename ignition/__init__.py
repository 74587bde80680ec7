# SPDX-License-Identifier: Apache-2.0
"""First-boot provisioning in the manner of Ignition."""

__version__ = "0.1.0"
