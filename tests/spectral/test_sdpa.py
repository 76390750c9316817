"""Export to the SDPA sparse format: read back by a reader written here, and solved again."""

import cvxpy as cp
import numpy as np
import pytest

import conservative as cj
from conservative.spectral.semidefinite.graph import graph_pencil, memory_graph
from conservative.spectral.semidefinite.pencil import value_of

HEAVY_BALL = [[[0.75, -0.75], [1, 0]], [[1.5, -0.75], [1, 0]]]


def read(path):
    """(c, sizes, F) of min c^T x, sum x_i F_i - F_0 >= 0; F maps (variable, block) to a symmetric matrix."""
    lines = [line for line in path.read_text().splitlines() if line and line[0] not in '"*']
    count, blocks = (int(line.split()[0]) for line in lines[:2])
    sizes = [int(x) for x in lines[2].split()[:blocks]]
    c = np.array([float(x) for x in lines[3].split()])
    assert len(c) == count
    F = {}
    for line in lines[4:]:
        variable, block, i, j = (int(x) for x in line.split()[:4])
        assert 0 <= variable <= count
        assert 1 <= i <= j <= abs(sizes[block - 1])
        assert sizes[block - 1] > 0 or i == j
        matrix = F.setdefault((variable, block), np.zeros((abs(sizes[block - 1]),) * 2))
        assert matrix[i - 1, j - 1] == 0, "an entry is given twice"
        matrix[i - 1, j - 1] = matrix[j - 1, i - 1] = float(line.split()[4])
    return c, sizes, F


def solve(path):
    """The optimal margin, -min c^T x."""
    c, sizes, F = read(path)
    x = cp.Variable(len(c))
    constraints = []
    for block, size in enumerate(sizes, 1):
        zero = np.zeros((abs(size),) * 2)
        value = sum(x[v - 1] * F[v, block] for v in range(1, len(c) + 1) if (v, block) in F) - F.get((0, block), zero)
        constraints.append(value >> 0 if size > 0 else cp.diag(value) >= 0)
    problem = cp.Problem(cp.Minimize(c @ x), constraints)
    problem.solve(solver=cp.CLARABEL)
    return -float(problem.value)


@pytest.mark.parametrize(
    ("options", "bound"),
    [
        ({"problem": "quadratic"}, lambda: cj.spectral.path_complete_bound(HEAVY_BALL, memory=0)),
        ({"problem": "path-complete", "memory": 2}, lambda: cj.spectral.path_complete_bound(HEAVY_BALL, memory=2)),
        ({"problem": "sum-of-squares", "degree": 6}, lambda: cj.spectral.sum_of_squares_bound(HEAVY_BALL, degree=6)),
        (
            {"problem": "path-complete", "automaton": cj.spectral.Automaton.from_forbidden([(1, 1)], letters=2)},
            lambda: cj.spectral.path_complete_bound(
                HEAVY_BALL, automaton=cj.spectral.Automaton.from_forbidden([(1, 1)], letters=2)
            ),
        ),
    ],
)
def test_the_program_read_back_changes_sign_at_the_bound(tmp_path, options, bound):
    gamma = bound().gamma
    for factor, sign in ((1.01, 1), (0.99, -1)):
        export_path = tmp_path / "program.dat-s"
        cj.spectral.export_sdpa(export_path, HEAVY_BALL, gamma=gamma * factor, **options)
        margin = solve(export_path)
        assert margin * sign > 1e-6


def test_every_coefficient_is_read_back_exactly(tmp_path):
    cj.spectral.export_sdpa(tmp_path / "a.dat-s", HEAVY_BALL, gamma=1.0, problem="sum-of-squares", degree=4)
    c, sizes, F = read(tmp_path / "a.dat-s")
    pencil = graph_pencil(memory_graph(2, 0), [np.array(m) for m in HEAVY_BALL], half_degree=2)
    assert sizes == [3, 3, 3, -2]
    assert c.tolist() == [0.0] * pencil.variables + [-1.0]
    rng = np.random.default_rng(0)
    x = rng.standard_normal(pencil.variables)
    for block, (growth, image) in enumerate(zip(pencil.growth, pencil.image, strict=True), 1):
        total = sum(x[v - 1] * F[v, block] for v in range(1, len(x) + 1) if (v, block) in F)
        assert total == pytest.approx(value_of(growth, x) - value_of(image, x), abs=1e-12)
        assert (F[len(c), block] == -np.eye(3)).all()


def test_scales_do_not_matter(tmp_path):
    texts = []
    for scale in (1.0, 2.0**900, 2.0**-900):
        path = tmp_path / "scaled.dat-s"
        cj.spectral.export_sdpa(path, np.array(HEAVY_BALL) * scale, gamma=1.1 * scale)
        texts.append(path.read_text().splitlines()[1:])
    assert texts[0] == texts[1] == texts[2]


def test_a_failed_export_leaves_the_old_file(tmp_path):
    path = tmp_path / "old.dat-s"
    path.write_text("old")
    with pytest.raises(cj.ConservativeError):
        cj.spectral.export_sdpa(path, [[[1, 2]]], gamma=1.0)
    with pytest.raises(cj.ConservativeError):
        cj.spectral.export_sdpa(tmp_path / "missing" / "x.dat-s", HEAVY_BALL, gamma=1.0)
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["old.dat-s"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"gamma": 0.0}, "positive"),
        ({"gamma": float("nan")}, "positive"),
        ({"gamma": 1.0, "problem": "cubic"}, "path-complete"),
        ({"gamma": 1.0, "problem": "sum-of-squares", "degree": 1}, "from 2"),
        ({"gamma": 1.0, "problem": "sum-of-squares", "degree": 5}, "even"),
    ],
)
def test_bad_arguments_are_refused(tmp_path, options, message):
    with pytest.raises(cj.ConservativeError, match=message):
        cj.spectral.export_sdpa(tmp_path / "x.dat-s", HEAVY_BALL, **options)
