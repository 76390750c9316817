"""No test asserts a time: Hypothesis must not either, on a machine that is slow or busy."""

from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
