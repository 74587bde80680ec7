# SPDX-License-Identifier: Apache-2.0
"""Benchmarks of provisioning, compared with Ignition on the same machine: `make bench`."""
