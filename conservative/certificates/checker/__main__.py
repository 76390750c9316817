"""The command: checks one file, prints the verdict, and has an exit code."""

import sys
from pathlib import Path

from conservative.certificates.checker.document import MAX_CHARACTERS, check_text


def main(arguments: list[str]) -> int:
    """Check one file and print the verdict; the exit code is 0 if valid, 1 if not, 2 if the file cannot be read."""
    if len(arguments) != 1:
        print("usage: python checker.py FILE", file=sys.stderr)
        return 2
    try:
        path = Path(arguments[0])
        if path.exists() and not path.is_file():
            raise OSError("not a regular file")
        if path.stat().st_size > MAX_CHARACTERS:
            raise OSError(f"larger than {MAX_CHARACTERS} bytes")
        valid, reason = check_text(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        print(
            f"cannot read {arguments[0]!a}: {getattr(error, 'strerror', None) or ascii(str(error))[1:-1]}",
            file=sys.stderr,
        )
        return 2
    except KeyboardInterrupt:
        print("interrupted: nothing is said about the certificate", file=sys.stderr)
        return 130
    print(f"valid: {reason}" if valid else f"invalid: {reason}")
    return 0 if valid else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
