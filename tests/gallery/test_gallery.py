"""Every case loads, its point is a fixed point, and its known answer is not refuted by a proof."""

import pytest

import conservative as cj
from conservative._core.errors import ArgumentError
from conservative.gallery import BlocksCase, FamilyCase, FunctionCase

NAMES = [name for name in cj.gallery.names() if name != "lasso-diabetes"]


@pytest.mark.parametrize("name", NAMES)
def test_a_case_names_its_answer_and_source(name: str) -> None:
    case = cj.gallery.load(name)
    assert case.name == name
    assert case.title
    assert case.source
    assert case.answer
    if isinstance(case, FunctionCase):
        assert case.function.residual(case.at).vanishes
    elif isinstance(case, BlocksCase):
        assert len(case.jacobian.vertices) >= 2


@pytest.mark.parametrize("name", NAMES)
def test_no_published_radius_is_refuted_by_its_own_word(name: str) -> None:
    case = cj.gallery.load(name)
    if not isinstance(case, FamilyCase) or case.word is None:
        pytest.skip("not a family with a word")
    from conservative.spectral import make_product

    rate = make_product(case.family, case.word).radius
    length = len(case.word)
    assert rate.lower ** (1 / length) == pytest.approx(case.radius, rel=1e-9)
    assert rate.upper ** (1 / length) == pytest.approx(case.radius, rel=1e-9)


def test_an_unknown_name_offers_the_nearest() -> None:
    with pytest.raises(ArgumentError, match="heavy-ball"):
        cj.gallery.load("heavy-bal")
    with pytest.raises(ArgumentError, match="lists them all"):
        cj.gallery.load("zzzzzz")


def test_titles_come_without_data() -> None:
    assert set(cj.gallery.titles()) == set(cj.gallery.names())
