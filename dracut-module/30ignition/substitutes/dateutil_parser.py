# SPDX-License-Identifier: Apache-2.0
"""Replaces dateutil.parser, which botocore imports; its signer does not parse times."""
