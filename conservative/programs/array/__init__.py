"""NumPy functions come in, and are run with arrays that record; engines with every tied switch opened go out.

A `numpy.maximum` becomes a tie in `switch_rules`, a comparison in `comparison_rules`; rules are listed in `registry`.
"""
