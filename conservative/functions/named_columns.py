"""Names of states and parameters, and what follows from them."""


class NamedColumns:
    """A map that holds the names of its states and of its parameters."""

    __slots__ = ()
    state_names: tuple[str, ...]
    parameter_names: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the states, then of the parameters."""
        return self.state_names + self.parameter_names

    @property
    def state_size(self) -> int:
        """The number p of states."""
        return len(self.state_names)

    @property
    def parameter_size(self) -> int:
        """The number m of parameters."""
        return len(self.parameter_names)
