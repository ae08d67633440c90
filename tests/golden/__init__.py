"""Our model against vectors that the original computed.

One module for each file of a golden folder; each compares with any folder of that layout.
"""
