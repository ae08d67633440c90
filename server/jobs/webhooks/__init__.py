"""Telling whoever submitted a job that it has ended, at an address they gave."""
