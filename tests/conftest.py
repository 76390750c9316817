"""No test asserts a time, so Hypothesis must not either; and in CI the same commit gets the same verdict."""

import os

from hypothesis import settings

settings.register_profile("untimed", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("untimed")
