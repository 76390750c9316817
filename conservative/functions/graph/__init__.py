"""Expression graphs: nodes come in, values, derivatives and sympy expressions go out. Nothing here knows a tie set
or a file.
"""
