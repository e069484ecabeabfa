"""Benchmarks. `make bench` prints one table. These are programs, not tests: compare only figures of one run."""
