# cython: language_level=3, cdivision=True
"""Oxalate crystalliser by the method of moments.

    2 RE3+ + 3 C2O4(2-) + 10 H2O -> RE2(C2O4)3.10H2O
    S = (IAP/Ksp)^(1/5), IAP = [RE]^2 [C2O4(2-)]^3;  B = kb (S - 1)^2 V,  G = kg (S - 1)
    d m0/dt = B - out,  d mk/dt = k G m(k-1) - out,  crystal volume = kv m3
    ln Ksp(T) = ln Ksp(T0) + 2 h/R (1/T0 - 1/T)

The heat h that a mol of rare earth gives off as it deposits is what it takes up as it dissolves: hot liquor keeps more. A
crystalliser without a T0, at which the solubilities hold, has them at any temperature.

Oxalic acid is weak (pKa 1.25 and 4.27): free acid follows from the net acidity and total oxalate by Newton's method
in a bracket, so the iteration needs no memory. The rare earths share the deposit in proportion to
their concentrations (their Ksp are within half a decade); other metals follow with a small homogeneous distribution
coefficient, r_i/[i] = lambda r_RE/[RE].

States: mol of every species, temperature [K], moments m0..m3 (lengths in um, counts in 1e15, so m3 is in litres).
Outflow integrals: mol of every species. Rare earth in the liquor relaxes in about a second, in caustic liquor much faster:
A = (df/dS)(dS/dy), of rank one, at constant acidity; what it corrects is deposit, so elements stay closed.
"""

from sheet cimport Sheet, KW, R_GAS, liquid_volume, dmax
from tank cimport Tank, stirring, tank_heat_capacity, tank_mix, tank_send, outlet_flow
from numerics cimport fast_exp, fast_log, fast_log10
from libc.math cimport fabs, sqrt

cdef struct Crystalliser:
    Tank tank
    int n_re
    int re[12]
    int solid[12]
    double log_ksp[12]
    int n_trace
    int trace[12]
    int trace_solid[12]
    double trace_oxalate[12]    # mol oxalate per mol
    double trace_water[12]
    double lambda_[12]
    int i_ox
    double kb                   # 1e15 crystals/s per m3 and (S-1)^2
    double kg                   # um/s per (S-1)
    double shape                # kv
    double density              # mol of RE2(C2O4)3.10H2O per litre of crystal
    double heat                 # J per mol RE
    double at                   # T0, K; 0: solubility does not follow the temperature
    double k1, k2               # acid constants of oxalic acid
    int ny
    double* by_over             # df/dS
    double over, total, v       # S - 1, rare earth [mol/L] and volume [m3] of the state at hand
    double d_re, d_ox           # dS/dy of every rare earth, and of oxalate
    double weight               # g h/(1 - g h dS/dy . df/dS)
    int probe


cdef enum:
    CRYSTALLISER_PROBES = 7     # level, temperature, pH, supersaturation, mean size m, volume, rare earth left kg/m3


cdef inline double oxalic_free_acid(double net, double total, double k1, double k2) noexcept nogil:
    """[H+] with net = h + [HOx-] + 2 [H2Ox] - Kw/h; net and total oxalate in mol/L.

    Newton within a bracket. h lies below what it would be without oxalate, and above what leaves [OH-] no more to
    balance than caustic and oxalate together can ask for. In caustic liquor that bracket spans many decades, so a step
    that leaves it, or is no better than halving, is replaced by the bracket's geometric mean.
    """
    cdef double high = dmax(net, 0.0) + 1e-7, low = KW/(high + 2.0*total + dmax(-net, 0.0))
    cdef double h, g, d, q, a1, a2, last = 1e300
    cdef int i
    # the second dissociation left out, h is the root of a quadratic: in acid liquor nearly the answer
    d = k1 - net + 2.0*total
    h = 0.5*(sqrt(d*d + 4.0*k1*dmax(net - total, 0.0)) - d)
    if h <= low or h >= high:
        h = 0.5*high if net > 0.0 else sqrt(low*high)
    for i in range(60):
        q = h*h + k1*h + k1*k2
        a1 = k1*h/q
        a2 = h*h/q
        g = h + total*(a1 + 2.0*a2) - KW/h - net
        if g > 0.0:
            high = h
        else:
            low = h
        d = 1.0 + total*k1*(h*h + 4.0*k2*h + k1*k2)/(q*q) + KW/(h*h)
        d = h - g/d
        if fabs(d - h) < 1e-13*h:
            return d
        # the bracket's ends are iterates: rounding may take a step to the root past one of them
        if d < (1.0 - 1e-9)*low or d > (1.0 + 1e-9)*high or fabs(g) > 0.5*last:
            d = sqrt(low*high)
        last = fabs(g)
        h = d
    return h


cdef inline double dissolved_warm(const Crystalliser* u, double t) noexcept nogil:
    """ln Ksp(T)/Ksp(T0)."""
    return 2.0*u.heat/R_GAS*(1.0/u.at - 1.0/t) if u.at > 0.0 else 0.0


cdef inline double supersaturation(const Crystalliser* u, const Sheet* s, const double* y, double litres, double* re) noexcept nogil:
    """S, and the total rare earth [mol/L] in re[0]."""
    cdef double total = 0.0, ksp = 0.0, ox = dmax(y[u.i_ox], 0.0)/litres, h, free, c
    cdef int i
    for i in range(u.n_re):
        c = dmax(y[u.re[i]], 0.0)/litres
        total += c
        ksp += c*u.log_ksp[i]
    re[0] = total
    if total < 1e-12 or ox < 1e-12:
        return 0.0
    h = oxalic_free_acid(y[s.i_h]/litres, ox, u.k1, u.k2)
    free = ox*u.k1*u.k2/(h*h + u.k1*h + u.k1*u.k2)
    return fast_exp(0.2*(2.0*fast_log(total) + 3.0*fast_log(dmax(free, 1e-30)) - 2.302585092994046*ksp/total
                         - dissolved_warm(u, y[s.nc])))


cdef inline void deposition(const Crystalliser* u, const Sheet* s, const double* y, double v, double growth, double birth, double total,
                             double* f) noexcept nogil:
    """Add to f what crystals take up that grow at `growth` [um/s] and are born at `birth` [1e15/s].

    v: m3 of liquor, total: mol of rare earth in it.
    """
    cdef const double* m = y + s.nc + 1
    cdef double* fm = f + s.nc + 1
    cdef double deposit, r, ox = 0.0, water = 0.0
    cdef int i
    fm[0] += birth
    fm[1] += growth*m[0]
    fm[2] += 2.0*growth*m[1]
    # nuclei are clusters of a size: without crystals to grow on, their birth alone still takes up rare earth
    r = 3.0*growth*m[2] + 0.125*birth
    fm[3] += r
    deposit = 2.0*u.density*u.shape*r       # mol RE/s
    for i in range(u.n_re):
        r = deposit*dmax(y[u.re[i]], 0.0)/total
        f[u.re[i]] -= r
        f[u.solid[i]] += 0.5*r
        ox += 1.5*r
        water += 5.0*r
    for i in range(u.n_trace):
        r = u.lambda_[i]*deposit*dmax(y[u.trace[i]], 0.0)/total
        f[u.trace[i]] -= r
        f[u.trace_solid[i]] += r
        ox += u.trace_oxalate[i]*r
        water += u.trace_water[i]*r
    f[u.i_ox] -= ox
    f[s.i_h2o] -= water
    f[s.nc] += u.heat*deposit/tank_heat_capacity(&u.tank, v)


cdef inline void crystalliser_rhs(void* unit, Sheet* s, const double* y, double* f) noexcept nogil:
    cdef Crystalliser* u = <Crystalliser*>unit
    cdef int ny = s.nc + 5, k
    cdef const double* m = y + s.nc + 1
    cdef double* fm = f + s.nc + 1
    cdef double* out = f + ny
    cdef double v, litres, total = 0.0, over, q = 0.0, rate
    tank_mix(&u.tank, s, y, y[s.nc], f, out)
    v = dmax(liquid_volume(s, y), 1e-9)
    litres = 1e3*v
    over = dmax(supersaturation(u, s, y, litres, &total) - 1.0, 0.0)
    for k in range(u.tank.n_out):
        q += outlet_flow(&u.tank.outlet[k], &u.tank, s, v)
    rate = q/v*stirring(&u.tank, s)
    for k in range(4):
        fm[k] = -rate*m[k]
    u.over = over
    u.total = total
    u.v = v
    if over > 0.0:
        deposition(u, s, y, v, u.kg*over, u.kb*over*over*v, litres*total, f)


cdef inline void crystalliser_factor(void* unit, Sheet* s, const double* y, double gh) noexcept nogil:
    cdef Crystalliser* u = <Crystalliser*>unit
    cdef double v = u.v, total = u.total, over = u.over, slope
    cdef int ny = s.nc + 5, i
    u.weight = 0.0
    if over <= 0.0:
        return
    for i in range(ny):
        u.by_over[i] = 0.0
    deposition(u, s, y, v, u.kg, 2.0*u.kb*over*v, 1e3*v*total, u.by_over)
    u.d_re = 0.4*(over + 1.0)/(1e3*v*total)
    u.d_ox = 0.6*(over + 1.0)/y[u.i_ox]
    slope = u.d_ox*u.by_over[u.i_ox]
    for i in range(u.n_re):
        slope += u.d_re*u.by_over[u.re[i]]
    u.weight = gh/(1.0 - gh*slope)
    u.ny = ny


cdef inline void crystalliser_solve(void* unit, double* b) noexcept nogil:
    cdef Crystalliser* u = <Crystalliser*>unit
    cdef double x = u.d_ox*b[u.i_ox]
    cdef int i
    if u.weight == 0.0:
        return
    for i in range(u.n_re):
        x += u.d_re*b[u.re[i]]
    x *= u.weight
    for i in range(u.ny):
        b[i] += x*u.by_over[i]


cdef inline void crystalliser_observe(Crystalliser* u, Sheet* s, const double* y) noexcept nogil:
    cdef double* p = s.probe + u.probe
    cdef double v = dmax(liquid_volume(s, y), 1e-9), total = 0.0
    cdef const double* m = y + s.nc + 1
    cdef int i
    p[0] = v/u.tank.span
    p[1] = y[s.nc]
    p[3] = supersaturation(u, s, y, 1e3*v, &total)
    p[2] = -fast_log10(oxalic_free_acid(y[s.i_h]/(1e3*v), dmax(y[u.i_ox], 0.0)/(1e3*v), u.k1, u.k2))
    p[4] = 1e-6*m[3]/m[2] if m[2] > 1e-30 else 0.0
    p[5] = v
    p[6] = 0.0
    for i in range(u.n_re):
        p[6] += y[u.re[i]]*s.mass[u.re[i]]/v
