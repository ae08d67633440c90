"""What every `NoteQueue` promises, by what is done with it."""
