"""What keeps a command from doing its work in a cluster."""


class ClusterError(Exception):
    """What the API server refused: its HTTP code and words; code 0 if it was not reached."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


class Unfinished(Exception):
    """What the command began cannot be finished now; it can be run again. The message says what is in the way."""
