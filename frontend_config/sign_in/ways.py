"""Where somebody goes after signing in: back to where they were, and never to another site."""

from urllib.parse import urlsplit

HOME = "/"
LONGEST = 2000  # it travels in a cookie, of which browsers keep 4,096 bytes
NOT_AGAIN = ("/signin", "/signout", "/login")


def own_path(asked: str | None) -> str:
    """The path that was asked for, with query and fragment, if it is one of this site's pages; else the first page.

    Browsers take a backslash for a slash, drop tabs and line ends, and read two slashes as the beginning of a host.
    """
    if not asked or len(asked) > LONGEST or not all("!" <= each <= "~" and each != "\\" for each in asked):
        return HOME
    if not asked.startswith("/") or asked.startswith("//"):
        return HOME
    try:
        parts = urlsplit(asked)
    except ValueError:
        return HOME
    return HOME if parts.scheme or parts.netloc or parts.path.startswith(NOT_AGAIN) else asked
