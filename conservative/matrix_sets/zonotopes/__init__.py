"""Zonotopes: a centre and generators come in, a set that is never listed by its vertices goes out."""
