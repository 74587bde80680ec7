# SPDX-License-Identifier: Apache-2.0
"""CA certificates in PEM form, as configs provide them."""

from __future__ import annotations

import binascii

from ignition.base.errors import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.base.origin import Origin

_BEGIN, _END, _DASHES = b"-----BEGIN ", b"-----END ", b"-----"


def parse_certificates(blob: bytes, origin: Origin | None) -> tuple[bytes, ...]:
    """Decodes the blocks of a PEM file into DER; an empty file has none.

    Failure IGN4018 if a non-empty file has no block, or anything but white space after the last one. Text
    before a block is a comment. The label of a block is ignored; `common_names` checks that it is a
    certificate.
    """
    found: list[bytes] = []
    rest = blob
    while rest if not found else rest.strip():
        block, rest = _block(rest, origin)
        found.append(block)
    return tuple(found)


def common_names(found: tuple[bytes, ...], origin: Origin | None) -> list[str]:
    """The common names of DER certificates, for the log. Failure IGN4018 if one is not a certificate."""
    if not found:
        return []
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cadata=b"".join(found))
    except (ssl.SSLError, ValueError) as error:
        raise Failure("IGN4018", "not an X.509 certificate", origin) from error
    subjects: list[dict[str, str]] = []
    for certificate in context.get_ca_certs():
        subject: tuple[tuple[tuple[str, str], ...], ...] = certificate.get("subject", ())  # type: ignore[assignment]
        subjects.append({name: value for group in subject for name, value in group})
    return [subject.get("commonName", "") for subject in subjects]


def _block(text: bytes, origin: Origin | None) -> tuple[bytes, bytes]:
    """Decodes the first block; also returns the text after it."""
    begin = text.find(_BEGIN)
    while begin > 0 and text[begin - 1] != ord("\n"):
        begin = text.find(_BEGIN, begin + 1)
    if begin < 0:
        raise _invalid_pem(origin)
    label, _, text = text[begin + len(_BEGIN) :].partition(_DASHES)
    body, end, rest = text.partition(b"\n" + _END + label + _DASHES)
    if not end:
        raise _invalid_pem(origin)
    try:
        return binascii.a2b_base64(b"".join(body.split()), strict_mode=True), rest
    except binascii.Error as error:
        raise _invalid_pem(origin) from error


def _invalid_pem(origin: Origin | None) -> Failure:
    return Failure(
        "IGN4018",
        "unable to decode PEM block",
        origin,
        hint="give one or more certificates in PEM form, with nothing after the last",
    )
