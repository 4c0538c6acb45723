# cython: language_level=3, cdivision=True
"""Stirred tank in which acid leaches the oxides of an ore, each by a power of the acid's strength.

    M_a O_w + n H+ = a M(z+) + w H2O            r = eps B [H+]^A (1 - X)^(2/3)

r in mol of oxide per litre of pulp and hour, eps kg of solids per litre of pulp, so that r times the pulp's volume is B per kg
of the solids that are in it: the law asks for no density of them. What does not dissolve is the tracer,

    1 - X = (n/n_tracer) / (n/n_tracer of the feed)

in the first tank of a row and in the last alike. A lot with more of an oxide than the feed has dissolves faster, by the power
of 2/3, and its X begins below nought. Of solids that settle, the part in suspension dissolves.

[H+] is had from net acidity and all sulfate, net = h - Kw/h + S h/(Ka2 + h). Below the acid and the remainder that any fit
has seen the powers go on in proportion, for a root of nothing has no slope.

Not in it: a heat of reaction, a temperature of the rate, and what might precipitate again; the fit knows none of them.

States: mol of every species, temperature [K]. Outflow integrals: mol of every species.
"""

from numerics cimport dot, fast_exp, fast_log, fast_log10
from sheet cimport Sheet, liquid_volume, dmax, dmin
from tank cimport Tank, buffered_acid, free_acid, stirring, tank_mix

cdef extern from *:
    """
    #define LEAST_ORE_ACID 1e-5  /* [T] mol/L: below, rates go with the acid in proportion */
    #define LEAST_ORE_LEFT 1e-3  /* [T] of an oxide: below, what is left goes in proportion to itself */
    """
    const double LEAST_ORE_ACID, LEAST_ORE_LEFT

cdef enum:
    MAX_ORE_OXIDES = 20
    ORE_PROBES = 7          # level, temperature, pH, volume, solids, free acid mol/m3, rare earth dissolved of what came

cdef struct OreOxide:
    int solid               # species
    int metal
    double n_metal          # mol per mol of solid
    double n_acid
    double n_water
    double rate             # B, mol per kg of solids and second at 1 mol/L of H+
    double power            # A
    double brought          # mol per mol of tracer in the feed
    int counted             # 1: rare earth

cdef struct OreTank:
    Tank tank
    int n
    OreOxide row[20]
    int tracer              # species that does not dissolve
    int sulfate             # species of all sulfate, -1 if there is none
    double ka2              # mol/L
    int probe


cdef inline double ore_acid(const OreTank* u, const Sheet* s, const double* y) noexcept nogil:
    """[H+] of the liquor [mol/L]."""
    cdef double litres = 1e3*dmax(liquid_volume(s, y), 1e-9), sulfate
    if u.sulfate < 0:
        return free_acid(y[s.i_h]/litres)
    sulfate = dmax(y[u.sulfate], 0.0)/litres
    return buffered_acid(y[s.i_h]/litres - sulfate, sulfate, u.ka2)


cdef inline double ore_left(const OreOxide* x, double tracer, const double* y) noexcept nogil:
    """1 - X of an oxide; nought where there is no ore."""
    return dmax(y[x.solid], 0.0)/(x.brought*tracer) if tracer > 1e-12 else 0.0


cdef inline void ore_rhs(void* unit, Sheet* s, const double* y, double* f) noexcept nogil:
    cdef OreTank* u = <OreTank*>unit
    cdef const OreOxide* x
    cdef double h, ln_h, kg, left, r, tracer = dmax(y[u.tracer], 0.0)
    cdef int i
    tank_mix(&u.tank, s, y, y[s.nc], f, f + s.nc + 1)
    h = ore_acid(u, s, y)
    ln_h = fast_log(dmax(h, LEAST_ORE_ACID))
    kg = dmax(dot(y + s.na, s.mass + s.na, s.nc - s.na), 0.0)*stirring(&u.tank, s)*dmin(h/LEAST_ORE_ACID, 1.0)
    for i in range(u.n):
        x = &u.row[i]
        left = ore_left(x, tracer, y)
        r = kg*x.rate*fast_exp(x.power*ln_h + 2.0/3.0*fast_log(dmax(left, LEAST_ORE_LEFT)))*dmin(left/LEAST_ORE_LEFT, 1.0)
        f[x.solid] -= r
        f[x.metal] += x.n_metal*r
        f[s.i_h] -= x.n_acid*r
        f[s.i_h2o] += x.n_water*r


cdef inline void ore_observe(const OreTank* u, Sheet* s, const double* y) noexcept nogil:
    """Of a tank without ore nothing is dissolved."""
    cdef double* p = s.probe + u.probe
    cdef double v = liquid_volume(s, y), h = ore_acid(u, s, y), tracer = dmax(y[u.tracer], 0.0), left = 0.0, brought = 0.0
    cdef int i
    p[0] = v/u.tank.span
    p[1] = y[s.nc]
    p[2] = -fast_log10(h)
    p[3] = v
    p[4] = dot(y + s.na, s.mass + s.na, s.nc - s.na)
    p[5] = 1e3*h
    for i in range(u.n):
        if u.row[i].counted:
            left += u.row[i].n_metal*dmax(y[u.row[i].solid], 0.0)
            brought += u.row[i].n_metal*u.row[i].brought*tracer
    p[6] = 1.0 - left/brought if brought > 1e-12 else 0.0
