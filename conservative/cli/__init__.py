"""The command line: parse, call, show. No mathematics, and nothing heavy is imported before it is needed."""

from conservative.cli.main import main as main
