"""Constants of every error bound: Jacobian blocks come in, the decay of their products and the bounds of a step go
out.
"""
