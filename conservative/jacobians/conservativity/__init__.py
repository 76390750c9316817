"""A set-valued map and a function come in; out goes a violation along a curve, or the statement that none was found."""
