# SPDX-License-Identifier: Apache-2.0
"""A cloud with metadata service and object store, at their real addresses and names."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Protocol

import pytest

from ignition.config import x509
from ignition.resource.context import Transport
from ignition.testbed.certificates import Authority
from ignition.testbed.httpserver import Answer, HttpServer, Seen
from ignition.testbed.metadata.service import LINK_LOCAL
from tests.support import network

needs_network = pytest.mark.skipif(bool(network.missing()), reason=network.missing())


class Store(Protocol):
    """The object store of a cloud, at `host`."""

    host: str

    def answer(self, seen: Seen) -> Answer: ...


class Cloud:
    """The two servers, and in `trusting` the `ignition` section of a config that trusts the store."""

    def __init__(
        self, metadata: HttpServer | None, store: HttpServer, authority: Authority
    ) -> None:
        self._metadata = metadata
        self.store = store
        self._authorities = x509.parse_certificates(authority.pem, None)

    @property
    def metadata(self) -> HttpServer:
        assert self._metadata is not None
        return self._metadata

    def trusting(self, **more: Any) -> Transport:
        return Transport(authorities=self._authorities, **more)


@contextmanager
def cloud(
    authority: Authority,
    issue: Callable[..., Path],
    store: Store,
    metadata: Callable[[Seen], Answer] | None,
) -> Iterator[Cloud]:
    """Runs both services in a new network namespace; without a metadata service if `metadata` is None."""
    with ExitStack() as stack:
        stack.enter_context(network.own_network(*([LINK_LOCAL] if metadata else [])))
        stack.enter_context(network.own_names({store.host: ["127.0.0.1"]}))
        service = None
        if metadata is not None:
            service = stack.enter_context(HttpServer(host=LINK_LOCAL, port=80, service=metadata))
        tls = issue(store.host)
        served = stack.enter_context(HttpServer(port=443, tls=tls, service=store.answer))
        yield Cloud(service, served, authority)
