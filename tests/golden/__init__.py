"""Compares the model with vectors that the original computed: a module for each golden file.

Each takes a folder that holds such files and a tiny checkpoint, of whatever sizes.
"""
