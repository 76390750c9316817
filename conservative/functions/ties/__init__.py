"""What is active at a point: a graph and a point come in, active pieces and cells of directions go out."""
