"""The web application around the pages: who is asking, in which language, what they may see, and the live stream.

`create_app` is the only way in. Nothing is open by default: an endpoint that `roles` does not name is refused.
"""

from dashboard.web.factory import create_app

__all__ = ["create_app"]
