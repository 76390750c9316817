"""JAX functions: a walk through the jaxpr with every decision recorded and every tied switch opened."""
