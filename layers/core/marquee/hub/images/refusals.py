"""Why an image is refused."""


class Refused(Exception):
    """An image cannot be used. `reason` goes on where the name of the field ends: ``is animated``."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(f"{code}: {reason}")
        self.code = code
        self.reason = reason
