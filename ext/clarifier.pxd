# cython: language_level=3, cdivision=True
"""Clarifying filter of effluent, and the valve behind it: open to discharge, closed to the hold tank.

What settles on it leaves as sludge, with liquor in proportion to its solids; a stated share of the solids passes. The
turbidity is that share's, in proportion to its kg/m3; what stands in the line without flow reads as it did.
"""

from numerics cimport dot
from sheet cimport Sheet, S_MOL, S_TEMP, S_VOL, dmax, dmin, liquid_volume, stream_next, stream_now

cdef struct Clarifier:
    int inlet, out, hold, sludge
    int discharge               # actuator: open to discharge, closed to the hold tank
    double passing              # share of the solids
    double moisture             # kg liquor per kg of sludge
    double density              # kg/m3 of liquor
    double ntu                  # NTU per kg/m3 of solids
    int probe


cdef enum:
    CLARIFIER_PROBES = 3        # filtrate m3/s, its turbidity, sludge kg/s


cdef inline void clarifier_step(const Clarifier* u, Sheet* s) noexcept nogil:
    cdef const double* x = stream_now(s, u.inlet)
    cdef double* out = stream_next(s, u.out)
    cdef double* hold = stream_next(s, u.hold)
    cdef double* sludge = stream_next(s, u.sludge)
    cdef double* p = s.probe + u.probe
    cdef double solids = dot(x + S_MOL + s.na, s.mass + s.na, s.nc - s.na), clear, opened = s.drive[u.discharge], share
    cdef int i
    share = (1.0 - u.passing)*solids*u.moisture/((1.0 - u.moisture)*u.density)
    share = dmin(share/dmax(x[S_VOL], 1e-12), 0.95)
    for i in range(s.nc):
        sludge[S_MOL + i] = x[S_MOL + i]*(share if i < s.na else 1.0 - u.passing)
        clear = x[S_MOL + i] - sludge[S_MOL + i]
        out[S_MOL + i] = opened*clear
        hold[S_MOL + i] = clear - out[S_MOL + i]
    out[S_TEMP] = x[S_TEMP]
    hold[S_TEMP] = x[S_TEMP]
    sludge[S_TEMP] = x[S_TEMP]
    out[S_VOL] = liquid_volume(s, out + S_MOL)
    hold[S_VOL] = liquid_volume(s, hold + S_MOL)
    sludge[S_VOL] = liquid_volume(s, sludge + S_MOL)
    p[0] = out[S_VOL] + hold[S_VOL]
    if p[0] > 1e-12:
        p[1] = u.ntu*u.passing*solids/p[0]
    p[2] = dot(sludge + S_MOL, s.mass, s.nc)
