"""Who speaks in the next step: pure, in virtual time."""
