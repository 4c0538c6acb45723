# cython: language_level=3, cdivision=True
"""Air over extraction banks: diluent evaporates from what the mixers stir up, a fan and the draught carry it away.

    V dc/dt = E - Q c,    E = E_full (still + (1 - still) m),    Q = air n + draught

with c the fraction of vapour, m the mean speed of the mixers and n the fan's: well mixed, implicit in c. The reading is a
share of the lower explosive limit.
"""

from sheet cimport Sheet

cdef struct Enclosure:
    int fan                     # actuator
    int n_mixers
    int* mixer                  # actuators
    double volume               # mol of air over the banks
    double air                  # mol/s through it at full speed of the fan
    double draught              # mol/s without it
    double vapour               # mol/s that evaporates while all mixers turn at full speed
    double still                # share of that while none does
    double limit                # fraction of vapour at the lower explosive limit
    int probe


cdef enum:
    ENCLOSURE_PROBES = 1        # vapour over the lower explosive limit


cdef inline void enclosure_step(const Enclosure* u, Sheet* s, double* y, double tick) noexcept nogil:
    """State: fraction of vapour."""
    cdef double turning = 0.0, made
    cdef int k
    for k in range(u.n_mixers):
        turning += s.drive[u.mixer[k]]/u.n_mixers
    made = u.vapour*(u.still + (1.0 - u.still)*turning)
    y[0] = (y[0] + tick*made/u.volume)/(1.0 + tick*(u.air*s.drive[u.fan] + u.draught)/u.volume)
    s.probe[u.probe] = y[0]/u.limit
