# SPDX-License-Identifier: Apache-2.0
"""How long provisioning takes, beside the original on the same machine: `make bench`."""
