"""The invariant polytope algorithm: a block and its candidate words come in, a polytope norm in integers goes out."""
