"""Nearest points of hulls: points and vertices come in, distances between proved bounds go out."""
