"""From live text to segments."""
