"""What a function does arbitrarily near a point: a graph and a point come in; jumps, edges of the domain and
removable singularities are proved or refused; that a search finds no jump proves no continuity.
"""
