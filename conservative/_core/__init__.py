"""What users give comes in, checked numbers, matrices and files of matrices go out; errors. No domain knowledge.

Readers of matrix files are in `families/`.
"""
