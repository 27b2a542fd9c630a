"""The sentences about faults that several forms share."""

from typing import Final

from kalends.translation import gettext_lazy

UNFIT: Final = gettext_lazy("This is too long, or holds a character that is not allowed here.")
NAME_MISSING: Final = gettext_lazy("Please tell us your name.")
EMAIL_MISSING: Final = gettext_lazy("Please tell us your e-mail address.")
EMAIL_WRONG: Final = gettext_lazy(
    "This does not look like an e-mail address, such as name@example.com."
)
NO_ZONE: Final = gettext_lazy("This is no time zone.")
STALE: Final = gettext_lazy("This booking was changed meanwhile. This is how it stands now.")
