"""The invariant polytope algorithm: gauges of many points, growth from eigenvectors, and the proof in integers."""
