"""Maps without symbols: weight matrices and scalar pieces come in, a `StructuredMap` goes out."""
