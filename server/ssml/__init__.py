"""SSML, the subset that notes speak: from markup to parts, each with its prosody and its pause."""
