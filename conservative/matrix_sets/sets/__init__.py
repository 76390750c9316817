"""The types of sets of matrices, each with support, membership and projection; arrays or shapely geometries come in."""
