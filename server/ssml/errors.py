"""What is wrong with a document, and where."""


class SsmlError(ValueError):
    """The document cannot be spoken; the message begins with the place: "line 1, column 8"."""

    def __init__(self, where: str, problem: str) -> None:
        super().__init__(f"{where}: {problem}")
