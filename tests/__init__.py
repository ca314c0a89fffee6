"""The tests of funcgrad."""
