"""What an ad platform may answer instead of doing what it is asked."""

from marquee.errors import Unavailable, Unprocessable


class Refused(Unprocessable):
    """The platform will not do it, now or later: its own words are in the detail."""


class Busy(Unavailable):
    """The platform limits how often it is asked, or is not well; it has done nothing."""


class Unreachable(Unavailable):
    """No answer came: the platform may have done it or not."""
