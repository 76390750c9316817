"""Quadratic norms on the nodes of a graph that reads every word (Ahmadi, Jungers, Parrilo, Roozbehani)."""

from typing import Any

from conservative.certificates.checker.contraction import check_norms
from conservative.certificates.checker.family import Bounds, Family, read_edges
from conservative.certificates.checker.kernel import require, spend
from conservative.certificates.checker.parts import UPPER_RELATIONS, Kind
from conservative.certificates.checker.values import MAX_WORD, is_index, read_list

MAX_SUBSETS = 4096


def check_path_complete(family: Family, claim: Bounds, proof: dict[str, Any]) -> None:
    """Require that the graph reads every word, and that no edge increases its norms by more than the bound."""
    count = proof["count"]
    require(is_index(count, MAX_WORD + 1) and count > 0, f"the graph needs 1 to {MAX_WORD} nodes")
    edges = read_edges(proof["edges"], count, len(family.numerators))
    require(_reads_every_word(count, edges, len(family.numerators)), "the graph is not path-complete")
    check_norms(family, claim, edges, read_list(proof["P"], count, "P"))


def _reads_every_word(count: int, edges: tuple[tuple[int, int, int], ...], letters: int) -> bool:
    """Whether every finite sequence of letters labels a path: no set of nodes reached from all of them is empty."""
    after: list[dict[int, int]] = [{} for _ in range(letters)]
    for u, v, letter in edges:
        after[letter][u] = after[letter].get(u, 0) | 1 << v
    start = (1 << count) - 1
    seen, waiting = {start}, [start]
    while waiting:
        here = waiting.pop()
        spend(len(edges) * (100 + count / 8) + 100 * letters)
        for step in after:
            there = 0
            for u, reached in step.items():
                if here >> u & 1:
                    there |= reached
            if not there:
                return False
            if there not in seen:
                seen.add(there)
                waiting.append(there)
                require(len(seen) <= MAX_SUBSETS, f"whether the graph reads every word needs over {MAX_SUBSETS} sets")
    return True


PATH_COMPLETE = Kind(UPPER_RELATIONS, lambda proof: ("count", "edges", "P"), check_path_complete)
