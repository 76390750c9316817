"""Prox operators, projections and activations: sympy expressions come in and go out, each with its source."""

from conservative.functions.graph.sympy_functions import LargestSum as LargestSum
from conservative.functions.graph.sympy_functions import SortedValue as SortedValue
from conservative.functions.vocabulary.activations import clip as clip
from conservative.functions.vocabulary.activations import hard_tanh as hard_tanh
from conservative.functions.vocabulary.activations import hinge as hinge
from conservative.functions.vocabulary.activations import huber as huber
from conservative.functions.vocabulary.activations import insensitive as insensitive
from conservative.functions.vocabulary.activations import leaky_relu as leaky_relu
from conservative.functions.vocabulary.activations import relu as relu
from conservative.functions.vocabulary.activations import soft_tanh as soft_tanh
from conservative.functions.vocabulary.norms import Ball as Ball
from conservative.functions.vocabulary.norms import norm1 as norm1
from conservative.functions.vocabulary.norms import norm2 as norm2
from conservative.functions.vocabulary.norms import norm2_subdifferential as norm2_subdifferential
from conservative.functions.vocabulary.norms import norm_inf as norm_inf
from conservative.functions.vocabulary.norms import total_variation as total_variation
from conservative.functions.vocabulary.order import median as median
from conservative.functions.vocabulary.order import order_statistic as order_statistic
from conservative.functions.vocabulary.order import sort as sort
from conservative.functions.vocabulary.order import sum_largest as sum_largest
from conservative.functions.vocabulary.order import top_k as top_k
from conservative.functions.vocabulary.projections import project_box as project_box
from conservative.functions.vocabulary.projections import project_halfspace as project_halfspace
from conservative.functions.vocabulary.projections import project_l1_ball as project_l1_ball
from conservative.functions.vocabulary.projections import project_l2_ball as project_l2_ball
from conservative.functions.vocabulary.projections import project_nonnegative as project_nonnegative
from conservative.functions.vocabulary.projections import project_simplex as project_simplex
from conservative.functions.vocabulary.proximal import prox_elastic_net as prox_elastic_net
from conservative.functions.vocabulary.proximal import prox_group as prox_group
from conservative.functions.vocabulary.proximal import prox_hinge as prox_hinge
from conservative.functions.vocabulary.proximal import prox_l1 as prox_l1
from conservative.functions.vocabulary.proximal import prox_nonnegative_l1 as prox_nonnegative_l1
from conservative.functions.vocabulary.proximal import prox_norm_inf as prox_norm_inf
from conservative.functions.vocabulary.proximal import soft_threshold as soft_threshold

__all__ = [
    "Ball",
    "LargestSum",
    "SortedValue",
    "clip",
    "hard_tanh",
    "hinge",
    "huber",
    "insensitive",
    "leaky_relu",
    "median",
    "norm1",
    "norm2",
    "norm2_subdifferential",
    "norm_inf",
    "order_statistic",
    "project_box",
    "project_halfspace",
    "project_l1_ball",
    "project_l2_ball",
    "project_nonnegative",
    "project_simplex",
    "prox_elastic_net",
    "prox_group",
    "prox_hinge",
    "prox_l1",
    "prox_nonnegative_l1",
    "prox_norm_inf",
    "relu",
    "soft_tanh",
    "soft_threshold",
    "sort",
    "sum_largest",
    "top_k",
    "total_variation",
]


def __dir__() -> list[str]:
    return __all__
