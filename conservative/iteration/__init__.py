"""Iteration of sets X_{t+1} = 𝒥(X_t) with proved error bounds, and its fixed set."""

from conservative.iteration.along import iterate_driven as iterate_driven
from conservative.iteration.decay import Decay as Decay
from conservative.iteration.driven import DrivenTrajectory as DrivenTrajectory
from conservative.iteration.driven import iterate_sequence as iterate_sequence
from conservative.iteration.fixed import fixed_set as fixed_set
from conservative.iteration.fixed_result import FixedSet as FixedSet
from conservative.iteration.fixed_result import FixedSetStatus as FixedSetStatus
from conservative.iteration.hulls import iterate_set as iterate_set
from conservative.iteration.image import set_image as set_image
from conservative.iteration.templates import TemplateStatus as TemplateStatus
from conservative.iteration.templates import TemplateTrajectory as TemplateTrajectory
from conservative.iteration.templates import iterate_templates as iterate_templates
from conservative.iteration.thinning import Thinning as Thinning
from conservative.iteration.trajectory import SetTrajectory as SetTrajectory
from conservative.iteration.trajectory import StepBound as StepBound
from conservative.iteration.trajectory import TrajectoryStatus as TrajectoryStatus
from conservative.iteration.true_sets import iterate_true as iterate_true
