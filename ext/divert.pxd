# cython: language_level=3, cdivision=True
"""Divert valves: off-spec product goes its own way, by the purity analyser or by hand.

Open to product after so many good results in a row, closed to it by the first that is not good, and by a reading that is
Bad. What the analyser finds is as old as its result, so some oxide of either sort goes the wrong way. By hand (the hand
switch is on) the valve is the operator's, and an outside controller's is its own; results are counted all the same.
"""

from quality cimport is_bad

cdef enum:
    DIVERT_MEM = 2
    V_TAKEN = 0         # s, time of the last result's sample
    V_GOOD = 1          # good results in a row

cdef struct Divert:
    int cmd             # row of the valve's command: true opens it to product
    int hand            # row of the hand switch
    int pv, sample_time # rows of the analyser
    int mem
    double limit        # least purity, eu of the analyser
    double wanted       # good results in a row that open it


cdef inline void divert_reset(const Divert* d, double* mem, double* sig, const unsigned int* qual) noexcept nogil:
    """As if the present result had stood for ever."""
    cdef double* m = mem + d.mem
    m[V_TAKEN] = sig[d.sample_time]
    m[V_GOOD] = d.wanted if sig[d.pv] >= d.limit and not is_bad(qual[d.pv]) else 0.0
    if sig[d.hand] == 0.0:
        sig[d.cmd] = m[V_GOOD] >= d.wanted


cdef inline void divert_scan(
    const Divert* d, double* mem, double* sig, const unsigned int* qual, const unsigned char* external
) noexcept nogil:
    cdef double* m = mem + d.mem
    if is_bad(qual[d.pv]):
        m[V_GOOD] = 0.0
    elif sig[d.sample_time] != m[V_TAKEN]:
        m[V_TAKEN] = sig[d.sample_time]
        m[V_GOOD] = m[V_GOOD] + 1.0 if sig[d.pv] >= d.limit else 0.0
    if sig[d.hand] == 0.0 and not external[d.cmd]:
        if m[V_GOOD] >= d.wanted:
            sig[d.cmd] = 1.0
        elif m[V_GOOD] == 0.0:
            sig[d.cmd] = 0.0
