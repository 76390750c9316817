"""Small tools without domain knowledge: errors, argument checks, honest numbers, exact entries, files."""
