"""Hypothesis generators, one module a room."""
