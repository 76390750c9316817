"""PyTorch: a program run above autograd, with every tied switch opened. PyTorch is imported when a program comes."""
