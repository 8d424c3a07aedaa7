"""What must not be shown: the one place that knows how it looks instead."""

import re

HIDDEN = "<redacted>"
_USER_INFO = re.compile(r"(?<=://)[^/?#\s]+(?=@)")


def hide_user_info(text: str) -> str:
    """The text without user names and passwords in its URLs (`scheme://user:password@host`)."""
    return _USER_INFO.sub(HIDDEN, text)
