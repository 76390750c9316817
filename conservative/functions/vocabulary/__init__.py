"""Functions of the field as sympy expressions, each with its formula and source."""
