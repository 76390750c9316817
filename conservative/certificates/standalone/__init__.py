"""The checker as one file to copy, and what joins it from the package `conservative.certificates.checker`."""
