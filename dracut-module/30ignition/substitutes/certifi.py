# SPDX-License-Identifier: Apache-2.0
"""Stands in for certifi, which requests imports: the system's certificates, not a bundle of our own."""


def where() -> str:
    """The file that OpenSSL itself takes; it exists where the system has certificates at all."""
    import ssl

    return ssl.get_default_verify_paths().openssl_cafile


def contents() -> str:
    """The certificates of that file, in PEM."""
    with open(where(), encoding="ascii", errors="replace") as file:
        return file.read()
