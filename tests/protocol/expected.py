"""What the specification says of every state and message, written out by hand.

A cell is the state that follows, the code of the `error` that the server then owes, `ignored`,
`refused` (the connection breaks, or this side may not send it), or `as is`: it may come and moves
nothing. The tables of `protocol.states` are not read here: these are what they are held against.
"""

FROM_CLIENT = """
                 | open    | text           | flush          | end              | cancel     | credit
new              | opening | unknown_stream | unknown_stream | unknown_stream   | ignored    | ignored
opening          | refused | as is          | as is          | opening_complete | cancelling | as is
opening_complete | refused | bad_state      | bad_state      | ignored          | cancelling | as is
open             | refused | as is          | as is          | complete         | cancelling | as is
complete         | refused | bad_state      | bad_state      | ignored          | cancelling | as is
cancelling       | refused | ignored        | ignored        | ignored          | ignored    | ignored
failing          | refused | ignored        | ignored        | ignored          | ignored    | ignored
ended            | refused | ignored        | ignored        | ignored          | ignored    | ignored
"""  # noqa: E501, a table

#: `done` here has a reason of the model's own, which may come before the client's `end`.
SERVER_SENDS = """
                 | opened   | audio   | mark    | flushed | blocked | done    | cancelled | error
new              | refused  | refused | refused | refused | refused | refused | refused   | refused
opening          | open     | refused | refused | refused | refused | refused | refused   | ended
opening_complete | complete | refused | refused | refused | refused | refused | refused   | ended
open             | refused  | as is   | as is   | as is   | as is   | ended   | refused   | ended
complete         | refused  | as is   | as is   | as is   | as is   | ended   | refused   | ended
cancelling       | refused  | refused | refused | refused | refused | refused | ended     | ended
failing          | refused  | refused | refused | refused | refused | refused | refused   | ended
ended            | refused  | refused | refused | refused | refused | refused | refused   | refused
"""

#: The same but for what was under way at a `cancel`. A client never knows a stream to be failing.
CLIENT_RECEIVES = """
                 | opened   | audio   | mark    | flushed | blocked | done    | cancelled | error
new              | refused  | refused | refused | refused | refused | refused | refused   | refused
opening          | open     | refused | refused | refused | refused | refused | refused   | ended
opening_complete | complete | refused | refused | refused | refused | refused | refused   | ended
open             | refused  | as is   | as is   | as is   | as is   | ended   | refused   | ended
complete         | refused  | as is   | as is   | as is   | as is   | ended   | refused   | ended
cancelling       | ignored  | ignored | ignored | ignored | ignored | ended   | ended     | ended
ended            | refused  | refused | refused | refused | refused | refused | refused   | refused
"""

#: Of a connection, `error` being the one without stream and `opened` that of a stream.
SERVER_PHASES = """
                 | ready   | error   | pong    | draining | opened
starting         | ready   | failed  | refused | refused  | refused
ready            | refused | failed  | as is   | as is    | as is
failed           | refused | refused | refused | refused  | refused
"""


def cells(table: str) -> dict[tuple[str, str], str]:
    """Return what a table holds, by the names of its row and its column."""
    header, *rows = ([cell.strip() for cell in line.split("|")] for line in table.split("\n")[1:-1])
    return {
        (row[0], name): cell for row in rows for name, cell in zip(header[1:], row[1:], strict=True)
    }
