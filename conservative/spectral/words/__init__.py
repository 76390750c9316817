"""Words and products: matrices come in; products of words, their spectral radii and trees of all words go out."""
