# cython: language_level=3, cdivision=True
"""Stirred tank in which a reagent is made up to its strength from water and concentrate.

What is in it follows n' = sum n_in - n Q/V for every species, as in any tank; the heat of dilution is that of an extensive
property of the contents, so that it does not depend on the way by which a strength is reached:

    L(n, w) = n phi(m), m = n/w             n mol of reagent in w kg of water
    phi(m) = a sqrt(m)/(1 + b sqrt(m)) + c m + d m2     heat given off by a mol diluted from m without end [J/mol]
    heat = sum over inlets of n_in phi(m_in) - n_in dL/dn - w_in dL/dw      given off in the tank [W]

States: mol of every species, temperature [K]. Outflow integrals: mol of every species.
"""

from libc.math cimport sqrt

from numerics cimport dot
from sheet cimport Sheet, S_MOL, liquid_volume, stream_now, dmax
from tank cimport Tank, tank_mix

cdef struct MakeupTank:
    Tank tank
    int reagent         # species by which the reagent is counted
    double per_mol      # of it in a mol of reagent
    double a, b, c, d   # of phi, for mol/kg
    int probe

cdef enum:
    MAKEUP_PROBES = 7   # level, temperature, volume, strength mol/m3, density kg/m3, draw kg/s, heat of dilution W


cdef inline double makeup_molality(const MakeupTank* u, const Sheet* s, const double* n) noexcept nogil:
    """mol of reagent per kg of water."""
    return dmax(n[u.reagent], 0.0)/u.per_mol/dmax(n[s.i_h2o]*s.mass[s.i_h2o], 1e-12)


cdef inline double makeup_phi(const MakeupTank* u, double m) noexcept nogil:
    """phi(m), J/mol."""
    cdef double root = sqrt(m)
    return u.a*root/(1.0 + u.b*root) + u.c*m + u.d*m*m


cdef inline double makeup_rise(const MakeupTank* u, double m) noexcept nogil:
    """m dphi/dm, J/mol."""
    cdef double root = sqrt(m), below = 1.0 + u.b*root
    return 0.5*u.a*root/(below*below) + u.c*m + 2.0*u.d*m*m


cdef inline double makeup_heat(const MakeupTank* u, const Sheet* s, const double* y) noexcept nogil:
    """Heat of dilution given off [W]."""
    cdef double m = makeup_molality(u, s, y), rise = makeup_rise(u, m)
    cdef double of_reagent = makeup_phi(u, m) + rise, of_water = -m*rise, heat = 0.0, n, w
    cdef const double* x
    cdef int k
    for k in range(u.tank.n_in):
        x = stream_now(s, u.tank.inlet[k]) + S_MOL
        n = x[u.reagent]/u.per_mol
        w = x[s.i_h2o]*s.mass[s.i_h2o]
        heat += n*(makeup_phi(u, makeup_molality(u, s, x)) - of_reagent) - w*of_water
    return heat


cdef inline void makeup_rhs(void* unit, Sheet* s, const double* y, double* f) noexcept nogil:
    cdef MakeupTank* u = <MakeupTank*>unit
    cdef double cap = tank_mix(&u.tank, s, y, y[s.nc], f, f + s.nc + 1)
    f[s.nc] += makeup_heat(u, s, y)/cap


cdef inline void makeup_observe(const MakeupTank* u, Sheet* s, const double* y, const double* q) noexcept nogil:
    """The strength of an empty tank is nought, its density that of water."""
    cdef double* p = s.probe + u.probe
    cdef double v = liquid_volume(s, y), some = dmax(v, 1e-9)
    p[0] = v/u.tank.span
    p[1] = y[s.nc]
    p[2] = v
    p[3] = dmax(y[u.reagent], 0.0)/u.per_mol/some
    p[4] = dot(y, s.mass, s.nc)/v if v > 1e-9 else s.mass[s.i_h2o]/s.vmol[s.i_h2o]
    p[5] = dot(q, s.mass, s.nc)
    p[6] = makeup_heat(u, s, y)
