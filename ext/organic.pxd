# cython: language_level=3, cdivision=True
"""Store of fresh organic, extractant in its diluent, with one pump that makes up the tanks of several circuits.

What it sends is a volume: organic is none of the species, and fresh it holds no metal. The pump's flow is shared among the
open valves, each of which takes its line's capacity when it alone is open. In the tank at its end a float valve shuts the
line at the brim.
"""

from numerics cimport clip
from sheet cimport Sheet, Outlet, S_TEMP, S_VOL, STORE_DRY, dmax, driven_flow, stream_next

cdef extern from *:
    """
    #define FLOAT 0.01           /* [T] share of a tank's span below the brim over which its float valve shuts */
    """
    const double FLOAT

cdef struct OrganicStore:
    int n_out
    Outlet outlet[4]            # by the valve of each line
    int level[4]                # probe: what is in the tank at its end, over its span; -1: one that takes all
    int pump                    # actuator
    double temperature          # K
    double span                 # m3 at 100 %
    double refill_at            # m3: a delivery comes when less is left
    double delivery             # m3
    int probe


cdef enum:
    ORGANIC_STORE_PROBES = 3    # level, volume m3, draw m3/s


cdef inline void organic_step(const OrganicStore* u, Sheet* s, double* y, double tick) noexcept nogil:
    """State: m3 in the store."""
    cdef double opened = 0.0, draw = 0.0, q
    cdef double* out
    cdef int k
    for k in range(u.n_out):
        opened += s.drive[u.outlet[k].drive]
    for k in range(u.n_out):
        q = driven_flow(&u.outlet[k], s)*s.drive[u.pump]/dmax(opened, 1.0)*(y[0]/(y[0] + STORE_DRY*u.span))
        if u.level[k] >= 0:
            q *= clip((1.0 - s.probe[u.level[k]])/FLOAT, 0.0, 1.0)
        out = stream_next(s, u.outlet[k].stream)
        out[S_TEMP] = u.temperature
        out[S_VOL] = q
        draw += q
    y[0] -= draw*tick
    if y[0] < u.refill_at:
        y[0] += u.delivery
    s.probe[u.probe] = y[0]/u.span
    s.probe[u.probe + 1] = y[0]
    s.probe[u.probe + 2] = draw
