# cython: language_level=3, cdivision=True
"""Reverse osmosis: what its pump gives is parted at a recovery, and a share of the solutes is held back.

    permeate = recovery x feed, c_permeate = (1 - rejection) c_feed
"""

from sheet cimport Sheet, S_TEMP, S_VOL, S_MOL, stream_now, stream_next, liquid_volume, dmax

cdef struct Membrane:
    int inlet, permeate, retentate
    double recovery             # permeate over feed, by volume
    double rejection            # 1 - c_permeate/c_feed
    int probe


cdef enum:
    MEMBRANE_PROBES = 2         # permeate m3/s, concentration factor of the retentate


cdef inline void membrane_step(Membrane* u, Sheet* s) noexcept nogil:
    cdef const double* x = stream_now(s, u.inlet)
    cdef double* per = stream_next(s, u.permeate)
    cdef double* ret = stream_next(s, u.retentate)
    cdef double solutes = 0.0, water, passed = u.recovery*(1.0 - u.rejection)
    cdef int i
    for i in range(s.nc):
        per[S_MOL + i] = passed*x[S_MOL + i] if i < s.na else 0.0
    for i in range(s.na):
        if i != s.i_h2o:
            solutes += per[S_MOL + i]*s.vmol[i]
    water = (u.recovery*x[S_VOL] - solutes)/s.vmol[s.i_h2o]
    per[S_MOL + s.i_h2o] = dmax(water, 0.0)
    for i in range(s.nc):
        ret[S_MOL + i] = x[S_MOL + i] - per[S_MOL + i]
    per[S_TEMP] = x[S_TEMP]
    ret[S_TEMP] = x[S_TEMP]
    per[S_VOL] = liquid_volume(s, per + S_MOL)
    ret[S_VOL] = liquid_volume(s, ret + S_MOL)
    s.probe[u.probe] = per[S_VOL]
    s.probe[u.probe + 1] = (1.0 - passed)/(1.0 - u.recovery)
