# cython: language_level=3, cdivision=True
"""Stirred tank of sulfate liquor to which bicarbonate is dosed: hydroxides of Al and Fe, rare-earth carbonate, CO2.

    M3+ + 3 H2O -> M(OH)3 + 3 H+                r = k ([M] - [M]_sat), back no faster than the solid there is allows
    RE3+ + 3 H2O -> RE(OH)3 ads. + 3 H+         r = alpha 10^(pH - pH0) r_Al [RE]/sum [RE]: carried down, it stays there
    2 RE3+ + 3 CO3(2-) + 4 H2O -> RE2(CO3)3.4H2O
    CO3(2-) + 2 H+ -> CO2(g) + H2O              r = k_s ([CO2] - [CO2]_air) x opening of the air

Carbonates are one ideal solid solution: S = sum [RE_i]/k_i ([HCO3-]/[H+])^1.5, and ion i is taken up in proportion to
[RE_i]/k_i, at k [RE_i] (k0/k_i)(1 - 1/S) with k0 the least of them, and given back at k n_i (1 - S) where S < 1.

H is net acidity: [H+] - [OH-] + [HCO3-] + 2 [CO2] + [HSO4-] - [NH3]; it rises with [H+], so pH is found by
Newton in a bracket. Constants are conditional, at the liquor's ionic strength. Rates are slow beside the step: no implicit part.
States: mol of every species, temperature [K]. Outflow integrals: mol of every species, then mol of CO2 given off.
"""

from libc.math cimport fabs, sqrt

from numerics cimport LN10, dot, fast_exp, fast_log10
from sheet cimport Sheet, liquid_volume, dmax, dmin
from tank cimport Tank, tank_mix

cdef enum:
    BICARBONATE_PROBES = 8    # level, temperature, pH, volume, solids kg, saturation S, CO2 given off mol/s, rare earth dissolved kg/m3
    MAX_EARTHS = 16
    MAX_HYDROXIDES = 2

cdef struct BicarbonateTank:
    Tank tank
    int n_re
    int re[16]
    int carbonate[16]           # solid, RE2(CO3)3.nH2O
    int adsorbed[16]
    double k_re[16]             # k_i, (mol/L)
    double k_least
    double water                # n
    double rate                 # 1/s
    int n_oh
    int metal[2]                # the first one carries rare earth down
    int hydroxide[2]
    double log_sat[2]           # log10 [M]_sat/[H+]^3, total metal
    double oh_rate[2]           # 1/s
    double adsorption, adsorption_ph
    double k1, k2, kn, ks, kw   # carbonic acid, ammonium, bisulfate, water
    double strip                # 1/s at full opening
    double air_co2              # mol/L
    int air                     # actuator, -1: open surface
    int i_c, i_n, i_s
    double saturation, given_off
    int probe


cdef inline double bicarbonate_excess(const BicarbonateTank* u, double h, double c, double n, double s, double* slope) noexcept nogil:
    """Net acidity [mol/L] of a liquor with [H+] = h; slope: d/dh."""
    cdef double q = h*h + u.k1*h + u.k1*u.k2, a = c*(u.k1*h + 2.0*h*h)/q
    slope[0] = 1.0 + u.kw/(h*h) + c*u.k1*(h*h + 4.0*u.k2*h + u.k1*u.k2)/(q*q) + s*u.ks/((u.ks + h)*(u.ks + h)) + n*u.kn/((u.kn + h)*(u.kn + h))
    return h - u.kw/h + a + s*h/(u.ks + h) - n*u.kn/(u.kn + h)


cdef inline double bicarbonate_acid(const BicarbonateTank* u, double net, double c, double n, double s, double start) noexcept nogil:
    """[H+], mol/L, by Newton for its logarithm within a bracket."""
    cdef double low = 1e-14, high = dmax(net, 0.0) + n + 1.0, h = start, g, d, x
    cdef int i
    if not (h > low and h < high):
        h = 1e-6
    for i in range(80):
        g = bicarbonate_excess(u, h, c, n, s, &d) - net
        if g > 0.0:
            high = h
        else:
            low = h
        x = g/(d*h)
        if fabs(x) < 1e-13:
            break
        if fabs(x) < 2.0:
            x = h*fast_exp(-x)
        else:
            x = 0.0
        if x <= low or x >= high:
            x = sqrt(low*high)
        if x == h:
            break
        h = x
    return h


cdef inline double bicarbonate_ph(const BicarbonateTank* u, const Sheet* s, const double* y, double litres, double start) noexcept nogil:
    """[H+] of what is in the tank, mol/L."""
    return bicarbonate_acid(
        u, y[s.i_h]/litres, dmax(y[u.i_c], 0.0)/litres, dmax(y[u.i_n], 0.0)/litres, dmax(y[u.i_s], 0.0)/litres, start
    )


cdef inline double bicarbonate_saturation(const BicarbonateTank* u, const double* y, double litres, double h) noexcept nogil:
    cdef double c = dmax(y[u.i_c], 0.0)/litres, hco3 = c*u.k1*h/(h*h + u.k1*h + u.k1*u.k2), ratio = hco3/h, total = 0.0
    cdef int i
    for i in range(u.n_re):
        total += dmax(y[u.re[i]], 0.0)/u.k_re[i]
    return total/litres*ratio*sqrt(ratio)


cdef inline void bicarbonate_rhs(void* unit, Sheet* s, const double* y, double* f) noexcept nogil:
    cdef BicarbonateTank* u = <BicarbonateTank*>unit
    cdef int ny = s.nc + 1, i
    cdef double litres, h, r, eq, a, b, total = 0.0, carried = 0.0, sat, co2, c
    tank_mix(&u.tank, s, y, y[s.nc], f, f + ny)
    litres = 1e3*dmax(liquid_volume(s, y), 1e-6)
    h = bicarbonate_ph(u, s, y, litres, 1e-6)
    for i in range(u.n_oh):
        eq = fast_exp(LN10*u.log_sat[i])*h*h*h*litres
        a = dmax(y[u.metal[i]], 0.0)
        r = u.oh_rate[i]*(a - eq)
        if r < 0.0:
            b = dmax(y[u.hydroxide[i]], 0.0)
            r *= b/(b + eq - a + 1e-30)
        f[u.metal[i]] -= r
        f[u.hydroxide[i]] += r
        f[s.i_h2o] -= 3.0*r
        f[s.i_h] += 3.0*r
        if i == 0:
            carried = dmax(r, 0.0)
    for i in range(u.n_re):
        total += dmax(y[u.re[i]], 0.0)
    if total > 0.0:
        a = dmin(u.adsorption*fast_exp(LN10*(-fast_log10(h) - u.adsorption_ph)), 0.5)
        # what is taken is at most what a first-order loss of a minute would take
        a = dmin(a*carried/total, 1.0/60.0)
        for i in range(u.n_re):
            r = a*dmax(y[u.re[i]], 0.0)
            f[u.re[i]] -= r
            f[u.adsorbed[i]] += r
            f[s.i_h2o] -= 3.0*r
            f[s.i_h] += 3.0*r
    sat = bicarbonate_saturation(u, y, litres, h)
    u.saturation = sat
    for i in range(u.n_re):
        if sat > 1.0:
            r = u.rate*dmax(y[u.re[i]], 0.0)*u.k_least/u.k_re[i]*(1.0 - 1.0/sat)
        else:
            r = -2.0*u.rate*dmax(y[u.carbonate[i]], 0.0)*(1.0 - sat)
        f[u.re[i]] -= r
        f[u.carbonate[i]] += 0.5*r
        f[u.i_c] -= 1.5*r
        f[s.i_h2o] -= 0.5*u.water*r
    c = dmax(y[u.i_c], 0.0)
    co2 = c*h*h/(h*h + u.k1*h + u.k1*u.k2)
    r = u.strip*(s.drive[u.air] if u.air >= 0 else 1.0)*dmax(co2 - u.air_co2*litres, 0.0)
    f[u.i_c] -= r
    f[s.i_h] -= 2.0*r
    f[s.i_h2o] += r
    f[ny + s.nc] = r
    u.given_off = r


cdef inline void bicarbonate_observe(BicarbonateTank* u, Sheet* s, const double* y) noexcept nogil:
    cdef double* p = s.probe + u.probe
    cdef double v = dmax(liquid_volume(s, y), 1e-9)
    cdef double h = bicarbonate_ph(u, s, y, 1e3*v, 1e-6), kg = 0.0
    cdef int i
    for i in range(u.n_re):
        kg += y[u.re[i]]*s.mass[u.re[i]]
    p[0] = v/u.tank.span
    p[1] = y[s.nc]
    p[2] = -fast_log10(h)
    p[3] = v
    p[4] = dot(y + s.na, s.mass + s.na, s.nc - s.na)
    p[5] = u.saturation
    p[6] = u.given_off
    p[7] = kg/v
