"""Gaps between sets: two sets of any types come in, a `Bracket` of the one-sided distance goes out."""
