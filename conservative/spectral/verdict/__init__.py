"""Contraction verdicts: a family comes in, the norm it contracts in, or the product that forbids it, goes out."""
