"""Constrained words: an automaton comes in, the family lifted to its edges goes out."""
