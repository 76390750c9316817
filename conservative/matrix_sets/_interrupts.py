"""Ctrl-C in the middle of a search: what was proved until then travels with the interrupt."""

from conservative._core.numbers import Bracket


class InterruptedSearch(KeyboardInterrupt):
    """An interrupt from the keyboard, with the bracket proved so far.

    Loops that keep their own records let it pass, as any interrupt; `gap` turns it into its answer.

    Parameters
    ----------
    bracket : Bracket
    """

    def __init__(self, bracket: Bracket) -> None:
        super().__init__()
        self.bracket = bracket
