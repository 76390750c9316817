"""What a differentiating program chooses at ties along a loop, `cj.ties`: values for `piggyback`, `jvp` and `vjp`."""

from conservative.differentiation.tie_policies import Policy as Policy
from conservative.differentiation.tie_policies import TiePolicy as TiePolicy
from conservative.differentiation.tie_policies import average as average
from conservative.differentiation.tie_policies import constant as constant
from conservative.differentiation.tie_policies import jax as jax
from conservative.differentiation.tie_policies import one as one
from conservative.differentiation.tie_policies import periodic as periodic
from conservative.differentiation.tie_policies import random as random
from conservative.differentiation.tie_policies import torch as torch
from conservative.differentiation.tie_policies import worst as worst
from conservative.differentiation.tie_policies import zero as zero

__all__ = [
    "Policy",
    "TiePolicy",
    "average",
    "constant",
    "jax",
    "one",
    "periodic",
    "random",
    "torch",
    "worst",
    "zero",
]


def __dir__() -> list[str]:
    return __all__
