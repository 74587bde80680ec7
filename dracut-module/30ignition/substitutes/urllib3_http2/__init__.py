# SPDX-License-Identifier: Apache-2.0
"""Stands in for urllib3.http2, whose import alone reads the metadata of packages. HTTP/1.1 it is."""
