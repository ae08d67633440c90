"""Our service of Pipecat, measured where an agent would feel it."""
