# SPDX-License-Identifier: Apache-2.0
"""The exact path: checks a config with positions and hints.

`check` uses it when the fast path gives up, which is rare at boot.
"""

from __future__ import annotations

from ignition.base.errors import EmptyConfig, Failure, InvalidConfig
from ignition.base.finding import ERROR, INFO, Finding, limit_findings
from ignition.base.origin import Origin, pointer
from ignition.config import codes, decode, document, hints, rules, shapes, unused, versions
from ignition.config.fast import CheckResult

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ignition.config.document import Document
    from ignition.config.rules.rule import RuleFinding


def check(data: bytes, source: str) -> CheckResult:
    """Implements `check.check` for configs with findings or unusual syntax."""
    if not data:
        origin = Origin(source)
        return _refuse([], EmptyConfig(codes.EMPTY, codes.EMPTY_MESSAGE, origin))
    try:
        text = document.parse(data, source)
        version = _version(text)
        value = _decode(text, shapes.for_version(version))
    except InvalidConfig as failure:
        for finding in failure.findings:
            if finding.code == codes.SYNTAX:
                finding.hint = hints.syntax_hint(data, finding.message)
        return _refuse(failure.findings, failure)
    violations, more = limit_findings(rules.findings(value, version))
    findings = [_locate(text, finding) for finding in violations]
    unknown, more_unknown = limit_findings(unused.unused_keys(text, value, version))
    findings.extend(unknown)
    if more or more_unknown:
        message = codes.MORE_FINDINGS_MESSAGE
        findings.append(Finding(codes.MORE_FINDINGS, INFO, message, Origin(source)))
    if any(finding.severity == ERROR for finding in findings):
        return _refuse(findings, not_valid(source, findings), version, text)
    return CheckResult(findings, "", version, value, None, text)


def not_valid(source: str, findings: list[Finding]) -> InvalidConfig:
    """The failure for a config with errors among its findings."""
    return InvalidConfig(
        codes.NOT_VALID, codes.NOT_VALID_MESSAGE, Origin(source), findings=findings
    )


def _refuse(
    findings: list[Finding], failure: Failure, version: str = "", text: Document | None = None
) -> CheckResult:
    return CheckResult(findings, failure.text, version, None, failure, text)


def _version(text: Document) -> str:
    """The spec version of a document. InvalidConfig for an unknown one.

    Only `ignition.version` is decoded at first, so that errors elsewhere are reported by the rules of that
    version.
    """
    value = _decode(text, shapes.VERSION_STUB)
    written = value.get("ignition", {}).get("version", "")
    try:
        version = versions.lookup(written)
    except versions.BadVersion:
        version, code, message = None, codes.INVALID_VERSION, codes.INVALID_VERSION_MESSAGE
    else:
        code, message = codes.UNKNOWN_VERSION, codes.UNKNOWN_VERSION_MESSAGE
    if version is None:
        hint = hints.foreign_config_hint(text) or versions.hint(written)
        raise InvalidConfig(code, message, text.origin(("ignition", "version")), hint=hint)
    return version


def _decode(text: Document, shape: shapes.Shape) -> dict[str, Any]:
    try:
        return decode.decode(text.root, shape)
    except decode.TypeMismatch as error:
        line, column = text.lines.position(error.node.end)
        origin = Origin(text.source, "", line, column)
        hint = hints.type_hint(error.path, error.node, error.expected)
        finding = Finding(codes.TYPE, ERROR, error.text, origin, hint)
        raise not_valid(text.source, [finding]) from None


def _locate(text: Document, found: RuleFinding) -> Finding:
    line, column = text.position(found.path)
    origin = Origin(text.source, pointer(found.path), line, column)
    return Finding(found.code, found.severity, found.message, origin, found.hint)
