"""eSpeak NG as a runner: `runner.py` is the way in.

Nothing is imported here: the process that speaks imports a part of this package, and starts the
sooner for it.
"""
