"""Counterexamples: a family with parameters comes in; values with stable matrices and a product that expands go out."""

from conservative.spectral.counterexamples.claims import FunctionClaim as FunctionClaim
from conservative.spectral.counterexamples.claims import FunctionScope as FunctionScope
from conservative.spectral.counterexamples.counterexample import counterexample as counterexample
from conservative.spectral.counterexamples.kink_report import KinkReport as KinkReport
from conservative.spectral.counterexamples.kink_report import KinkStatus as KinkStatus
from conservative.spectral.counterexamples.kinks import follow_kink as follow_kink
from conservative.spectral.counterexamples.plane import CounterexampleMap as CounterexampleMap
from conservative.spectral.counterexamples.plane import RegionVerdict as RegionVerdict
from conservative.spectral.counterexamples.regions import counterexample_map as counterexample_map
from conservative.spectral.counterexamples.result import Counterexample as Counterexample
from conservative.spectral.counterexamples.result import CounterexampleStatus as CounterexampleStatus
