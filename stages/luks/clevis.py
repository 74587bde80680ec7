# SPDX-License-Identifier: Apache-2.0
"""Binds a volume to Tang servers, a TPM2 or another pin of clevis, so that it unlocks without a passphrase.

clevis takes the pin's configuration only as an argument. It may contain secrets, so no log and no error shows
it.
"""

from __future__ import annotations

from ignition.base import gojson
from ignition.base.errors import CommandFailed, Failure, Refused, Rejected
from ignition.config import limits
from ignition.resource.fetch import display_name, fetch_bytes
from ignition.system import programs, tpm
from ignition.system.run import run

from . import curl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ignition.base.log import Log
    from ignition.base.origin import Origin
    from ignition.config import model
    from ignition.engine.context import PhaseContext
    from ignition.engine.step import Task

    from .keys import Key

# What `clevis luks bind` runs, whichever pin it is.
_FOR_BINDING = ("clevis-luks-bind", "clevis-luks-common-functions", "jose", "pwmake")
_FOR_UNLOCKING = ("clevis-luks-unlock", "clevis-decrypt")
_TPM_PROGRAM = "clevis-pin-tpm2"  # replaces clevis's scripts where it is installed
_HINT_PROGRAMS = (
    "the initramfs needs clevis and the pin; dracut's modules are named clevis and clevis-pin-*"
)
# What clevis and its pins print -> code and hint. The first match counts.
_ERRORS = (
    ("is not a valid pin", "IGN2306", _HINT_PROGRAMS),
    ("Command 'clevis encrypt", "IGN2306", _HINT_PROGRAMS),
    (
        "did not sign the advertisement",
        "IGN2308",
        "the thumbprint in the config is not that of a signing key of the server or of the given "
        "advertisement; run tang-show-keys on the server",
    ),
    (
        "Unable to fetch advertisement",
        "IGN2308",
        "does the server have a signing key with the thumbprint in the config? Run tang-show-keys there",
    ),
    (
        "Advertisement is m",  # malformed, missing signatures
        "IGN2308",
        "what the config or the server gives is not the signed advertisement of a Tang server",
    ),
    (
        "contains the following signing keys",
        "IGN2308",
        "give the thumbprint (thp) of the server's signing key in the configuration of the pin",
    ),
    ("TPM2 device", "IGN2307", "the machine needs a TPM 2.0, and the initramfs its driver"),
    ("TPM2 primary key", "IGN2307", "the TPM does not work, or its owner hierarchy has a password"),
    (
        "combination of PCR bank",
        "IGN2307",
        "the TPM has no such PCRs or PCR bank; `tpm2_pcrread` lists them",
    ),
)


def needs_network(luks: model.Luks) -> bool:
    """Whether unlocking the volume on later boots may need the network, which crypttab must say (_netdev)."""
    return bool(luks.clevis.tang or luks.clevis.custom.needs_network)


def can_test(luks: model.Luks) -> bool:
    """Whether the volume must unlock by its pins right now.

    Servers that are only known by their advertisement may not be reachable yet, so they do not count.
    """
    clevis = luks.clevis
    reachable = len(_servers_to_ask(luks)) + bool(clevis.tpm2)
    return reachable >= (1 if clevis.threshold is None else clevis.threshold)


def pin_and_config(luks: model.Luks) -> tuple[str, str]:
    """The pin, and its configuration as JSON text.

    Everything but a custom pin is a share of `sss`, even a single server. ValueError for an advertisement
    that is not JSON.
    """
    custom, clevis = luks.clevis.custom, luks.clevis
    if custom.pin:
        return custom.pin, custom.config or ""
    servers = [_server(tang) for tang in clevis.tang]
    pins: dict[str, Any] = {}
    if servers or not clevis.tpm2:
        pins["tang"] = servers or None
    if clevis.tpm2:
        pins["tpm2"] = {}
    threshold = 1 if clevis.threshold is None else clevis.threshold
    return "sss", gojson.dumps({"pins": pins, "t": threshold})


def _server(tang: model.Tang) -> dict[str, Any]:
    server: dict[str, Any] = {"url": tang.url}
    if tang.thumbprint:
        server["thp"] = tang.thumbprint
    if tang.advertisement:
        server["adv"] = gojson.loads(tang.advertisement)
    return server


def _servers_to_ask(luks: model.Luks) -> list[tuple[int, model.Tang]]:
    """The servers whose advertisement is not in the config, with their index."""
    return [each for each in enumerate(luks.clevis.tang) if not each[1].advertisement]


def require_programs(context: PhaseContext, luks: model.Luks, origin: Origin) -> None:
    """Refuses what this machine cannot do: IGN2306 for programs, IGN2307 for a TPM, IGN2312 for a threshold.

    `origin` is that of the volume. Waits some seconds for a TPM whose driver is still being loaded.
    """
    origin = origin.at("clevis")
    for member, text in limits.clevis_problems(luks.clevis.raw):
        raise Refused(
            "IGN2312",
            f"{_volume(luks)}: {text}",
            origin.at(member),
            hint="count the Tang servers, and one for tpm2; the threshold is how many of them must succeed",
        )
    used = sorted(_pins_used(luks))
    missing = [name for name in _programs(context, luks, used) if not programs.is_installed(name)]
    if missing:
        raise Refused(
            "IGN2306",
            f"{_volume(luks)}, because programs are missing: {', '.join(missing)}",
            origin,
            hint=_HINT_PROGRAMS,
        )
    if "tpm2" in used:
        problem = tpm.wait_for_tpm(context.settings.wait_device, context.progress)
        if problem:
            raise Refused(
                "IGN2307",
                f"{_volume(luks)}: {problem}",
                origin.at("tpm2") if luks.clevis.tpm2 else origin,
                hint="enable the TPM 2.0 in the firmware, or give the virtual machine one; "
                "the initramfs needs its driver",
            )


def _volume(luks: model.Luks) -> str:
    return f"LUKS volume {luks.name} cannot be bound by clevis"


def _pins_used(luks: model.Luks) -> set[str]:
    """The pins that binding uses, also those below `sss`."""
    return {pin for pin, _ in _pin_configs(luks)}


def _pin_configs(luks: model.Luks) -> Iterator[tuple[str, dict[str, Any]]]:
    """The pins that binding uses, also those below `sss`, each with its configuration if it is an object."""
    pin, text = pin_and_config(luks)
    try:
        todo = [(pin, gojson.loads(text))]
    except ValueError:  # the rehearsal reports it
        todo = [(pin, None)]
    while todo:
        pin, config = todo.pop()
        if isinstance(config, list):
            todo += [(pin, each) for each in config]
            continue
        known = config if isinstance(config, dict) else {}
        yield pin, known
        inner = known.get("pins") if pin == "sss" else None
        if isinstance(inner, dict):
            todo += inner.items()


def _programs(context: PhaseContext, luks: model.Luks, pins: list[str]) -> Iterator[str]:
    yield context.settings.program("clevis")
    yield from _FOR_BINDING
    kinds = ["encrypt"]
    if can_test(luks):
        yield from _FOR_UNLOCKING
        kinds.append("decrypt")
    yield from (f"clevis-{kind}-{pin}" for pin in pins for kind in kinds)
    if "tang" in pins:
        yield "curl"
    if "tpm2" in pins and not programs.is_installed(_TPM_PROGRAM):
        yield "tpm2_createprimary"


def await_servers(context: PhaseContext, luks: model.Luks, origin: Origin) -> None:
    """Waits until each Tang server that must be asked answers, as long as for any other resource.

    Refused IGN2308 for a server that answers with an error. `origin` is that of the volume.
    """
    fetching = context.fetch_context
    for index, tang in _servers_to_ask(luks):
        place = origin.at("clevis", "tang", index)
        try:
            fetch_bytes(fetching, advertisement_url(tang.url), origin=place.at("url"))
        except Rejected as failure:
            raise Refused(
                "IGN2308",
                f"the Tang server {display_name(tang.url)} refuses to advertise its keys",
                place.at("url"),
                hint=f"{failure.hint}; is this its base URL, and does it have keys?",
                cause=failure,
            ) from failure


def advertisement_url(url: str) -> str:
    """The URL of a server's advertisement: `/adv` is added to its path, and its query stays."""
    main, mark, query = url.partition("#")[0].partition("?")
    return f"{main.rstrip('/')}/adv{mark}{query}"


def rehearse(context: PhaseContext, luks: model.Luks, origin: Origin) -> None:
    """Encrypts a few bytes by the pin, before anything is changed: the part of binding that can fail.

    Refused IGN2306 to IGN2308 or IGN2312. Call it after `require_programs` and `await_servers`.
    """
    pin, config = pin_and_config(luks)
    args = [context.settings.program("clevis"), "encrypt", pin, config]
    try:
        _run(context, context.log, luks, args, stdin=b"rehearsal", secret=(3,))
    except CommandFailed as failure:
        code, text, hint = _explain(failure, luks)
        raise Refused(code, text, origin.at("clevis"), hint=hint, cause=failure) from failure


def _run(context: PhaseContext, log: Log, luks: model.Luks, args: list[str], **more: Any) -> None:
    """Runs clevis, with the proxies, authorities and time limits of the config for its Tang servers."""
    servers = [config["url"] for _, config in _pin_configs(luks) if _has_url(config)]
    hidden = [text for server in servers for text in curl.user_and_password(server)]
    with curl.Environment(context, servers) as environment:
        run(log, args, environment=environment, hidden=hidden, **more)


def _has_url(config: dict[str, Any]) -> bool:
    return isinstance(config.get("url"), str)


def _explain(failure: CommandFailed, luks: model.Luks) -> tuple[str, str, str]:
    """Code, text and hint for a failed binding."""
    text = f"{_volume(luks)}: {failure.hint or failure.text}"
    for words, code, hint in _ERRORS:
        if words in failure.stderr:
            return code, text, hint
    hint = "the pin rejects its configuration, or what it depends on does not work"
    return "IGN2312", text, hint


def bind(task: Task, luks: model.Luks, alias: str, key: Key, origin: Origin) -> None:
    """Adds a key slot that the pins unlock. `key` must open the volume. Failure as `rehearse`."""
    pin, config = pin_and_config(luks)
    args = [task.context.settings.program("clevis"), "luks", "bind", "-f", "-k", key.path]
    args += ["-d", alias, pin, config]
    try:
        _run(
            task.context,
            task.log,
            luks,
            args,
            what=f'binding "{luks.name}" by clevis',
            secret=(len(args) - 1,),
            keep=(key.fileno,),
        )
    except CommandFailed as failure:
        code, text, hint = _explain(failure, luks)
        raise Failure(code, text, origin.at("clevis"), hint=hint, cause=failure) from failure


def unlock(task: Task, luks: model.Luks, alias: str, origin: Origin) -> None:
    """Opens the volume by its pins. Failure IGN2309."""
    clevis = task.context.settings.program("clevis")
    try:
        _run(
            task.context,
            task.log,
            luks,
            [clevis, "luks", "unlock", "-d", alias, "-n", luks.name],
            what=f'unlocking "{luks.name}" by clevis',
        )
    except CommandFailed as failure:
        raise Failure(
            "IGN2309",
            f"LUKS volume {luks.name} does not unlock by clevis: {failure.hint or failure.text}",
            origin.at("clevis"),
            hint="are enough of its servers reachable, and is this the TPM that it was bound to?",
            cause=failure,
        ) from failure
