# SPDX-License-Identifier: Apache-2.0
"""Stands in for dateutil.parser, which botocore imports: its signer reads no times."""
