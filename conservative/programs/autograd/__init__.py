"""PyTorch functions come in, and are run above autograd; engines with every tied switch opened go out.

PyTorch is imported when a program comes.
"""
