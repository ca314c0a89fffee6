"""Primitives that draw random numbers from explicit keys.

A key is an array of unsigned 32-bit integers: two of them for the generator threefry2x32, four for philox. The
last axis of a `keys` operand is that of a key; axes before it are a batch of keys, and become the leading axes
of the result.
"""
