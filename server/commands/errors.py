"""What the command line says in one line before it ends with status 1."""


class CommandError(Exception):
    """A command cannot do what was asked. The message says what to change, where that is known."""
