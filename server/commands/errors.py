"""What the command line says in one line before it ends with status 1."""


class CommandError(Exception):
    """A command cannot do what was asked. The message says what to change, where that is known."""


def first_cause(error: Exception) -> Exception:
    """Return what failed first, out of the groups that task groups make."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error
