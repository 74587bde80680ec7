# SPDX-License-Identifier: Apache-2.0
"""Contents of files: what they are, whatever the config's encoding, and how to show them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from ignition.base.printable import printable
from ignition.config.model import Resource
from ignition.lint.bodies import body_of, checksum, is_shown
from ignition.lint.formats import pluralize
from ignition.resource.fetch import display_name

HIDDEN = "(secret)"
_EXCERPT = 60
"""Bytes of a text that an excerpt shows."""


@dataclass(frozen=True)
class Contents:
    """`data` of an inline resource, or the `url` of a remote one.

    `digest` is `sha512-...` if the config tells it; `headers` are those of the request, which may decide what
    a server sends.
    """

    data: bytes | None
    url: str = ""
    digest: str = ""
    headers: tuple[tuple[str, str | None], ...] = ()

    def is_like(self, other: Contents) -> bool:
        """Whether both are certainly the same bytes, as far as the configs tell."""
        if self.data is not None and other.data is not None:
            return self.data == other.data
        if self.data is not None:
            return _has_digest(self.data, other.digest)
        if other.data is not None:
            return _has_digest(other.data, self.digest)
        if self.digest or other.digest:
            return self.digest == other.digest
        return (self.url, self.headers) == (other.url, other.headers)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Contents) and self.is_like(other)

    # Equal contents may be inline here and remote there.
    __hash__ = None  # type: ignore[assignment]


def contents_of(resource: Resource) -> Contents | None:
    """The contents that a resource stands for; None if it has no source."""
    body = body_of(resource)
    if body is None:
        return None
    if body.data is not None:
        return Contents(body.data)
    headers = tuple(sorted((header.name, header.value) for header in resource.http_headers))
    digest = (resource.verification.hash or "").lower()
    return Contents(None, resource.source or "", digest, headers)


def show(contents: Contents | None, mode: int | None) -> str:
    """One line about contents; those that not everybody may read appear as a checksum."""
    if contents is None:
        return "(none)"
    if contents.data is None:
        return f"fetched from {display_name(contents.url)}"
    size = pluralize(len(contents.data), "byte")
    if not contents.data:
        return "empty"
    if not is_shown(contents.data, mode):
        return f"{size}, sha256 {checksum(contents.data)[:12]}..."
    text = contents.data[:_EXCERPT].decode("utf-8", "ignore")
    dots = "..." if len(contents.data) > _EXCERPT else ""
    return f'{printable(json.dumps(text, ensure_ascii=False))[:-1]}{dots}", {size}'


def public_text(contents: Contents | None, mode: int | None) -> str | None:
    """The text of contents for a comparison by lines; None if they are no text, or not for everybody."""
    if contents is None or contents.data is None or not is_shown(contents.data, mode):
        return None
    return contents.data.decode()


def _has_digest(data: bytes, digest: str) -> bool:
    algorithm, _, expected = digest.partition("-")
    if algorithm not in ("sha256", "sha512"):
        return False
    return hashlib.new(algorithm, data).hexdigest() == expected
