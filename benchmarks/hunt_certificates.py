"""Forged certificates and hostile files: nothing false may be proved, and every refusal is in the package's own words.

    python benchmarks/hunt_certificates.py --minutes 10 --seed 0

*Certificates.* An honest one of each kind is changed in one to three places, and sealed again with right digests and a
right sentence: what a forger would hand out. Where the checker still says valid, its claim is compared with brackets
of the joint spectral radius from products in double precision, which know nothing of proofs: a lower end above every
norm, or an upper end below a radius, is a forgery that passed. Many changes are harmless; those are counted.

*Files.* A good file of each kind that is read has bytes changed, cut out, doubled, or tokens replaced by absurd ones.
Whatever comes out but a result or a `ConservativeError` is a fault.
"""

import argparse
import copy
import io
import json
import random
import sys
import tempfile
import time
import traceback
from collections import Counter
from fractions import Fraction
from pathlib import Path

import numpy as np
import scipy.io

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from strategies.certificates import seal
from strategies.samples import samples

import conservative as cj
from conservative._core.families.readers import read_family
from conservative.functions.parametrised_files import read_parametrised_file

NUMBERS = ["0", "1", "-1", "1/2", "-1/3", "2", "3/4", "1000000", "1/1000000", "-0", "01", "1e3", "x", ""]
VALUES = [0, 1, -1, 2, 7, True, None, [], {}, "0", "1", 1.5, 10**9, [[]], "\u0661"]
TOKENS = [
    b"1e9999",
    b"9" * 4301,
    b"-",
    b"[[[[",
    b"]]",
    b"NaN",
    b"\xff",
    b"\0",
    b"2\xc2\xb2",
    b"1/0",
    b"a.a.a",
    b"{}",
    b'"',
]


def places(value, path=()):
    """The paths of all values inside a document."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from places(item, (*path, key))


def at(document, path):
    for key in path:
        document = document[key]
    return document


def mutated(document, rng):
    """A document changed in a few places of its problem, claim or proof."""
    mutant = copy.deepcopy(document)
    for _ in range(rng.randint(1, 3)):
        path = rng.choice([p for p in places(mutant) if len(p) > 1 and p[0] in ("problem", "claim", "proof")])
        parent, key, value = at(mutant, path[:-1]), path[-1], at(mutant, path)
        match rng.randrange(6):
            case 0 if isinstance(parent, list):
                parent.insert(rng.randint(0, len(parent)), copy.deepcopy(value))
            case 1:
                del parent[key]
            case 2:
                parent[key] = copy.deepcopy(rng.choice(VALUES))
            case 3:
                other = rng.choice(list(places(mutant)))
                parent[key] = copy.deepcopy(at(mutant, other)) if other != path[: len(other)] else value
            case 4 if isinstance(value, int):
                parent[key] = value + rng.choice([-1, 1])
            case _:
                parent[key] = near(value, rng) if isinstance(value, str) else rng.choice(NUMBERS)
    return mutant


def near(text, rng):
    """A number beside the one in a text, or any."""
    try:
        number = Fraction(text)
    except (ValueError, ZeroDivisionError):
        return rng.choice(NUMBERS)
    return str(rng.choice([number * 99 / 100, number * 101 / 100, -number, number + 1, number - 1, 1 + number / 10**9]))


def bracket(document):
    """Bounds of the joint, or of the lower, spectral radius from products of up to six matrices, in doubles."""
    matrices, automaton = document["problem"]["matrices"], document["problem"].get("automaton")
    family = np.array([[[float(Fraction(x)) for x in row] for row in m] for m in matrices])
    slowest = document["claim"]["quantity"] == "lower spectral radius"
    if slowest and automaton is not None:  # no simple bracket
        return -np.inf, np.inf
    if automaton is not None:
        n, nodes = family.shape[1], automaton["nodes"]
        lifted = np.zeros((len(automaton["edges"]), nodes * n, nodes * n))
        for matrix, (u, v, letter) in zip(lifted, automaton["edges"], strict=True):
            matrix[u * n : (u + 1) * n, v * n : (v + 1) * n] = family[letter]
        family = lifted
    low, high, products = 0.0, np.inf, np.eye(family.shape[1])[None]
    for length in range(1, 7):
        if len(products) * len(family) > 3000:
            break
        products = (products[:, None] @ family[None]).reshape(-1, *family.shape[1:])
        radii, singular = np.abs(np.linalg.eigvals(products)).max(axis=1), np.linalg.svd(products, compute_uv=False)
        floor, ceiling = (singular[:, -1].min(), radii.min()) if slowest else (radii.max(), singular[:, 0].max())
        low, high = max(low, float(floor) ** (1 / length)), min(high, float(ceiling) ** (1 / length))
    return low, high


def forge(honest, rng, counts):
    """One forged certificate; what is wrong with the checker's answer, or nothing."""
    name = rng.choice(list(honest))
    document = seal(mutated(honest[name], rng))
    verdict = cj.check(document)
    counts["valid" if verdict else "refused"] += 1
    if not verdict:
        return None
    claim = document["claim"]
    relation = claim["relation"]
    lower = claim.get("lower", claim.get("bound") if relation in (">", ">=") else None)
    upper = claim.get("upper", claim.get("bound") if relation in ("<", "<=") else None)
    low, high = bracket(document)
    room = 1e-7 * max(1.0, high)
    forged = lower is not None and float(Fraction(lower)) > high + room
    forged = forged or (upper is not None and float(Fraction(upper)) < low - room)
    return f"FORGED {name}: {claim['sentence']} against [{low}, {high}]\n{json.dumps(document)}" if forged else None


def good_files(honest):
    """One good file of each kind, with what reads it."""
    pair, stream = np.array([[[0.75, -0.75], [1, 0]], [[1.5, -0.75], [1, 0]]]), {k: io.BytesIO() for k in "abc"}
    np.save(stream["a"], pair)
    np.savez(stream["b"], M1=pair[0], M2=pair[1])
    scipy.io.savemat(stream["c"], {"M1": pair[0], "M2": pair[1]})
    function = b'title = "t"\nstate = ["x"]\nparameters = ["t"]\nF = ["Abs(x)/2 + t"]\nat = { x = 0, t = "1/3" }\n'
    family = b'title = "t"\nmatrices = [[["1 - a", "-b"], [1, 0]]]\n[ranges]\na = [0, "3/2"]\nb = 0.5\n'
    return [
        (".json", json.dumps([[["3/4", -0.75], [1, 0]]]).encode(), read_family),
        (".csv", b"0.75, -3/4\n1, 0\n\n3/2;-0.75\n1 0\n", read_family),
        (".npy", stream["a"].getvalue(), read_family),
        (".npz", stream["b"].getvalue(), read_family),
        (".mat", stream["c"].getvalue(), read_family),
        (".toml", function, cj.functions.read_function_file),
        (".toml", family, read_parametrised_file),
        *[(".json", json.dumps(d).encode(), cj.load_certificate) for d in honest.values()],
    ]


def spoiled(data, rng):
    content = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        start = rng.randrange(len(content) + 1)
        stop = min(len(content), start + rng.choice([0, 1, 1, 2, 8, 64]))
        piece = rng.choice([rng.randbytes(stop - start), b"", content[start:stop] * 2, rng.choice(TOKENS)])
        content[start:stop] = piece
    return bytes(content)


def hostile(files, folder, rng, counts):
    """One hostile file; the traceback of what came out, or nothing."""
    suffix, data, read = rng.choice(files)
    path = folder / f"file{suffix}"
    path.write_bytes(spoiled(data, rng))
    try:
        read(path)
        counts["read"] += 1
    except cj.ConservativeError:
        counts["not read"] += 1
    except Exception:
        return f"FAULT in {suffix}: {path.read_bytes()[:2000]!r}\n{traceback.format_exc()}"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    honest = {name: certificate.document for name, certificate in samples().items()}
    files, rng, counts, faults = good_files(honest), random.Random(options.seed), Counter(), 0
    end = time.monotonic() + 60 * options.minutes
    with tempfile.TemporaryDirectory() as folder:
        while time.monotonic() < end:
            try:
                wrong = forge(honest, rng, counts) if rng.random() < 0.5 else hostile(files, Path(folder), rng, counts)
            except Exception:
                wrong = traceback.format_exc()
            if wrong is not None:
                faults += 1
                print(wrong, flush=True)
    print(", ".join(f"{count} {what}" for what, count in sorted(counts.items())), f"; {faults} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
