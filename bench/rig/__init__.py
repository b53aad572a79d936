"""What benchmarks are made of: contenders, counters, intervals, the report."""
