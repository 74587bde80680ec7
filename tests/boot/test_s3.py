# SPDX-License-Identifier: Apache-2.0
"""A first boot on EC2 with private files in S3: requests are signed with the role of the instance."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from ignition.testbed.certificates import Authority
from ignition.testbed.httpserver import Answer, HttpServer, Seen
from ignition.testbed.metadata.aws import Aws
from tests.support import s3_service
from tests.support.boot import Boot


def test_files_that_only_the_role_of_the_instance_may_read(boot: Boot, tmp_path: Path) -> None:
    cloud, authority = s3_service.Cloud(), Authority(tmp_path)
    sources = {
        "/etc/by-url": "s3://away/private",
        "/etc/by-arn": "arn:aws:s3:::pub/private",
        "/etc/by-access-point": f"{s3_service.ACCESS_POINT}/object/public",
    }
    files = [{"path": path, "contents": {"source": source}} for path, source in sources.items()]
    digest = hashlib.sha256(b"away private").hexdigest()
    files[0]["contents"]["verification"] = {"hash": f"sha256-{digest}"}  # type: ignore[index]
    config = {"ignition": {"version": "3.4.0"}, "storage": {"files": files}}
    metadata = Aws(json.dumps(config).encode(), role=cloud.role)

    def answer(seen: Seen) -> Answer:
        here = seen.headers["host"] == metadata.address
        return metadata.answer(seen) if here else cloud.answer(seen)

    hosts = "".join(f"{metadata.address} {name}\n" for name in s3_service.names())
    certificate = authority.issue(*s3_service.certified())
    with HttpServer(service=answer, tls=certificate, plain=True) as server:
        result = boot(
            metadata=server.port,
            cmdline="ignition.platform.id=aws",
            initramfs={
                "/etc/hosts": hosts.encode(),
                "/etc/ssl/certs/ca-certificates.crt": authority.pem,
            },
            paths=list(sources),
        )
    assert result.file("/etc/by-url").text == "away private"
    assert result.file("/etc/by-arn").text == "pub private"
    assert result.file("/etc/by-access-point").text == "away public"
    log = result.log("ignition")
    for secret in (cloud.role.access_key, cloud.role.secret_key, cloud.role.token):
        assert secret not in log
