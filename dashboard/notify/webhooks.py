"""Two services that apprise has not: rooms of Chatwork, and incoming webhooks of LINE WORKS.

    chatwork://TOKEN/ROOM      POST https://api.chatwork.com/v2/rooms/ROOM/messages, with the token in X-ChatWorkToken
    lineworks://ID             POST https://webhook.worksmobile.com/message/ID, {"title": …, "body": {"text": …}}
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

TIMEOUT_S = 10.0
CHATWORK = "https://api.chatwork.com/v2/rooms"
LINE_WORKS = "https://webhook.worksmobile.com/message"


@dataclass(frozen=True, slots=True)
class Post:
    """What is to be sent where. Not for printing: URL and headers hold secrets."""

    url: str
    headers: Mapping[str, str]
    form: Mapping[str, str] | None = None
    json: Mapping[str, Any] | None = None

    def __repr__(self) -> str:
        return "Post()"


def chatwork(rest: str, title: str, text: str) -> Post | None:
    """A message to a room; None where token or room is missing."""
    token, _, room = rest.partition("/")
    room = unquote(room).strip("/")
    if not token or not (room.isascii() and room.isdigit()):
        return None
    return Post(f"{CHATWORK}/{room}/messages", {"X-ChatWorkToken": unquote(token)}, form={"body": f"{title}\n{text}"})


def line_works(rest: str, title: str, text: str) -> Post | None:
    """A message by an incoming webhook; None where its id is missing."""
    id = unquote(rest).strip("/")
    if not id or "/" in id:
        return None
    return Post(f"{LINE_WORKS}/{quote(id, safe='')}", {}, json={"title": title, "body": {"text": text}})


OWN: Mapping[str, Callable[[str, str, str], Post | None]] = {"chatwork": chatwork, "lineworks": line_works}


def post_of(url: str, title: str, text: str) -> Post | None:
    """What a URL of these services says to send; None where it is not whole."""
    scheme, _, rest = url.partition("://")
    return OWN[scheme](rest.partition("?")[0], title, text)


def is_own(url: str) -> bool:
    """Whether it is a URL of one of these services."""
    return url.partition("://")[0] in OWN


def send(post: Post) -> bool:
    """Whether the service took it. Follows no redirect: a token goes to nobody else."""
    import requests  # here: only who sends pays for it

    try:
        answer = requests.post(
            post.url, headers=dict(post.headers), data=post.form, json=post.json, timeout=TIMEOUT_S, allow_redirects=False
        )
    except (requests.RequestException, ValueError):  # ValueError: a token that no header can hold
        return False
    return 200 <= answer.status_code < 300
