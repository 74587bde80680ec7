# SPDX-License-Identifier: Apache-2.0
"""URLs are parsed as Go's net/url does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ignition.config import urls

ACCEPTED = {
    "scheme in upper case": "HTTP://x",
    "nothing after the scheme": "http:",
    "no host": "http://",
    "opaque": "https:foo",
    "opaque part is not checked": "http:foo bar%zz",
    "port without host": "http://:80/",
    "no port after the colon": "http://a:",
    "any number as port": "http://a:99999",
    "two ports": "http://a:80:90/",
    "user and password": "http://u:p%40@a/",
    "last @ ends the user": "http://u@v@a/",
    "IPv6": "http://[::1]:80/",
    "IPv6 with zone": "http://[fe80::1%25eth0]/",
    "IPv6 with escapes in the zone": "http://[fe80::1%25a%20b%25]/",
    "IPv6 with zone beyond ASCII": "http://[fe80::1%25\u00e9]/",
    "host beyond ASCII": "http://\u00e9/",
    "escaped host beyond ASCII": "http://%e4/",
    "escaped percent in host": "http://a%25b/",
    "odd characters in host": "http://a<b>\"c'd/",
    "blank in path": "http://a/b c",
    "blank beside a soft hyphen in path": "http://a/b \u00ad",
    "bad escape in query": "http://a/?%zz",
    "control character in fragment": "http://a/#\x01",
    "relative": "a/b:c",
    "empty": "",
    "star": "*",
    "three slashes without scheme": "///[/x",
}
REFUSED = {
    "blank in front": " http://a",
    "blank in scheme": "http ://a",
    "digit in front of scheme": "1http://a",
    "no scheme before the colon": "://a",
    "colon in first segment": "a b:c/d",
    "line break": "http://a/\n",
    "delete": "http://a/\x7f",
    "blank in host": "http://a b/",
    "backslash in host": "http://a\\b/",
    "brace in host": "http://a{b/",
    "bar in host": "http://a|b/",
    "caret in host": "http://a^b/",
    "escaped letter in host": "http://%41/",
    "escaped blank in host": "http://%20/",
    "bad escape in host": "http://%4/",
    "letters as port": "http://a:x/",
    "bad character in user": "http://u<@a/",
    "bad escape in user": "http://u%zz@a/",
    "bad escape in path": "http://a/%zz",
    "bad escape in path without host": "http:/%z",
    "bad escape in relative path": "a/%",
    "bad escape in fragment": "http://a/#%zz",
    "name in brackets": "http://[foo]/",
    "IPv4 in brackets": "http://[1.2.3.4]/",
    "nothing in brackets": "http://[]/",
    "empty zone": "http://[::1%25]/",
    "escape beyond ASCII in zone": "http://[::1%25%e4]/",
    "bracket not closed": "http://[::1/",
    "bracket inside": "http://a[::1]/",
    "letters after bracket": "http://[::1]a/",
    "letters as port after bracket": "http://[::1]:a/",
}


@pytest.mark.parametrize("text", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_accepted(text: str) -> None:
    urls.parse(text)


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED.keys())
def test_refused(text: str) -> None:
    with pytest.raises(urls.UrlError):
        urls.parse(text)


def test_parts() -> None:
    url = urls.parse("HTTPS://u:p@h%C3%A9:80/a%20b?x=%zz&y#f%20g")
    assert url == urls.Url("https", "", "u:p", "h\u00e9:80", "/a%20b", "x=%zz&y", "f%20g")
    assert (url.hostname(), url.port()) == ("h\u00e9", "80")


def test_opaque_ends_at_query_and_fragment() -> None:
    url = urls.parse("arn:aws:s3:::b/k?versionId=1#f")
    assert (url.opaque, url.raw_query, url.fragment) == ("aws:s3:::b/k", "versionId=1", "f")
    assert (url.host, url.path) == ("", "")


@pytest.mark.parametrize(
    ("text", "hostname", "port"),
    [
        ("http://[::1]:8080/", "::1", "8080"),
        ("http://[::1]/", "::1", ""),
        ("http://[fe80::1%25eth0]:1/", "fe80::1%eth0", "1"),
        ("http://a:/", "a", ""),
        ("http://a:80:90/", "a:80", "90"),
        ("http:x", "", ""),
    ],
)
def test_hostname_and_port(text: str, hostname: str, port: str) -> None:
    url = urls.parse(text)
    assert (url.hostname(), url.port()) == (hostname, port)


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("https://user:secret@h:1/p?token=secret#secret", "https://h:1/p"),
        ("data:,secret", "data:..."),
        ("arn:aws:s3:::b/k?versionId=secret", "arn:aws:s3:::b/k"),
        ("s3://bucket/key?x=secret", "s3://bucket/key"),
        ("http://u@", "http://"),
        ("http:user:secret@h", "http:h"),
    ],
)
def test_redacted_shows_no_secrets(text: str, redacted: str) -> None:
    assert urls.parse(text).redacted() == redacted


def test_an_error_does_not_repeat_the_url() -> None:
    with pytest.raises(urls.UrlError) as caught:
        urls.parse("http://user:secret@h/%zz")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("query", "values"),
    [
        ("versionId=1", ["1"]),
        ("a=b&versionId=&versionId=2", ["", "2"]),
        ("versionId", [""]),
        ("version%49d=a%20b+c", ["a b c"]),
        ("versionid=1", []),
        ("versionId=1;x", []),
        ("versionId=%zz", []),
        ("", []),
        ("versionId=1" + "&" * 9999, ["1"]),
        ("versionId=1" + "&" * 10000, []),
    ],
    ids=lambda value: str(value)[:30],
)
def test_query_values(query: str, values: list[str]) -> None:
    assert urls.query_values(query, "versionId") == values


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("http://h", "/"),
        ("http://h?a", "/?a"),
        ("http://h/a?#b", "/a?"),
        ("http://h/%7ea/../%2f", "/%7ea/../%2f"),
        ("http://h/a!b", "/a!b"),
        ("http://h/a!b c", "/a%21b%20c"),
        ('http://h/a?b="%2f" \u00fc', '/a?b="%2f"%20%C3%BC'),
    ],
)
def test_request_target_matches_go(url: str, target: str) -> None:
    assert urls.request_target(url, urls.parse(url)) == target


@given(st.text())
def test_any_text_is_parsed_or_rejected(text: str) -> None:
    try:
        url = urls.parse(text)
    except urls.UrlError:
        return
    assert url.scheme == url.scheme.lower()
    assert "?" not in url.path


@given(st.text(alphabet="a:/?#[]@%25.1", max_size=20))
def test_punctuation_is_parsed_or_rejected(text: str) -> None:
    try:
        urls.parse("http://" + text).port()
    except urls.UrlError:
        return
