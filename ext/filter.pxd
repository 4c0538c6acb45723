# cython: language_level=3, cdivision=True
"""Continuous cake filter with wash: an algebraic split of what comes in, averaged over the cake cycle.

Cake keeps liquor in proportion to its solids; wash water displaces a part 1 - exp(-e N) of it, N being wash volumes over
cake liquor; a stated share of the solids passes the cloth.
"""

from sheet cimport Sheet, S_TEMP, S_VOL, S_MOL, stream_now, stream_next, liquid_volume, dmax, dmin
from numerics cimport dot, fast_exp

cdef struct Filter:
    int inlet, wash, filtrate, cake
    double moisture             # kg liquor per kg wet cake
    double density              # kg/m3 of liquor
    double efficiency           # e of the wash
    double passing              # share of the solids that passes the cloth
    int probe


cdef enum:
    FILTER_PROBES = 4           # cake kg/s wet, filtrate m3/s, wash ratio, share of liquor washed out


cdef inline void filter_step(Filter* u, Sheet* s) noexcept nogil:
    cdef const double* x = stream_now(s, u.inlet)
    cdef const double* w = stream_now(s, u.wash)
    cdef double* fil = stream_next(s, u.filtrate)
    cdef double* cake = stream_next(s, u.cake)
    cdef double solids, keep, share, washed, n, taken
    cdef int i
    solids = (1.0 - u.passing)*dot(x + S_MOL + s.na, s.mass + s.na, s.nc - s.na)
    keep = solids*u.moisture/(1.0 - u.moisture)/u.density
    share = dmin(keep/dmax(x[S_VOL], 1e-12), 0.95)
    keep = share*x[S_VOL]
    n = w[S_VOL]/dmax(keep, 1e-12)
    washed = 1.0 - fast_exp(-dmin(u.efficiency*n, 50.0))
    washed = dmin(washed, n)
    taken = washed/dmax(n, 1e-12)          # of the wash water stays in the cake
    for i in range(s.na):
        cake[S_MOL + i] = x[S_MOL + i]*share*(1.0 - washed) + w[S_MOL + i]*taken
    for i in range(s.na, s.nc):
        cake[S_MOL + i] = x[S_MOL + i]*(1.0 - u.passing)
    for i in range(s.nc):
        fil[S_MOL + i] = x[S_MOL + i] + w[S_MOL + i] - cake[S_MOL + i]
    fil[S_TEMP] = x[S_TEMP]
    cake[S_TEMP] = x[S_TEMP]
    fil[S_VOL] = liquid_volume(s, fil + S_MOL)
    cake[S_VOL] = liquid_volume(s, cake + S_MOL)
    s.probe[u.probe] = dot(cake + S_MOL, s.mass, s.nc)
    s.probe[u.probe + 1] = fil[S_VOL]
    s.probe[u.probe + 2] = n
    s.probe[u.probe + 3] = washed
