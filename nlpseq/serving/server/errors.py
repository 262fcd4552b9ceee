"""Errors of requests."""


class RequestError(Exception):
    """A request that is refused.

    Args:
        status: HTTP status.
        message: One sentence: what was wrong, what was expected, what to do.
        headers: Headers of the response. Default none.
    """

    def __init__(self, status: int, message: str, headers: dict[str, str] | None = None):
        super().__init__(message)
        self.status, self.message, self.headers = status, message, headers or {}
