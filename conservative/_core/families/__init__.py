"""What a user may call a family of matrices: arrays, nested lists and files come in, exact square matrices go out."""
