"""Choosing the demo accounts' passwords at the dashboard's own page, as a person would."""

import re
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar

_FIELD = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"|value="([^"]+)"[^>]*name="csrf_token"')


class NotWelcomed(RuntimeError):
    """The dashboard did not take the code or the password."""


def welcome(url: str, name: str, code: str, password: str) -> None:
    """Redeems a one-time code on `/welcome`. Raises NotWelcomed, OSError."""
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    page = opener.open(f"{url}/welcome?lang=en", timeout=10).read().decode()
    found = _FIELD.search(page)
    if found is None:
        raise NotWelcomed("the page has no form")
    fields = {"csrf_token": found[1] or found[2], "name": name, "code": code, "password": password, "again": password}
    answer = opener.open(f"{url}/welcome", urllib.parse.urlencode(fields).encode(), timeout=20)
    if answer.geturl().rstrip("/").endswith("/welcome"):
        raise NotWelcomed(f"{name}: the code or the password was not taken")
