"""No test asserts a time, so Hypothesis must not either; and in CI the same commit gets the same verdict."""

import os

from hypothesis import HealthCheck, settings

UNTIMED = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
settings.register_profile(
    "untimed", deadline=None, suppress_health_check=UNTIMED, derandomize=bool(os.environ.get("CI"))
)
settings.load_profile("untimed")
