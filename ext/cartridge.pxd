# cython: language_level=3, cdivision=True
"""Polishing filter: a cartridge that takes up the solids of what flows through it, until it is changed.

It resists in proportion to what it has taken up, as a cake does (ext/press.pxd): dp = mu q/A (R0 + alpha m/A). Beyond the
pressure of its relief valve the rest of the flow passes beside it, solids and all. The solver of the steady state, where
nothing may grow, sees it take up nothing.

States: mol of every species in the cartridge, cartridges changed.
"""

from libc.string cimport memcpy

from numerics cimport dot
from sheet cimport Sheet, S_TEMP, S_VOL, S_MOL, dmin, stream_now, stream_next

cdef struct Cartridge:
    int inlet, outlet
    int change                  # hand switch, turned on: a new cartridge; -1: none
    double area                 # m2
    double clean                # R0, 1/m
    double resistance           # alpha, m/kg
    double viscosity            # Pa s
    double catches              # share of the solids
    double relief               # Pa
    int probe


cdef enum:
    CARTRIDGE_PROBES = 3        # pressure drop Pa, solids kg, cartridges changed


cdef inline void cartridge_step(const Cartridge* u, Sheet* s, double* y, double tick) noexcept nogil:
    cdef const double* x = stream_now(s, u.inlet)
    cdef double* out = stream_next(s, u.outlet)
    cdef double* p = s.probe + u.probe
    cdef double kg = dot(y + s.na, s.mass + s.na, s.nc - s.na), caught = 0.0, taken, dp
    cdef int i
    dp = u.viscosity*x[S_VOL]/u.area*(u.clean + u.resistance*kg/u.area)
    if not s.averaged:
        caught = u.catches*dmin(u.relief/dp, 1.0) if dp > 0.0 else 0.0
    out[S_TEMP] = x[S_TEMP]
    out[S_VOL] = x[S_VOL]
    memcpy(out + S_MOL, x + S_MOL, s.na*sizeof(double))
    for i in range(s.na, s.nc):
        taken = caught*x[S_MOL + i] if s.solid[i] else 0.0
        out[S_MOL + i] = x[S_MOL + i] - taken
        y[i] += tick*taken
    if tick > 0.0 and u.change >= 0 and s.drive[u.change] > 0.0:
        for i in range(s.nc):
            s.edge_out[i] += y[i]
            y[i] = 0.0
        y[s.nc] += 1.0
        kg = 0.0
    p[0] = dmin(dp, u.relief)
    p[1] = kg
    p[2] = y[s.nc]
