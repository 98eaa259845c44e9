"""The steps of a broker's examination, in order; each says one thing, and the first that makes the rest senseless ends it."""

import ipaddress
import secrets
import socket
import ssl
import statistics
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import monotonic

from controller.broker import tls_context
from controller.facility import BrokerForm
from controller.probing.peer import ANSWER_S, NoBroker, Peer
from controller.record.topics import Topics

FEW_DAYS = 30
ROUNDS = 60
NAGLE_MS = 25.0
"""More than the network itself takes, by so much: Nagle's algorithm against delayed acknowledgements costs 40 ms."""
BURST = 1500
"""Past the 1000 that Mosquitto keeps for one subscriber unless it is told otherwise."""
_DRAIN_S, _QUIET_S = 20.0, 2.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One step's result. `state`: `good`, `note` (worth knowing), `bad`. `code` names the words, `values` go into them."""

    code: str
    state: str
    values: dict[str, object] = field(default_factory=dict)


def examine(settings: BrokerForm, site: str, record: bytes | None, now: datetime) -> Iterator[Finding]:
    """Every step's finding, as it is made. `record`: the newest of the ledger, said once more to try its topic."""
    local = _is_loopback(settings.host)
    try:
        began = monotonic()
        with socket.create_connection((settings.host, settings.port), ANSWER_S) as raw:
            network_ms = 1000 * (monotonic() - began)
            yield Finding("reach", "good", {"ms": f"{network_ms:.1f}"})
            yield _tls(settings, raw, local, now)
        with Peer(settings) as peer:
            yield _credentials(settings, local)
            yield from _steps(settings, peer, Topics(site), record, network_ms, local)
    except NoBroker as refused:
        yield Finding(refused.code, "bad", {"reason": refused})
    except OSError as error:
        yield Finding("reach", "bad", {"reason": error})


def _tls(settings: BrokerForm, raw: socket.socket, local: bool, now: datetime) -> Finding:
    """Raises NoBroker for a certificate that is not believed."""
    if not settings.ca_file:
        return Finding("plain", "note" if local else "bad")
    try:
        with tls_context(settings).wrap_socket(raw, server_hostname=settings.host) as secure:
            certificate, version = secure.getpeercert() or {}, secure.version()
    except OSError as error:
        raise NoBroker("tls", str(error)) from error
    ends = datetime.fromtimestamp(ssl.cert_time_to_seconds(str(certificate["notAfter"])), UTC)
    days = (ends - now).days
    return Finding("tls", "good", {"version": version, "days": days}) if days >= FEW_DAYS else Finding(
        "expiring", "bad", {"version": version, "days": days}
    )  # fmt: skip


def _credentials(settings: BrokerForm, local: bool) -> Finding:
    """Ours were taken; whoever has none must not be."""
    if not settings.user and not settings.cert_file:
        return Finding("anonymous", "note" if local else "bad")
    try:
        with Peer(settings, anonymous=True):
            return Finding("anonymous", "bad")
    except NoBroker:
        return Finding("credentials", "good", {"user": settings.user or settings.cert_file})


def _steps(
    settings: BrokerForm, peer: Peer, topics: Topics, record: bytes | None, network_ms: float, local: bool
) -> Iterator[Finding]:
    nonce = secrets.token_hex(8)
    denied = list(_denied(settings, topics, nonce, record))
    yield Finding("publish", "bad", {"topics": " ".join(denied)}) if denied else Finding("publish", "good")
    with Peer(settings) as stranger:
        if stranger.allowed(Topics(f"x{nonce}").record, b"{}"):
            yield Finding("foreign", "note" if local else "bad")
    own = topics.probe(f"{nonce}/said")
    if not (peer.subscribe(topics.request) and peer.subscribe(own)):
        yield Finding("subscribe", "bad", {"topics": f"{topics.request} {topics.probe('#')}"})
        return
    peer.send(own, b"first")
    if not peer.hears(own, b"first"):
        yield Finding("subscribe", "bad", {"topics": topics.probe("#")})
        return
    yield Finding("subscribe", "good")
    yield _retained(settings, peer, topics.probe(f"{nonce}/kept"))
    yield _round_trip(settings, peer, topics.probe(f"{nonce}/pair"), network_ms)
    yield _burst(settings, peer, topics.probe(f"{nonce}/burst"))


def _denied(settings: BrokerForm, topics: Topics, nonce: str, record: bytes | None) -> Iterator[str]:
    """Topics of the site's own that it may not publish on: tried where nobody listens, or with what is known already."""
    tried = [
        (topics.probe(nonce), b"{}"), (topics.reply(nonce), b"{}"), (topics.resent(nonce), b"{}"),
        (topics.private(nonce, "probe"), b"{}"),
    ]  # fmt: skip
    tried += [(topics.record, record)] if record is not None else []
    for topic, payload in tried:
        with Peer(settings) as speaker:  # of its own: behind a denied message a broker may hang up
            if not speaker.allowed(topic, payload):
                yield topic


def _retained(settings: BrokerForm, peer: Peer, topic: str) -> Finding:
    peer.allowed(topic, b"kept", retain=True)
    try:
        with Peer(settings) as late:
            late.subscribe(topic)
            kept = late.hears(topic, b"kept", retained=True)
    finally:
        peer.allowed(topic, b"", retain=True)
    return Finding("retained", "good") if kept else Finding("retained", "bad")


def _round_trip(settings: BrokerForm, peer: Peer, topic: str, network_ms: float) -> Finding:
    """What a request and its reply take, as between a dashboard and a site.

    The asker is sent an acknowledgement, then the reply; a broker with Nagle's algorithm holds the reply back until the
    asker's kernel has acknowledged the first. Early rounds are left out: a fresh connection acknowledges at once.
    """
    taken = []
    with Peer(settings) as other:
        other.subscribe(f"{topic}/asked")
        peer.subscribe(f"{topic}/replied")
        for n in range(ROUNDS):
            began, words = monotonic(), str(n).encode()
            peer.send(f"{topic}/asked", words)
            if other.hears(f"{topic}/asked", words):
                other.send(f"{topic}/replied", words)
            if not peer.hears(f"{topic}/replied", words):
                return Finding("lost", "bad", {"count": ROUNDS - n, "sent": ROUNDS})
            taken.append(1000 * (monotonic() - began))
    middle = statistics.median(taken[ROUNDS // 2 :])
    values: dict[str, object] = {"ms": f"{middle:.1f}"}
    if middle > network_ms + NAGLE_MS:
        return Finding("nagle", "note" if _is_loopback(settings.host) else "bad", values)
    return Finding("round_trip", "good", values)


def _burst(settings: BrokerForm, peer: Peer, topic: str) -> Finding:
    """Many messages for one that acknowledges nothing meanwhile: afterwards each must be there."""
    with Peer(settings, lazy=True) as slow:
        slow.subscribe(topic)
        last = [peer.send(topic, str(n).encode()) for n in range(BURST)][-1]
        if not peer.acknowledged(last, _DRAIN_S):
            return Finding("burst_refused", "bad", {"sent": BURST})
        got = slow.drain(BURST, _DRAIN_S, _QUIET_S)
    values: dict[str, object] = {"sent": BURST, "lost": BURST - got}
    return Finding("burst", "good", values) if got == BURST else Finding("drops", "bad", values)


def _is_loopback(host: str) -> bool:
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"
