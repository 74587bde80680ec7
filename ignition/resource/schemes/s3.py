# SPDX-License-Identifier: Apache-2.0
"""s3 and arn: objects of S3, with the instance's role on EC2, else anonymously.

An unsigned request finds the region of the bucket. Then the http scheme fetches the object, so interrupted
downloads, proxies and certificates work as for any other URL.

Of boto3 only botocore's signer is used, and only if there is a role. boto3's client would cost 90 ms and
15 MiB, and has separate retries, proxies and certificates.
"""

from __future__ import annotations

from http.client import responses

from ignition.base.errors import Failure, NotFound, Rejected
from ignition.base.log import quote as quoted
from ignition.config import s3_location, urls
from ignition.resource.fetch import Request, RequestOptions
from ignition.resource.schemes import http, http_client, s3_role

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

    from ignition.config.s3_location import S3Object
    from ignition.resource.body import Body
    from ignition.resource.context import FetchContext

    Headers = list[tuple[str, str | None]]

# Platforms whose instances have a role.
_PLATFORMS = ("aws", "ec2")
_REGION = "x-amz-bucket-region"
# Bytes. S3 explains a refusal in a few hundred bytes of XML.
_MAX_REFUSAL = 64 * 1024


def fetch(ctx: FetchContext, request: Request, body: Body) -> None:
    """Fetches the object into `body`. One time limit covers all requests.

    Raises Failure IGN4200 for compression and IGN4201 for a URL without an object; NotFound IGN4202 for the
    bucket, IGN4204 for the object; Rejected IGN4203 for a bucket of unknown region, IGN4205 for an object
    without permission; else the failures of the http scheme.
    """
    if body.compressed:
        raise Failure(
            "IGN4200",
            "compression is not supported with that scheme",
            request.origin,
            hint="remove compression, or serve the resource over https",
        )
    location = s3_location.parse(request.parts, request.origin)
    fetching = _ObjectFetch(ctx, request, body, location, ctx.deadline_after(ctx.time_limit()))
    fetching.get(location.region or fetching.region())


class _ObjectFetch:
    """The requests for one object. They share a deadline, a time of the context's clock (0 = none)."""

    __slots__ = ("_body", "_ctx", "_deadline", "_object", "_request")

    def __init__(
        self, ctx: FetchContext, request: Request, body: Body, s3_object: S3Object, deadline: float
    ) -> None:
        self._ctx = ctx
        self._request = request
        self._body = body
        self._object = s3_object
        self._deadline = deadline

    def region(self) -> str:
        """The region of the bucket. Every region knows it and reports it even with a refusal."""
        cache_key = ("s3 region", self._object.partition, self._object.bucket)
        found: str = self._ctx.clients.get(cache_key, "")
        if not found:
            url = self._object.bucket_url(self._object.region_hint() or self._own_region())
            answers: list[requests.Response] = []

            def on_response(response: requests.Response) -> bool:
                answers.append(response)
                return True

            self._send(url, RequestOptions("HEAD"), on_response)
            found = self._ctx.clients[cache_key] = self._region_of(answers[0])
        return found

    def get(self, region: str) -> None:
        """Fetches the object from this region."""
        url = self._object.url(region)
        anonymous = self._anonymous_reason()
        if anonymous:
            self._ctx.log.info(f"{self._request.name}: fetching it anonymously: {anonymous}")

        def on_response(response: requests.Response) -> bool:
            if 300 <= response.status_code < 500 and response.status_code != 416:
                raise self._refusal(response, anonymous)
            return False

        def signed() -> Headers:
            return _signed(url, region, self._role())

        self._send(url, RequestOptions(), on_response, None if anonymous else signed)

    def _send(
        self,
        url: str,
        options: RequestOptions,
        on_response: Callable[[requests.Response], bool],
        new_headers: Callable[[], Headers] | None = None,
    ) -> None:
        name, origin = self._request.name, self._request.origin
        request = Request(
            url,
            urls.parse(url),
            name,
            (),
            origin,
            options,
            new_headers,
            on_response,
            self._deadline,
        )
        http.fetch(self._ctx, request, self._body)

    def _own_region(self) -> str:
        """The region to ask first if the URL names none. It also selects the AWS partition: buckets of other
        partitions are not found."""
        if self._ctx.settings.platform not in _PLATFORMS:
            return s3_location.DEFAULT_REGION
        found = s3_role.region(self._ctx, self._deadline)
        return found if s3_location.is_label(found) else s3_location.DEFAULT_REGION

    def _region_of(self, response: requests.Response) -> str:
        found = response.headers.get(_REGION, "")
        if s3_location.is_label(found):
            return found
        bucket, status = quoted(self._object.bucket), _status(response)
        if response.status_code == 404:
            raise NotFound(
                "IGN4202",
                f"could not find bucket {bucket}: {status}",
                self._request.origin,
                hint="check its name; from elsewhere, a bucket in China or GovCloud needs an ARN",
            )
        raise _rejected(
            "IGN4203",
            f"couldn't determine the region for bucket {bucket}: {status}",
            self._request,
            response,
            "S3 reports the region of every existing bucket: check the name",
        )

    def _anonymous_reason(self) -> str:
        """Why the request is anonymous; "" if there is a role."""
        if self._ctx.settings.platform not in _PLATFORMS:
            return "credentials are those of an instance's role, on the platform aws only"
        try:
            import botocore.auth
            import botocore.awsrequest  # noqa: F401
        except ImportError:
            return "botocore, which would sign for the instance's role, is not installed"
        try:
            s3_role.role(self._ctx, self._deadline)
        except s3_role.NoRole as error:
            return f"no role of this instance: {error}"
        return ""

    def _role(self) -> s3_role.Role:
        try:
            return s3_role.role(self._ctx, self._deadline)
        except s3_role.NoRole as error:
            raise Failure(
                "IGN4206",
                f"the credentials of this instance ended, and there are no new ones: {error}",
                self._request.origin,
            ) from error

    def _refusal(self, response: requests.Response, anonymous: str) -> Failure:
        """The failure for a refusal by S3."""
        code = _code(response)
        manner = " anonymously" if anonymous else ""
        text = f"error fetching {self._object.describe()}{manner}: {code or _status(response)}"
        if response.status_code == 404:
            hint = "check key and versionId; both are used literally"
            return NotFound("IGN4204", text, self._request.origin, hint=hint)
        return _rejected(
            "IGN4205", text, self._request, response, _advice(code, response, anonymous)
        )


def _signed(url: str, region: str, role: s3_role.Role) -> Headers:
    """The headers of a signed request, valid for 15 minutes."""
    from botocore.auth import S3SigV4Auth
    from botocore.awsrequest import AWSRequest

    request = AWSRequest("GET", url)
    S3SigV4Auth(role, "s3", region).add_auth(request)
    return list(request.headers.items())


def _advice(code: str, response: requests.Response, anonymous: str) -> str:
    if code == "RequestTimeTooSkewed":
        return (
            f"the clock of this machine is wrong; the server's says {response.headers.get('date')}"
        )
    if response.status_code != 403:
        return f"the server answers {_status(response)}"
    if anonymous:
        return f"it is not public, or does not exist; {anonymous}"
    return (
        "it does not exist, or the instance's role needs s3:GetObject for it"
        " (with versionId: s3:GetObjectVersion)"
    )


def _code(response: requests.Response) -> str:
    """The error code of a refusal, such as `NoSuchKey`; "" if S3 gives none."""
    read = http_client.body_reader(response)
    text = b""
    while len(text) < _MAX_REFUSAL and (chunk := read(_MAX_REFUSAL)):
        text += chunk
    code = text.partition(b"<Code>")[2].partition(b"</Code>")[0]
    return code.decode() if code.isalnum() and len(code) <= 100 else ""


def _status(response: requests.Response) -> str:
    return f"{response.status_code} {responses.get(response.status_code, '')}".rstrip()


def _rejected(
    code: str, text: str, request: Request, response: requests.Response, hint: str
) -> Rejected:
    rejected = Rejected(code, text, request.origin, hint=hint)
    rejected.status = response.status_code
    return rejected
