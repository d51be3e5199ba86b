"""What the product costs, measured: CPU, bytes, commits and throughput, beside alternatives.

    python -m bench            everything; prints a table and writes var/bench.json
    python -m bench --quick    a few rounds of everything, to see that it runs
    python -m bench --only thin

Figures are medians of interleaved rounds after a warm-up (calls of a microsecond: the fastest
round); ratios always come from one run.
"""
