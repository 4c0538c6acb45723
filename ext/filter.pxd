# cython: language_level=3, cdivision=True
"""Continuous cake filter with wash: an algebraic split of what comes in, averaged over the cake cycle.

Cake keeps liquor in proportion to its solids; wash water displaces a part 1 - exp(-e N) of it, N being wash volumes over
cake liquor; a stated share of the solids passes the cloth.

A belt has a drive, and a cake as thick as what comes in over its speed. Up to twice the usual thickness is carried; what
is more, or all when the belt stands, is swept with the filtrate. Thin cake lets the vacuum in, P = 2 P0 h/(1 + h) with h
the thickness over the usual one, and wet cake is what a weak vacuum leaves: m = m0 (1 + WET (1 - P/P0)), and a thick one.
The conductivity is that of the liquor which the last of the wash leaves in the cake, as NaCl at 25 C (Falkenhagen).
"""

from sheet cimport Sheet, S_TEMP, S_VOL, S_MOL, stream_now, stream_next, liquid_volume, dmax, dmin
from numerics cimport dot, fast_exp
from conductivity cimport conductivity

cdef extern from *:
    """
    #define WET 0.36            /* [T] of the moisture, without vacuum */
    #define THICK 0.1           /* [T] the same, of cake twice as thick */
    #define CARRIED 2.0         /* [T] usual thicknesses that a belt carries */
    """
    const double WET, THICK, CARRIED

cdef struct Filter:
    int inlet, wash, filtrate, cake
    double moisture             # kg liquor per kg wet cake
    double density              # kg/m3 of liquor
    double efficiency           # e of the wash
    double passing              # share of the solids that passes the cloth
    int belt                    # actuator of the belt, -1: averaged over the cycle of a filter without one
    double belt_normal          # its usual speed, 0..1
    double load                 # kg/s of solids that make the usual cake at that speed
    double vacuum               # Pa under the usual cake
    int chloride                # species
    int probe


cdef enum:
    FILTER_PROBES = 7           # cake kg/s wet, filtrate m3/s, wash ratio, share of liquor washed out; of a belt: vacuum Pa
                                # (below 0), moisture of the cake, conductivity of what drains last S/m


cdef inline void filter_split(const Filter* u, Sheet* s, double passing, double moisture) noexcept nogil:
    cdef const double* x = stream_now(s, u.inlet)
    cdef const double* w = stream_now(s, u.wash)
    cdef double* fil = stream_next(s, u.filtrate)
    cdef double* cake = stream_next(s, u.cake)
    cdef double solids, keep, share, washed, n, taken
    cdef int i
    solids = (1.0 - passing)*dot(x + S_MOL + s.na, s.mass + s.na, s.nc - s.na)
    keep = solids*moisture/(1.0 - moisture)/u.density
    share = dmin(keep/dmax(x[S_VOL], 1e-12), 0.95)
    keep = share*x[S_VOL]
    n = w[S_VOL]/dmax(keep, 1e-12)
    washed = 1.0 - fast_exp(-dmin(u.efficiency*n, 50.0))
    washed = dmin(washed, n)
    taken = washed/dmax(n, 1e-12)          # of the wash water stays in the cake
    for i in range(s.na):
        cake[S_MOL + i] = x[S_MOL + i]*share*(1.0 - washed) + w[S_MOL + i]*taken
    for i in range(s.na, s.nc):
        cake[S_MOL + i] = x[S_MOL + i]*(1.0 - passing)
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


cdef inline void filter_step(const Filter* u, Sheet* s) noexcept nogil:
    """A filter of which only the mean over its cycle is asked."""
    filter_split(u, s, u.passing, u.moisture)


cdef inline void belt_step(const Filter* u, Sheet* s) noexcept nogil:
    """A filter with a belt, or without one."""
    cdef double* p = s.probe + u.probe
    cdef const double* x = stream_now(s, u.inlet)
    cdef const double* cake
    cdef double solids, carried, thick = 1.0, passing = u.passing, moisture = u.moisture, salt, hold
    if u.belt >= 0:
        solids = dot(x + S_MOL + s.na, s.mass + s.na, s.nc - s.na)
        hold = u.load*s.drive[u.belt]/u.belt_normal
        carried = dmin(solids, CARRIED*hold)
        passing = 1.0 - (1.0 - passing)*carried/dmax(solids, 1e-12) if solids > carried else passing
        thick = carried/dmax(hold, 1e-12)
        p[4] = -2.0*u.vacuum*thick/(1.0 + thick)
        moisture *= 1.0 + (WET*(1.0 + p[4]/u.vacuum) if thick < 1.0 else THICK*(thick - 1.0))
    filter_split(u, s, passing, dmin(moisture, 0.95))
    if u.belt >= 0:
        cake = stream_next(s, u.cake)
        solids = dot(cake + S_MOL + s.na, s.mass + s.na, s.nc - s.na)
        p[5] = 1.0 - solids/p[0] if p[0] > 1e-12 else 0.0
        salt = 1e-3*dmax(cake[S_MOL + u.chloride], 0.0)/cake[S_VOL] if cake[S_VOL] > 1e-15 else 0.0
        p[6] = conductivity(salt)
