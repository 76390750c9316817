"""Iteration of sets: Jacobian blocks and a start come in; iterates, the fixed set and proved error bounds go out."""

from conservative.iteration.bounds.decay import Decay as Decay
from conservative.iteration.fixed.fixed_result import FixedSet as FixedSet
from conservative.iteration.fixed.fixed_result import FixedSetStatus as FixedSetStatus
from conservative.iteration.fixed.fixed_set import fixed_set as fixed_set
from conservative.iteration.image.true_image import set_image as set_image
from conservative.iteration.trajectories.along import iterate_driven as iterate_driven
from conservative.iteration.trajectories.driven import DrivenTrajectory as DrivenTrajectory
from conservative.iteration.trajectories.driven import iterate_sequence as iterate_sequence
from conservative.iteration.trajectories.hulls import iterate_set as iterate_set
from conservative.iteration.trajectories.templates import TemplateStatus as TemplateStatus
from conservative.iteration.trajectories.templates import TemplateTrajectory as TemplateTrajectory
from conservative.iteration.trajectories.templates import iterate_templates as iterate_templates
from conservative.iteration.trajectories.thinning import Thinning as Thinning
from conservative.iteration.trajectories.trajectory import SetTrajectory as SetTrajectory
from conservative.iteration.trajectories.trajectory import StepBound as StepBound
from conservative.iteration.trajectories.trajectory import TrajectoryStatus as TrajectoryStatus
from conservative.iteration.trajectories.true_sets import iterate_true as iterate_true

__all__ = [
    "Decay",
    "DrivenTrajectory",
    "FixedSet",
    "FixedSetStatus",
    "SetTrajectory",
    "StepBound",
    "TemplateStatus",
    "TemplateTrajectory",
    "Thinning",
    "TrajectoryStatus",
    "fixed_set",
    "iterate_driven",
    "iterate_sequence",
    "iterate_set",
    "iterate_templates",
    "iterate_true",
    "set_image",
]


def __dir__() -> list[str]:
    return __all__
