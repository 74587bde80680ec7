# SPDX-License-Identifier: Apache-2.0
"""Replaces certifi, which requests imports: uses the system's CA certificates instead of a bundle."""


def where() -> str:
    """OpenSSL's default CA file. It exists if the system has CA certificates."""
    import ssl

    return ssl.get_default_verify_paths().openssl_cafile


def contents() -> str:
    """The contents of that file, PEM."""
    with open(where(), encoding="ascii", errors="replace") as file:
        return file.read()
