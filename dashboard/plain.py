"""Text that is what it looks like: no character that turns a line around, hides, or controls a terminal (UTR 36, UAX 9).

What people type is refused with such a character. What a site has recorded all the same is shown with U+FFFD in its place:
visible, and harmless. Letters of every script stay, and so do the variation selectors of Japanese names.
"""

import re

_DECEPTIVE = re.compile(
    "[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f"  # controls but tab and line ends
    "\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # direction, invisible, line separators
    "\U000e0000-\U000e007f]"  # tags: text that nobody sees
)


def is_plain(text: str) -> bool:
    """Whether nothing in the text deceives."""
    return _DECEPTIVE.search(text) is None


def plain(text: str) -> str:
    """The text with what deceives made visible."""
    return _DECEPTIVE.sub("\ufffd", text)
