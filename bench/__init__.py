"""Benchmarks: `./dev bench NAME` runs bench/NAME.py; what they share lies in bench/rig/."""
