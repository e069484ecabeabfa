"""Benchmarks: `make bench` prints one table. Programs, never tests: they compare within one run on one machine."""
