"""Every experiment in its small size: its claims hold, its table is whole, its figure shows what was measured."""

import json

import numpy as np
import pytest

import conservative as cj
from conservative.experiments.experiment import Experiment, at_least, at_most, column, until_interrupted, within

SLOW = {"bilevel", "empirical"}
NAMES = [
    pytest.param(name, marks=pytest.mark.slow) if name in SLOW else pytest.param(name)
    for name in cj.experiments.names()
]


@pytest.mark.parametrize("name", NAMES)
def test_claims_hold_and_the_table_and_the_figure_are_there(name, tmp_path):
    found = cj.experiments.run(name, rng=0)
    failed = [claim for claim in found.claims if not claim.held]
    assert not failed
    assert len(found.claims) >= 2
    assert found.name == name
    lengths = {len(one.values) for one in found.columns}
    assert len(lengths) == 1
    assert found.statement
    assert found.assumption
    ax = found.plot(save=str(tmp_path / "figure.svg"))
    assert ax.get_xlabel()
    assert ax.get_ylabel()
    assert ax.lines or ax.collections or ax.patches
    assert (tmp_path / "figure.svg").stat().st_size > 2000
    found.save(str(tmp_path / "table.json"))
    document = json.loads((tmp_path / "table.json").read_text(encoding="utf-8"))
    assert set(document["claims"][0]) == {"sentence", "measured", "bound", "held"}
    assert all(claim["held"] for claim in document["claims"])
    found.save(str(tmp_path / "table.csv"))
    assert len((tmp_path / "table.csv").read_text(encoding="utf-8").splitlines()) == 1 + lengths.pop()


def test_the_same_seed_draws_the_same():
    one, two = (cj.experiments.finite_differences(rng=3) for _ in range(2))
    assert one.claims == two.claims


def test_programs_of_one_function_return_what_the_talk_says():
    """relu, relu(-x) + x and their difference at 0: 0, 1 and 1; the sets are [0, 1], [0, 1] and [-1, 1]."""
    table = {one.name: one.values.tolist() for one in cj.experiments.elephant().columns}
    assert table["returned at 0"] == [0.0, 1.0, 1.0]
    assert (table["set from"], table["set to"]) == ([0.0, 0.0, -1.0], [1.0, 1.0, 1.0])


def test_claims_say_what_failed():
    low, high, near = at_most("a", 2.0, 1.0), at_least("b", 2.0, 1.0), within("c", 1.0 + 1e-9, 1.0, 1e-8)
    assert (low.held, high.held, near.held) == (False, True, True)
    assert not within("nothing is near", 1.0, 0.0, 1e-3).held
    found = Experiment(
        name="n", title="t", statement="s", assumption="a", columns=(column("x", [1.0], "s"),), claims=(low, high),
        draw=lambda ax: None, partial=True,
    )  # fmt: skip
    assert not found.held
    assert "1 of 2 claims held, partial" in repr(found)
    assert "FAILED  a" in str(found)
    assert "x [s]" in str(found)


def test_an_interrupt_keeps_what_was_done():
    def work(task):
        if task == 2:
            raise KeyboardInterrupt
        return task

    told = []
    assert list(until_interrupted(range(5), work, told.append)) == [0, 1, None]
    assert told == ["1 done", "2 done"]


@pytest.mark.parametrize(("name", "message"), [("elefant", "Did you mean elephant"), ("q" * 200, "They are finite-")])
def test_unknown_names_are_told_the_known_ones(name, message):
    with pytest.raises(cj.ArgumentError, match=message):
        cj.experiments.run(name)


def test_files_of_other_kinds_are_refused(tmp_path):
    found = cj.experiments.elephant()
    with pytest.raises(cj.ArgumentError, match=r"\.csv or \.json"):
        found.save(str(tmp_path / "table.xls"))
    with pytest.raises(cj.ArgumentError, match=r"\.pdf, \.png or \.svg"):
        found.plot(save=str(tmp_path / "figure.gif"))
    assert not list(tmp_path.iterdir())


def test_infinities_are_words_in_json(tmp_path):
    found = cj.experiments.experiment.Experiment(
        name="n", title="t", statement="s", assumption="a", columns=(column("x", [np.inf, 1.0]),), claims=(),
        draw=lambda ax: None,
    )  # fmt: skip
    found.save(str(tmp_path / "t.json"))
    assert json.loads((tmp_path / "t.json").read_text(encoding="utf-8"))["columns"][0]["values"] == ["inf", 1.0]
