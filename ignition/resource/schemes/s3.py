# SPDX-License-Identifier: Apache-2.0
"""s3 and arn: objects of S3, as the instance's role on EC2, else as anybody.

Where a bucket lies is asked for first, without a signature; then one GET brings the object, over the http
scheme with all that it does about broken bodies, proxies and certificates.

Of boto3 only botocore's signer is used, and only where there is a role: its client would take 90 ms and
15 MiB more, and would bring retries, proxies and certificates of its own.
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

# Only there an instance has a role.
_PLATFORMS = ("aws", "ec2")
_REGION = "x-amz-bucket-region"
# What S3 says about a refusal is a few hundred bytes of XML.
_MAX_REFUSAL = 64 * 1024


def fetch(ctx: FetchContext, request: Request, body: Body) -> None:
    """Gets the object into `body`. One limit covers all that it takes.

    Raises Failure IGN4200 for compression, IGN4201 for a URL of no object, NotFound IGN4202 for a bucket and
    IGN4204 for an object that is not there, Rejected IGN4203 for a bucket of an unknown region and IGN4205
    for an object that may not be had; else what the http scheme raises.
    """
    if body.compressed:
        raise Failure(
            "IGN4200",
            "compression is not supported with that scheme",
            request.origin,
            hint="take compression out, or serve the resource by https",
        )
    location = s3_location.parse(request.parts, request.origin)
    fetching = _ObjectFetch(ctx, request, body, location, ctx.deadline_after(ctx.time_limit()))
    fetching.get(location.region or fetching.region())


class _ObjectFetch:
    """The questions about one object, which share a deadline by the clock of the context (0 = none)."""

    __slots__ = ("_body", "_ctx", "_deadline", "_place", "_request")

    def __init__(
        self, ctx: FetchContext, request: Request, body: Body, place: S3Object, deadline: float
    ) -> None:
        self._ctx = ctx
        self._request = request
        self._body = body
        self._place = place
        self._deadline = deadline

    def region(self) -> str:
        """The region of the bucket: any of them knows, and says so even where it refuses."""
        known = ("s3 region", self._place.partition, self._place.bucket)
        found: str = self._ctx.clients.get(known, "")
        if not found:
            url = self._place.bucket_url(self._place.region_hint() or self._own_region())
            answers: list[requests.Response] = []

            def on_response(response: requests.Response) -> bool:
                answers.append(response)
                return True

            self._send(url, RequestOptions("HEAD"), on_response)
            found = self._ctx.clients[known] = self._region_of(answers[0])
        return found

    def get(self, region: str) -> None:
        """The object itself."""
        url = self._place.url(region)
        anonymous = self._anonymous_reason()
        if anonymous:
            self._ctx.log.info(f"{self._request.name}: asked for anonymously: {anonymous}")

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
        """Where to begin for a URL that says nothing: this also picks the partition of AWS, which buckets
        never leave."""
        if self._ctx.settings.platform not in _PLATFORMS:
            return s3_location.DEFAULT_REGION
        found = s3_role.region(self._ctx, self._deadline)
        return found if s3_location.is_label(found) else s3_location.DEFAULT_REGION

    def _region_of(self, response: requests.Response) -> str:
        found = response.headers.get(_REGION, "")
        if s3_location.is_label(found):
            return found
        bucket, says = quoted(self._place.bucket), _status(response)
        if response.status_code == 404:
            raise NotFound(
                "IGN4202",
                f"could not find bucket {bucket}: {says}",
                self._request.origin,
                hint="check its name; one in China or GovCloud is named from elsewhere by an ARN",
            )
        raise _rejected(
            "IGN4203",
            f"couldn't determine the region for bucket {bucket}: {says}",
            self._request,
            response,
            "S3 tells the region of every bucket that there is: check the name",
        )

    def _anonymous_reason(self) -> str:
        """Why nobody's name can be given, empty if there is a role."""
        if self._ctx.settings.platform not in _PLATFORMS:
            return "credentials are those of an instance's role, on the platform aws only"
        try:
            import botocore.auth
            import botocore.awsrequest  # noqa: F401
        except ImportError:
            return "there is no botocore here, which would sign for the instance's role"
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
        """What S3's answer means."""
        code = _code(response)
        manner = " anonymously" if anonymous else ""
        text = f"error fetching {self._place.describe()}{manner}: {code or _status(response)}"
        if response.status_code == 404:
            hint = "check key and versionId; both are taken to the letter"
            return NotFound("IGN4204", text, self._request.origin, hint=hint)
        return _rejected(
            "IGN4205", text, self._request, response, _advice(code, response, anonymous)
        )


def _signed(url: str, region: str, role: s3_role.Role) -> Headers:
    """The headers that prove who asks. They hold for a quarter of an hour."""
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
        return f"it is not public, or not there; {anonymous}"
    return (
        "it is not there, or the instance's role needs s3:GetObject for it"
        " (with versionId: s3:GetObjectVersion)"
    )


def _code(response: requests.Response) -> str:
    """The word for a refusal, as `NoSuchKey`; empty if S3 gives none."""
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
