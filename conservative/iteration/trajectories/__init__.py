"""Iterates 𝒳_0, 𝒳_1, …: blocks, or a function along its own iterates, come in; sets, gaps and bounds go out."""
