# cython: language_level=3, cdivision=True
"""Stirred reactor for iron removal: oxidation by peroxide, hydrolysis, adsorption on the precipitate. Without reactions
it is a plain tank.

    Fe2+ + 1/2 H2O2 + H+ -> Fe3+ + H2O      r = k [Fe2+][H2O2], both Fe counted (Millero and Sotolongo 1989)
    M(z+) + w H2O = solid + z H+            r = kp ([M] - K(T) {H+}^z), back kp x n/(x + n), n: solid left
    RE3+ + 3 H2O -> RE(OH)3 + 3 H+          r = alpha [RE] r(first hydrolysis): what the fresh precipitate carries down
    Cu + H2O2 + 2 H+ -> Cu2+ + 2 H2O        r = k n_Cu [H2O2]/([H2O2] + PEROXIDE_HALF)
    H2O2 -> H2O + 1/2 O2                    r = k [H2O2]

{H+} is the activity of the acid, as an electrode reads it, beside iron(III) and its complexes (speciation). Of iron K is that of
activities, K [Fe3+, all]/{Fe3+}; of the other cations what becomes of them in the liquor is in K. Where effluent is made
alkaline, borate is part of the net acidity instead, net = [H+] - [OH-] - [B(OH)4-], and {H+} is [H+].

States: mol of every species, temperature [K]. Outflow integrals: mol of every species, then mol O2 given off.
Every reaction is local chemistry: A = S D with S the stoichiometry and D = dr/dn, solved in the space of the reactions.
"""

from sheet cimport Sheet, R_GAS, KW, liquid_volume, dmax
from tank cimport Tank, buffered_acid, free_acid, tank_mix, tank_send
from numerics cimport LN10, dot, fast_exp, fast_log10, fast_log
from speciation cimport N_CAUSES, Speciation, BY_ACID, BY_IRON, BY_STRENGTH, caused, speciate
from vessel cimport lu_factor, lu_solve

cdef extern from *:
    """
    #define KA_BORIC 5.8e-10     /* [Q] boric acid, pKa 9.24 at 25 C */
    #define PEROXIDE_HALF 0.01   /* [T] mol/L of peroxide, at which copper dissolves half as fast as it can */
    #define FARADAY 96485.33     /* [C] C/mol */
    #define IRON_POTENTIAL 0.574 /* [Q] V: 0.771 of Fe(III)/Fe(II) against hydrogen, less 0.197 of Ag/AgCl */
    """
    const double KA_BORIC, PEROXIDE_HALF, FARADAY, IRON_POTENTIAL

cdef enum:
    RX_OXIDATION = 0
    RX_HYDROLYSIS = 1
    RX_ADSORPTION = 2
    RX_DISSOLUTION = 3
    RX_DECOMPOSITION = 4
    MAX_RX = 20
    MAX_TERMS = 6

cdef struct Reaction:
    int kind
    int a               # first reactant (Fe2+, the cation, RE3+, the metal, H2O2)
    int b               # second reactant or the solid
    double z            # H+ given per mol by hydrolysis
    double k            # rate constant at 298.15 K (1/s, L/mol/s) or alpha (L/mol)
    double ea           # its activation energy, J/mol
    double log_k        # hydrolysis: log10 K at 298.15 K
    double log_k_slope  # and d log10 K / d(1/T), K
    double heat         # J per mol
    double oxygen       # mol O2 given off per mol
    int n
    int idx[6]          # stoichiometry: species and coefficients
    double coef[6]

cdef struct Reactor:
    Tank tank
    int n_rx
    Reaction rx[20]
    double rate[20]         # of the state at hand
    double slope[80]        # dr/dn of a and of b, dr/d ln {H+}, dr/d ln([Fe3+, all]/{Fe3+}), at the state at hand
    double frozen[80]       # and at the start of the step, which A is made of
    double* by_a            # what reaction j does to the a and the b of reaction i: n_rx^2 each
    double* by_b
    double acid_of[20]      # what reaction j does to ln {H+} and to ln([Fe3+, all]/{Fe3+}), per mol
    double share_of[20]
    double acid_made[20]    # mol of H+ and Fe3+, and of ionic strength times volume, that a mol of reaction j makes
    double iron_made[20]
    double strength_made[20]
    double equilibrium[20]  # K(T)
    Speciation medium       # of the liquor, beside iron; of no use where it is alkaline
    double acid_by          # d ln [H+] by net acidity, per mol/L, there
    double frozen_acid[N_CAUSES]    # slopes of the medium and volume at the start of the step
    double frozen_share[N_CAUSES]
    double litres
    double m[400]
    double d[20]
    double gh
    int i_fe2, i_fe3, i_h
    int n_dissolved
    int i_boron             # boric acid, where its borate counts in the acidity; -1: too acid for that
    int i_oxygen            # of the gas among derivatives and flows
    int probe

cdef enum:
    REACTOR_PROBES = 6      # level, temperature, pH, redox potential, volume, solids


cdef inline double reactor_acid(const Reactor* u, const double* y, double net, double litres) noexcept nogil:
    """[H+], mol/L."""
    return free_acid(net) if u.i_boron < 0 else buffered_acid(net, dmax(y[u.i_boron], 0.0)/litres, KA_BORIC)


cdef inline void reactor_rates(Reactor* u, const Sheet* s, const double* y, double* slope) noexcept nogil:
    """Rates [mol/s] into u.rate and their slopes [1/s] into `slope`."""
    cdef double litres = 1e3*dmax(liquid_volume(s, y), 1e-9)
    cdef double net = y[s.i_h]/litres, h, share = 1.0
    cdef double temp = dmax(y[s.nc], 250.0), it = 1.0/temp - 1.0/298.15, k, a, b, g, eq, hz, r, hydrolysis = 0.0
    cdef int j
    cdef bint first = True
    cdef Reaction* x
    cdef double* d
    if u.i_boron >= 0:
        h = reactor_acid(u, y, net, litres)
        b = dmax(y[u.i_boron], 0.0)/litres
        u.acid_by = 1.0/(h + KW/h + b*h*KA_BORIC/((KA_BORIC + h)*(KA_BORIC + h)))
    else:
        speciate(&u.medium, s.na, y, temp, litres)
        h = u.medium.acid
        share = u.medium.share
    # one after the other, so that the compiler makes vectors of it
    for j in range(u.n_rx):
        u.equilibrium[j] = fast_exp(LN10*(u.rx[j].log_k + u.rx[j].log_k_slope*it))
    for j in range(u.n_rx):
        x = &u.rx[j]
        k = x.k if x.ea == 0.0 else x.k*fast_exp(-x.ea/R_GAS*it)
        a = y[x.a]
        d = slope + 4*j
        d[0] = 0.0
        d[1] = 0.0
        d[2] = 0.0
        d[3] = 0.0
        if x.kind == RX_OXIDATION:
            b = y[x.b]
            u.rate[j] = k*a*b/litres
            d[0] = k*b/litres
            d[1] = k*a/litres
        elif x.kind == RX_HYDROLYSIS:
            hz = h*h*h if x.z == 3.0 else h*h
            eq = u.equilibrium[j]*hz*litres
            if x.a == u.i_fe3:
                eq *= share
            if a > eq:
                r = k*(a - eq)
                d[0] = k
                g = 1.0
            else:
                # as fast as forth near equilibrium, and no faster than the solid there is allows
                b = dmax(y[x.b], 0.0) + 1e-30
                g = b/(b + eq - a)
                r = k*g*(a - eq)
                d[0] = k*g*g
                d[1] = -k*(1.0 - g)*(1.0 - g)
            d[2] = -k*g*g*x.z*eq
            if x.a == u.i_fe3 and u.i_boron < 0:
                d[3] = -k*g*g*eq
            u.rate[j] = r
            if first:
                hydrolysis = dmax(r, 0.0)
                first = False
        elif x.kind == RX_ADSORPTION:
            u.rate[j] = x.k*hydrolysis*a/litres
            d[0] = x.k*hydrolysis/litres
        elif x.kind == RX_DISSOLUTION:
            b = dmax(y[x.b], 0.0)/litres
            u.rate[j] = k*a*b/(b + PEROXIDE_HALF)
            d[0] = k*b/(b + PEROXIDE_HALF)
            d[1] = k*a*PEROXIDE_HALF/((b + PEROXIDE_HALF)*(b + PEROXIDE_HALF))/litres
        else:
            u.rate[j] = k*a
            d[0] = k


cdef inline void reactor_rhs(void* unit, Sheet* s, const double* y, double* f) noexcept nogil:
    cdef Reactor* u = <Reactor*>unit
    cdef int ny = s.nc + 1, j, i
    cdef double heat = 0.0, o2 = 0.0
    cdef double cap = tank_mix(&u.tank, s, y, y[s.nc], f, f + ny)
    if u.n_rx == 0:
        f[ny + s.nc] = 0.0
        return
    reactor_rates(u, s, y, u.slope)
    for j in range(u.n_rx):
        for i in range(u.rx[j].n):
            f[u.rx[j].idx[i]] += u.rx[j].coef[i]*u.rate[j]
        heat += u.rx[j].heat*u.rate[j]
        o2 += u.rx[j].oxygen*u.rate[j]
    f[s.nc] += heat/cap
    f[ny + s.nc] = o2


cdef inline double effect(const Reaction* r, int species) noexcept nogil:
    """mol of a species that a mol of reaction makes."""
    cdef double made = 0.0
    cdef int k
    for k in range(r.n):
        if r.idx[k] == species:
            made += r.coef[k]
    return made


cdef inline double together(const Reactor* u, const double* by, int j) noexcept nogil:
    """What a mol of reaction j does by the iron, the acid and the ionic strength that it makes."""
    return (by[BY_IRON]*u.iron_made[j] + by[BY_ACID]*u.acid_made[j] + by[BY_STRENGTH]*u.strength_made[j])/u.litres


cdef inline void reactor_factor(void* unit, Sheet* s, const double* y, double gh) noexcept nogil:
    """M = I - g h D S, with the slopes that the right-hand side has just left."""
    cdef Reactor* u = <Reactor*>unit
    cdef int n = u.n_rx, i, j
    cdef double x
    for i in range(4*n):
        u.frozen[i] = u.slope[i]
    u.litres = 1e3*dmax(liquid_volume(s, y), 1e-9)
    for i in range(N_CAUSES):
        u.frozen_acid[i] = u.medium.acid_by[i]
        u.frozen_share[i] = u.medium.share_by[i]
    if u.i_boron >= 0:
        u.frozen_acid[BY_ACID] = u.acid_by
    for j in range(n):
        u.acid_of[j] = together(u, u.frozen_acid, j)
        u.share_of[j] = together(u, u.frozen_share, j)
    u.gh = gh
    u.i_h = s.i_h
    u.i_oxygen = 2*s.nc + 1
    for i in range(n):
        for j in range(n):
            x = u.frozen[4*i]*u.by_a[i*n + j] + u.frozen[4*i + 1]*u.by_b[i*n + j] + u.frozen[4*i + 2]*u.acid_of[j] \
                + u.frozen[4*i + 3]*u.share_of[j]
            u.m[i*n + j] = -gh*x
        u.m[i*n + i] += 1.0
    lu_factor(u.m, n)


cdef inline void reactor_solve(void* unit, double* b) noexcept nogil:
    """(I - g h S D)^-1 b = b + g h S (I - g h D S)^-1 D b"""
    cdef Reactor* u = <Reactor*>unit
    cdef int n = u.n_rx, i, k
    cdef double acid = caused(&u.medium, u.frozen_acid, u.n_dissolved, b, u.litres)
    cdef double share = caused(&u.medium, u.frozen_share, u.n_dissolved, b, u.litres)
    for i in range(n):
        u.d[i] = u.frozen[4*i]*b[u.rx[i].a] + u.frozen[4*i + 2]*acid + u.frozen[4*i + 3]*share
        if u.rx[i].b >= 0:
            u.d[i] += u.frozen[4*i + 1]*b[u.rx[i].b]
    lu_solve(u.m, n, u.d)
    for i in range(n):
        for k in range(u.rx[i].n):
            b[u.rx[i].idx[k]] += u.gh*u.rx[i].coef[k]*u.d[i]
        b[u.i_oxygen] += u.gh*u.rx[i].oxygen*u.d[i]


cdef inline void reactor_observe(Reactor* u, Sheet* s, const double* y) noexcept nogil:
    """Redox potential against Ag/AgCl: the Fe3+/Fe2+ couple, 0.771 V - 0.197 V + RT/F ln([Fe3+]/[Fe2+]), poised by peroxide."""
    cdef double* p = s.probe + u.probe
    cdef double v = dmax(liquid_volume(s, y), 1e-9), h
    cdef double floor = 1e-9*1e3*v
    p[0] = v/u.tank.span
    p[1] = y[s.nc]
    if u.n_rx > 0 and u.i_boron < 0:
        speciate(&u.medium, s.na, y, dmax(y[s.nc], 250.0), 1e3*v)
        p[2] = -fast_log10(u.medium.acid)
    else:
        h = reactor_acid(u, y, y[s.i_h]/(1e3*v), 1e3*v)
        p[2] = -fast_log10(h)
    p[3] = IRON_POTENTIAL
    if u.i_fe2 >= 0:
        p[3] += R_GAS*y[s.nc]/FARADAY*fast_log((dmax(y[u.i_fe3], 0.0) + floor)/(dmax(y[u.i_fe2], 0.0) + floor))
    p[4] = v
    p[5] = dot(y + s.na, s.mass + s.na, s.nc - s.na)
