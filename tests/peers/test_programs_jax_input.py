"""What is no program, or cannot be traced, is refused with its line and the remedy."""

import subprocess
import sys
from collections import namedtuple

import numpy as np
import pytest

import conservative as cj

pytestmark = pytest.mark.peers
jax = pytest.importorskip("jax")
jnp, lax = jax.numpy, jax.lax
ONE = np.ones(2)
RANDOM = np.random.default_rng(0)


def branches(x):
    if x[0] > 0:
        return x
    return 2 * x


def loops(x):
    while x[0] > 0:
        x = x - 1
    return x


def is_silent(x):
    x + 1


REFUSED = [
    (3.0, ONE, None, cj.ArgumentTypeError, "needs a function"),
    (lambda x: x, ONE, ONE, cj.ArgumentTypeError, "Leave `theta` out"),
    (lambda x, theta: x, ONE, None, cj.ArgumentTypeError, "Give its second argument as `theta`"),
    (lambda x, theta, data: x, ONE, ONE, cj.ArgumentTypeError, "Bind what is not differentiated"),
    (lambda x: x, np.ones(2, dtype=int), None, cj.ArgumentTypeError, "x holds int64"),
    (lambda x: x["w"], {"w": ONE, "n": np.arange(2)}, None, cj.ArgumentTypeError, "n holds int64"),
    (lambda x: x, np.ones(2, dtype=complex), None, cj.ArgumentTypeError, "real and imaginary parts"),
    (lambda x: x, np.ones(2, dtype=bool), None, cj.ArgumentTypeError, "x holds bool"),
    (lambda x: x, {"f": jnp.sin}, None, cj.ArgumentTypeError, "its arrays alone"),
    (lambda x: x, "abc", None, cj.ArgumentTypeError, "x holds"),
    (lambda x: x, {}, None, cj.EmptySetError, "at least one number"),
    (lambda x: x, np.array([np.nan]), None, cj.NonFiniteError, "x holds nan"),
    (lambda x: x.T, np.ones((2, 3)), None, cj.ShapeError, "Return the state as it came"),
    (lambda x: (x, x), (ONE, 1.0, 1.0), None, cj.FunctionError, None),
    (lambda x: x * 1j, ONE, None, cj.FunctionError, "returned complex"),
    (is_silent, ONE, None, cj.FunctionError, "has it a `return`"),
    (lambda x: "text", ONE, None, cj.FunctionError, "cannot be traced"),
    (branches, ONE, None, cj.FunctionError, r"test_programs_jax_input.py:\d+: `if` and `while` cannot be traced"),
    (loops, ONE, None, cj.FunctionError, "jax.lax.while_loop"),
    (lambda x: np.sin(x), ONE, None, cj.FunctionError, "Use `jax.numpy`"),
    (lambda x: x[x > 0], ONE, None, cj.FunctionError, "instead of masks"),
    (lambda x: x * int(x[0]), ONE, None, cj.FunctionError, "needs the value"),
    (lambda x: x @ jnp.ones(3), ONE, None, cj.FunctionError, "cannot be traced"),
    (lambda x: x * RANDOM.random(), ONE, None, cj.FunctionError, "random numbers"),
]


@pytest.mark.parametrize(("F", "x", "theta", "error", "message"), REFUSED, ids=range(len(REFUSED)))
def test_what_cannot_be_traced_is_refused(F, x, theta, error, message):
    if message is None:
        assert cj.from_jax(F, x).size == 8
        return
    with pytest.raises(error, match=message):
        cj.from_jax(F, x, theta)


AT_A_POINT = [
    (jnp.sqrt, [0.0], cj.FunctionError, "not finite here: sqrt"),
    (lambda x: jnp.log(x), [-1.0], cj.FunctionError, "not finite at the point"),
    (lambda x: x / jnp.sum(x), [0.0, 0.0], cj.FunctionError, r"div at test_programs_jax_input.py:\d+"),
    (lambda x: x**0.5, [0.0], cj.FunctionError, "pow at|sqrt at"),
    (lambda x: jnp.linalg.eigh(x.reshape(2, 2))[1].ravel(), [1.0, 0, 0, 1], cj.FunctionError, "eigh at"),
    (lambda x: jnp.where(x > 0, x, x + 1), [0.0], cj.DiscontinuityError, r"gt\[0\] at .* component 0 is 1 or 0"),
    (jnp.floor, [2.0], cj.DiscontinuityError, "component 0 is 2 or 1"),
    (jnp.round, [0.5], cj.DiscontinuityError, "component 0"),
    (lambda x: jnp.sign(x) + x, [0.0], cj.DiscontinuityError, "component 0"),
    (lambda x: x.astype(int) * 1.0, [3.0], cj.DiscontinuityError, "component 0"),
    (lambda x: lax.approx_max_k(x, 1)[0], [1.0, 2.0], cj.FunctionError, r"approx_top_k at .* `jax.lax.top_k`"),
    (lambda x: jnp.sort(x), [1.0] * 9, cj.BudgetError, "sorts 9 equal values"),
    (
        lambda x: lax.while_loop(lambda a: a[0] > 0, lambda a: a - 1, x),
        [2.0],
        cj.FunctionError,
        "fixed step size",
    ),
]


@pytest.mark.parametrize(("F", "at", "error", "message"), AT_A_POINT, ids=range(len(AT_A_POINT)))
def test_where_there_is_no_set_the_line_is_named(F, at, error, message):
    program = cj.from_jax(F, np.array(at))
    with pytest.raises(error, match=message):
        program.switched()


def test_orders_without_ties_are_followed():
    program = cj.from_jax(lambda x: x[jnp.argsort(x)] * jnp.argmax(x), np.array([3.0, 1.0, 2.0]))
    assert program.evaluate([1, 2, 4]).tolist() == [2, 4, 8]
    assert program.switched([1, 4, 2]).vertices()[0].tolist() == [[1, 0, 0], [0, 0, 1], [0, 1, 0]]


def test_names_come_from_the_paths_of_leaves():
    pair = namedtuple("pair", "w b")
    program = cj.from_jax(
        lambda x, theta: pair(x.w * theta["rate"], x.b), pair(np.ones((1, 2)), 0.5), {"rate": 1.0, "rest": [1.0, 2.0]}
    )
    assert program.names == ("w[0,0]", "w[0,1]", "b", "rate", "rest[0]", "rest[1]")
    clashing = cj.from_jax(lambda x, theta: {"w": x["w"] + theta["w"]}, {"w": 1.0}, {"w": 2.0})
    assert clashing.names == ("x.w", "theta.w")
    assert cj.from_jax(lambda x, t: x * t[0], 1.0, [2.0]).names == ("x", "theta[0]")


def test_single_precision_is_told_of_and_decides_no_tie_in_silence():
    S = cj.from_jax(lambda x: x, np.ones(1, dtype=np.float32)).switched()
    assert S.warnings == ("x is float32; it is traced in double precision.",)
    S = cj.from_jax(lambda x: jnp.maximum(x.astype(jnp.float32), 0), np.array([1e-8])).switched()
    assert len(S.ties) == 1
    assert "float32" in S.warnings[0]


def test_the_precision_of_the_user_is_left_as_it_is():
    before = jax.config.jax_enable_x64
    try:
        jax.config.update("jax_enable_x64", False)
        F = cj.from_jax(jnp.abs, np.zeros(1))
        assert F.evaluate([1 / 3])[0] == 1 / 3
        F.switched()
        assert jnp.ones(1).dtype == jnp.float32
    finally:
        jax.config.update("jax_enable_x64", before)


def test_what_a_program_prints_is_told_of():
    def loud(x):
        print("here")
        return x

    assert "prints while it runs" in cj.from_jax(loud, ONE).switched().warnings[0]


def test_a_rule_that_is_no_derivative_is_honoured_and_inlined_on_request():
    @jax.custom_vjp
    def slow(x):
        return jnp.abs(x)

    slow.defvjp(lambda x: (slow(x), x), lambda x, u: (0.1 * u,))
    honoured = cj.from_jax(slow, np.zeros(1)).switched()
    assert honoured.vertices().tolist() == [[[0.1]]]
    assert not honoured.clean
    inlined = cj.from_jax(slow, np.zeros(1), custom_rules="inline").switched()
    assert sorted(inlined.vertices().ravel()) == [-1, 1]
    inlined = cj.from_jax(slow, np.ones(1), custom_rules="inline").switched()
    assert "0.9 away from the set" in inlined.warnings[0]
    with pytest.raises(cj.ArgumentError, match="'honour', 'inline'"):
        cj.from_jax(slow, ONE, custom_rules="ignore")


def test_a_rule_with_ties_of_its_own_is_opened():
    @jax.custom_jvp
    def kink(x):
        return jnp.abs(x)

    @kink.defjvp
    def _(primals, tangents):
        (x,), (v,) = primals, tangents
        return kink(x), jnp.where(x > 0, 3 * v, jnp.where(x < 0, -2 * v, 7 * v))

    S = cj.from_jax(kink, 0.0).switched()
    assert sorted(S.vertices().ravel()) == [-2, 3, 7]
    assert S.framework_choice.tolist() == [[7]]


def test_a_linear_solve_inside_a_rule_depends_on_the_choice():
    @jax.custom_jvp
    def root(t):
        return jnp.zeros_like(t)

    @root.defjvp
    def _(primals, tangents):
        (t,), (v,) = primals, tangents
        slope = jnp.where(2 * t > 0, 0.5, 0.0)
        return root(t), v / (1 - slope)

    S = cj.from_jax(lambda t: jnp.where(t > 0, root(t), 0 * t), 0.0).switched()
    assert sorted(set(S.vertices().ravel())) == [0, 1, 2]


def test_without_jax_the_remedy_is_told():
    code = (
        "import sys; sys.modules['jax'] = None\n"
        "import conservative as cj\n"
        "try: cj.from_jax(abs, 1.0)\n"
        "except cj.MissingExtraError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install 'conservative[jax]'" in done.stdout


def test_checks_in_branches_that_are_not_taken_raise_nothing():
    def checked(x):
        def fail(v):
            raise ArithmeticError

        like = jax.ShapeDtypeStruct((1,), jnp.float64)
        broken = lax.cond(
            jnp.any(lax.stop_gradient(x) > 5),
            lambda: jax.pure_callback(fail, like, 0.0),
            lambda: jnp.zeros(1, jnp.float64),
        )
        jax.debug.print("seen")
        return jnp.maximum(x, 0) + broken

    assert sorted(cj.from_jax(checked, np.zeros(1)).switched().vertices().ravel()) == [0, 1]


def test_what_jax_cannot_differentiate_or_run_is_told_of():
    def called(x):
        return jax.pure_callback(lambda v: v, jax.ShapeDtypeStruct((1,), jnp.float64), x)

    with pytest.raises(cj.FunctionError, match="cannot be differentiated by JAX: Pure callbacks"):
        cj.from_jax(called, np.zeros(1)).switched()

    def failing(x):
        return x + jax.pure_callback(lambda: 1 / 0, jax.ShapeDtypeStruct((1,), jnp.float64))

    with pytest.raises(cj.FunctionError, match="raised while it ran: ZeroDivisionError"):
        cj.from_jax(failing, np.zeros(1)).evaluate([0.0])
