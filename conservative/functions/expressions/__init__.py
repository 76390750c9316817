"""Safe readers: sympy expressions and text come in, expression graphs go out; nothing is ever executed."""
