"""Solutions of problems on real and on larger data, against scikit-learn and scipy in their scales."""

import numpy as np
import pytest
from scipy.optimize import nnls

from conservative import problems

pytestmark = pytest.mark.peers
datasets = pytest.importorskip("sklearn.datasets")
linear = pytest.importorskip("sklearn.linear_model")
isotonic = pytest.importorskip("sklearn.isotonic")
svm = pytest.importorskip("sklearn.svm")


def data(name: str):
    if name == "diabetes":
        X, y = datasets.load_diabetes(return_X_y=True)
        return X, y - y.mean()
    rng = np.random.default_rng(0)
    rows, p = (442, 200) if name == "tall" else (100, 200)
    X = rng.normal(size=(rows, p))
    return X, X[:, :20] @ rng.normal(size=20) + rng.normal(size=rows)


def close(w: np.ndarray, peer: np.ndarray) -> bool:
    return np.abs(w - peer).max() <= 1e-8 * max(1.0, np.abs(peer).max())


@pytest.mark.parametrize("name", ["diabetes", "tall", "wide"])
def test_lasso_and_elastic_net_are_scikit_learns(name: str) -> None:
    X, y = data(name)
    largest = np.abs(X.T @ y).max() / len(y)
    exact = {"fit_intercept": False, "tol": 1e-14, "max_iter": 100_000}
    for share in (0.3, 1.1):
        peer = linear.Lasso(alpha=share * largest, **exact).fit(X, y).coef_
        assert close(problems.lasso(X, y, scale="mean").solve(share * largest), peer)
    weight = 0.2 * largest
    peer = linear.ElasticNet(alpha=weight, l1_ratio=0.5, **exact).fit(X, y).coef_
    assert close(problems.elastic_net(X, y, ridge=weight / 2, scale="mean").solve(weight / 2), peer)


@pytest.mark.parametrize("name", ["diabetes", "tall"])
def test_ridge_and_nonnegative_least_squares(name: str) -> None:
    X, y = data(name)
    assert close(problems.ridge(X, y).solve(2.0), linear.Ridge(alpha=2.0, fit_intercept=False).fit(X, y).coef_)
    assert close(problems.nonnegative_least_squares(X, y).solve(), nnls(X, y)[0])


def test_logistic_regression_has_liblinears_scale_and_the_mean() -> None:
    X, y = data("diabetes")
    labels = np.sign(y)
    model = linear.LogisticRegression(l1_ratio=1, C=0.5, solver="liblinear", fit_intercept=False, tol=1e-12)
    peer = model.set_params(max_iter=100_000).fit(X, labels).coef_[0]
    assert close(problems.logistic(X, labels).solve(2.0), peer)
    assert close(problems.logistic(X, labels, scale="mean").solve(2.0 / len(y)), peer)


def test_support_vector_machines_and_isotonic_regression() -> None:
    X, y = data("diabetes")
    labels = np.sign(y[:60])
    kernel = 100 * X[:60] @ X[:60].T + np.eye(60)
    model = svm.SVC(C=0.7, kernel="precomputed", tol=1e-10).fit(kernel, labels)
    peer = np.zeros(60)
    peer[model.support_] = np.abs(model.dual_coef_[0])
    assert np.abs(problems.svm_dual(y=labels, kernel=kernel).solve(0.7) - peer).max() < 1e-6
    assert close(problems.isotonic(y).solve(y), isotonic.isotonic_regression(y))
