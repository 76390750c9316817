"""The shortest expanding product: matrices come in, a word of spectral radius above one goes out, or a proof that
none so short exists.
"""
