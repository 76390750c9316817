"""Sets from sets: images, hulls, products, slices, projections and simplified hulls, each with its error."""
