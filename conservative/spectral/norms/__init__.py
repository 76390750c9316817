"""Norms that bound one step: matrices come in, proved operator norms in Euclidean, weighted and quadratic norms go
out.
"""
