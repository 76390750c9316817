"""The fixed set: blocks come in, an inner and an outer set around fix(𝒥) and their distance go out."""
