"""Linear algebra and linear programs in rational arithmetic: exact matrices come in, exact answers go out."""
