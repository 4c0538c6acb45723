# cython: language_level=3, cdivision=True
"""Plant time as every layer of a scan sees it."""

cdef struct Clock:
    double h                  # scan period, s of plant time
    double time               # s of plant time since the start
    long long scan            # scans since the start
    unsigned long long seed
    int settling              # 1 while the steady state is being solved for: no noise, sampled analysers behave as continuous ones
