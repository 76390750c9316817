"""NumPy functions come in, and are run with arrays that record; engines with every tied switch opened go out."""
