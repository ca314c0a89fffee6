"""Loops in C, where the system has a C compiler and NumPy's calls would cost more than what they compute."""
