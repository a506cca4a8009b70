"""Forms on other sites, which lead to the page on which people subscribe, and to where that page may link back."""

import re
from collections.abc import Sequence

from digest.errors import ConfigurationError, UnknownError
from digest.settings import Settings
from digest.templating import rendered

_LONGEST_URL = 2_000
# Without user, port, fragment, backslash and everything outside ASCII, so that no browser can read another host in it.
_RETURN = re.compile(r"https?://(?P<host>[A-Za-z0-9.-]+)(?:[/?][A-Za-z0-9._~!$&'()*+,;=:@/?%-]*)?")


def checked_return(written: str, hosts: Sequence[str]) -> tuple[str, str]:
    """A web address to which a page of ours may link, and its host; both empty unless its host is one of `hosts`."""
    found = _RETURN.fullmatch(written) if len(written) <= _LONGEST_URL else None
    host = found["host"].lower() if found else ""
    return (written, host) if host in hosts else ("", "")


def foreign_form(settings: Settings, digests: Sequence[str], back: str) -> str:
    """The HTML of a form for another site; its digests are chosen on our page, which links back to `back`.

    Raises:
        ConfigurationError: nobody can subscribe here, or `back` is not at one of `signup.hosts`.
        UnknownError: there is no such digest.
    """
    if not settings.signup.open or not settings.digests:
        raise ConfigurationError(
            "no form can lead here, because the pages do not offer to subscribe by mail",
            place="signup.open",
            remedy="set it to true, and configure a digest",
        )
    for name in digests:
        if settings.digest(name) is None:
            raise UnknownError("digest", name, remedy="the configuration lists the digests")
    if back and not checked_return(back, settings.signup.hosts)[0]:
        raise ConfigurationError(
            f"{back!r} is no address to which a page may link back",
            place="signup.hosts",
            remedy="add its host there; it must be plain http or https, without user, port and fragment",
        )
    values = {"base_url": settings.base_url, "digests": digests, "back": back}
    return rendered(settings.language, settings.template_folders, "web/form.html", values).strip() + "\n"


def form_preview(settings: Settings, form: str) -> str:
    """A page that shows such a form and its HTML."""
    return rendered(settings.language, settings.template_folders, "web/form_preview.html", {"form": form})
