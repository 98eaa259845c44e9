"""Handing one message to one service: apprise, and two webhooks of our own. What went wrong is a yes or no, and no text.

apprise and the HTTP library beneath it log addresses, and so tokens, at some level or in some error: none of it is let out.
"""

import logging
from functools import cache
from typing import Any

from dashboard.notify import webhooks

QUIET = ("apprise", "urllib3", "requests")


def silence() -> None:
    """From now on nothing of what these libraries log goes anywhere."""
    for name in QUIET:
        logger = logging.getLogger(name)
        logger.handlers = [logging.NullHandler()]
        logger.propagate = False
        logger.setLevel(logging.CRITICAL + 1)


@cache
def _apprise() -> Any:  # noqa: ANN401 - the module: it takes a third of a second, and only who sends pays for it
    silence()
    import apprise

    silence()
    return apprise


def understood(url: str) -> bool:
    """Whether there is a service for this URL, as far as can be said without sending."""
    if webhooks.is_own(url):
        return webhooks.post_of(url, "", "") is not None
    return _instance(url) is not None


def deliver(url: str, title: str, text: str) -> bool:
    """Whether the service took the message. Blocks for some seconds at most; raises nothing that a service causes."""
    silence()
    if webhooks.is_own(url):
        post = webhooks.post_of(url, title, text)
        return post is not None and webhooks.send(post)
    service = _instance(url)
    if service is None:
        return False
    try:
        return bool(service.notify(title=title, body=text, body_format="text"))
    except Exception:  # noqa: BLE001 - drivers of 150 services: what leaks out of one ends no thread, and may hold a token
        return False


def _instance(url: str) -> Any:  # noqa: ANN401 - a plug-in of apprise
    apprise = _apprise()
    asset = apprise.AppriseAsset(app_id="Sekimori", app_desc="Sekimori", secure_logging=True, async_mode=False)
    try:
        found = apprise.Apprise.instantiate(url, asset=asset, suppress_exceptions=True)
    except Exception:  # noqa: BLE001 - as above
        return None
    if found is not None:
        found.socket_connect_timeout = found.socket_read_timeout = webhooks.TIMEOUT_S
    return found
