# SPDX-License-Identifier: Apache-2.0
"""How long provisioning takes, beside Ignition on the same machine: `make bench`."""
