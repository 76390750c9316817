"""NumPy functions, through the protocols by which NumPy hands its calls on."""
