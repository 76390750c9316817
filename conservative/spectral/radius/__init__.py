"""The joint spectral radius: a family comes in, a bracket with its word, status and certificate goes out. EXACT is
decided in `certify_exact`.
"""
