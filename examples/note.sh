#!/bin/sh
# A note by curl alone, written to a file while it is being made:
# sh examples/note.sh http://127.0.0.1:8080 "Hello there." hello.wav
set -eu

if [ $# -ne 3 ]; then
    echo "usage: sh examples/note.sh http://127.0.0.1:8080 TEXT FILE.wav" >&2
    exit 1
fi

# A string of JSON: the text is one line.
text=$(printf '%s' "$2" | sed 's/[\\"]/\\&/g')

# Without --no-buffer what has come waits for more; with it, a player may follow the file at once.
# An error is JSON that says what is wrong; it is printed, and the file is none.
curl --silent --show-error --fail-with-body --no-buffer "$1/v1/notes" \
    --header "Content-Type: application/json" \
    --data "{\"text\": \"$text\", \"format\": \"wav\"}" \
    --output "$3" || { cat "$3" >&2; rm -f "$3"; exit 1; }
