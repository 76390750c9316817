"""JAX functions come in, and their jaxprs are walked; engines with every tied switch opened go out."""
