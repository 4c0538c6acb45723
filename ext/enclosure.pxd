# cython: language_level=3, cdivision=True
"""Air over extraction banks: diluent evaporates from what the mixers stir up, a fan and the draught carry it away.

    V dc/dt = E - Q c,    E = E_full (still (1 + w) + (1 - still) m (1 + w)),    Q = air n + draught

with c the fraction of vapour, m the mean speed of the mixers and n the fan's: well mixed, implicit in c. Each circuit gives
off 1 + w times as much where its organic is warmer than at the temperature of its figures, as it loses diluent (ext/sx.pxd).
The reading is a share of the lower explosive limit.
"""

from numerics cimport fast_exp
from sheet cimport R_GAS, Sheet
from sx cimport VAPOUR_EA

cdef struct Enclosure:
    int fan                     # actuator
    int n_mixers
    int* mixer                  # actuators
    int* organic                # probe of the temperature in the circuit of each
    double* at                  # K at which each gives off its share; 0: at any temperature
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
    cdef double turning = 0.0, warmer = 0.0, made, w, t
    cdef int k
    for k in range(u.n_mixers):
        t = s.probe[u.organic[k]] if u.at[k] > 0.0 else 0.0
        # nought before the circuit has shown it
        w = fast_exp(VAPOUR_EA/R_GAS*(1.0/u.at[k] - 1.0/t)) - 1.0 if t > 0.0 else 0.0
        turning += (1.0 + w)*s.drive[u.mixer[k]]/u.n_mixers
        warmer += w/u.n_mixers
    made = u.vapour*(u.still*(1.0 + warmer) + (1.0 - u.still)*turning)
    y[0] = (y[0] + tick*made/u.volume)/(1.0 + tick*(u.air*s.drive[u.fan] + u.draught)/u.volume)
    s.probe[u.probe] = y[0]/u.limit
