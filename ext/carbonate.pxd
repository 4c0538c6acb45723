# cython: language_level=3, cdivision=True
"""Stirred tank in which carbonates dissolve in acid, or precipitate with soda, and carbon dioxide leaves.

Dissolved carbonate is one component, CO3: CO3(2-), HCO3- and CO2 together, and the acid they bind counts in the net acidity:

    net = h - Kw/h + C (K1 h + 2 h2)/(h2 + K1 h + K1 K2)         Plummer and Busenberg 1982, 25 C

so that solid = a M(z+) + b CO3 + w H2O + y H+ closes by itself, in acid and in soda alike.

Dissolution: particles shrink at dr/dt = -v = -k(T) h (1/s per mol/L of acid). With their mass M3 and B = M3/r, both summed
over all sizes,

    dM3/dt = in - 3 v B                 dB/dt = in/r0 - 2 v c B2/M3,    c = 1 + (1 - M3/(B r0))/2

The former is exact. c closes the latter: 1 while all have the size r0 at which they came, 9/8 where, in a stirred tank, they
dissolve in a time that is short against its residence, and what is left is evenly spread in radius. Both are exact.

Precipitation: r = k n (1 - (Ks/([M]^2 [CO3--]^3))^(1/5)) per metal, where that is positive; other metals are carried down
in proportion to what precipitates and to their concentration.

Carbon dioxide: strips at k_strip ([CO2] - 0.034 mol/L of headspace fraction); what of it is still dissolved in liquor that
leaves flashes off, so that none goes on into vessels that know no carbonate. Froth stands on it, h' = v_gas - h/t.

States: mol of every species, temperature [K], B [kg/m], height of froth [m], mol CO2 in the headspace.
Outflow integrals: mol of every species, then mol CO2.
"""

from sheet cimport Sheet, KW, R_GAS, S_MOL, stream_now, liquid_volume, dmax, dmin
from tank cimport Tank, free_acid, stirring, tank_mix
from numerics cimport dot, fast_exp, fast_log, fast_log10
from scrubber cimport K1_CARBONIC, K2_CARBONIC
from libc.math cimport fabs, sqrt

cdef extern from *:
    """
    #define CO2_SOLUBLE 0.034    /* [S] mol/L of CO2 at 1 atm and 25 C, Plummer and Busenberg 1982 */
    #define MOLAR_GAS 0.0245     /* [C] m3/mol at 25 C */
    #define LEAST_RADIUS 0.01    /* of r0: below, what is left goes at a constant rate of its own */
    """
    const double CO2_SOLUBLE, MOLAR_GAS, LEAST_RADIUS

cdef enum:
    MAX_CARBONATES = 16
    CARBONATE_MORE = 4      # states beside the species
    CARBONATE_PROBES = 9    # level, temperature, pH, volume, solids, free acid, CO2 fraction, mol/s CO2 off, froth

cdef struct Carbonate:
    int solid               # species
    int metal
    double n_metal          # mol per mol of solid
    double n_carbonate
    double n_water
    double n_acid           # mol H+ set free
    double log_k            # ln of the solubility product; used where `precipitates`
    int precipitates        # 1: as M2(CO3)3; 2: carried down with those; 0: it dissolves only
    double carried          # L/mol of precipitated metal

cdef struct CarbonateTank:
    Tank tank
    int n
    Carbonate row[16]
    double shrink           # m/s per mol/L at 298.15 K
    double activation       # J/mol
    double radius           # m, of particles that come in or form
    double rate             # 1/s, of precipitation
    double heat             # J per mol of metal that dissolves
    double strip            # 1/s
    double surface          # m2 that froth stands on
    double froth_life       # s
    double headspace        # m3
    int sweep               # actuator of the fan
    double sweep_capacity   # mol/s of air at full speed through this tank
    int i_carbonate
    int probe


cdef inline double carbonic_acid(double net, double c) noexcept nogil:
    """[H+] of liquor with `c` mol/L of carbonate whose acidity with what that binds is `net` (mol/L).

    The acidity rises with h throughout: Newton within a bracket, whose geometric mean takes the place of a bad step."""
    cdef double low = 1e-15, high = dmax(net, 0.0) + 1e-6, h, g, d, den, top, last = 1e300
    cdef double k12 = K1_CARBONIC*K2_CARBONIC
    cdef int i
    if c < 1e-12:
        return free_acid(net)
    h = net - 2.0*c
    if h < 1e-4:
        h = sqrt(low*high)
    for i in range(80):
        den = h*h + K1_CARBONIC*h + k12
        top = K1_CARBONIC*h + 2.0*h*h
        g = h - KW/h + c*top/den - net
        if g > 0.0:
            high = h
        else:
            low = h
        d = h - g/(1.0 + KW/(h*h) + c*((K1_CARBONIC + 4.0*h)*den - top*(2.0*h + K1_CARBONIC))/(den*den))
        if fabs(d - h) < 1e-13*h:
            return d
        if d <= low or d >= high or fabs(g) > 0.5*last:
            d = sqrt(low*high)
        last = fabs(g)
        h = d
    return h


cdef inline double carbonate_mass(const CarbonateTank* u, const Sheet* s, const double* y) noexcept nogil:
    """kg of the solids that dissolve."""
    cdef double m = 0.0
    cdef int i
    for i in range(u.n):
        m += dmax(y[u.row[i].solid], 0.0)*s.mass[u.row[i].solid]
    return m


cdef inline void carbonate_rhs(void* unit, Sheet* s, const double* y, double* f) noexcept nogil:
    cdef CarbonateTank* u = <CarbonateTank*>unit
    cdef int nc = s.nc, i, k
    cdef double* out = f + nc + CARBONATE_MORE
    cdef const Carbonate* x
    cdef const double* inlet
    cdef double cap = tank_mix(&u.tank, s, y, y[nc], f, out)
    cdef double litres = 1e3*dmax(liquid_volume(s, y), 1e-9)
    cdef double c = dmax(y[u.i_carbonate], 0.0)/litres, h = carbonic_acid(y[s.i_h]/litres, c)
    cdef double den = h*h + K1_CARBONIC*h + K1_CARBONIC*K2_CARBONIC
    cdef double free = h*h/den, bare = c*K1_CARBONIC*K2_CARBONIC/den
    cdef double mass = carbonate_mass(u, s, y), b = dmax(y[nc + 1], 0.0), r, v, gone, part, heat = 0.0, made = 0.0
    cdef double stirred = stirring(&u.tank, s), gas, fresh, ln_bare, conc, share, coming = 0.0, laid = 0.0

    # particles: mass and mass over radius
    for k in range(u.tank.n_in):
        inlet = stream_now(s, u.tank.inlet[k]) + S_MOL
        for i in range(u.n):
            coming += inlet[u.row[i].solid]*s.mass[u.row[i].solid]
    v = u.shrink*h*stirred*fast_exp(u.activation/R_GAS*(1.0/298.15 - 1.0/dmax(y[nc], 250.0)))
    r = mass/b if b > 0.0 else u.radius
    r = dmin(dmax(r, LEAST_RADIUS*u.radius), u.radius)
    gone = 3.0*v*mass/r
    part = gone/mass if mass > 1e-15 else 0.0
    f[nc + 1] = coming/u.radius - 2.0*v*(1.0 + 0.5*(1.0 - r/u.radius))*b/r
    for i in range(u.n):
        x = &u.row[i]
        if out[x.solid] > 0.0 and y[x.solid] > 0.0:
            f[nc + 1] -= b*out[x.solid]/y[x.solid]
            break
    for i in range(u.n):
        x = &u.row[i]
        gas = part*dmax(y[x.solid], 0.0)
        f[x.solid] -= gas
        f[x.metal] += x.n_metal*gas
        f[u.i_carbonate] += x.n_carbonate*gas
        f[s.i_h2o] += x.n_water*gas
        f[s.i_h] += x.n_acid*gas
        heat += u.heat*x.n_metal*gas

    # precipitation, metal by metal
    if bare > 1e-14:
        ln_bare = fast_log(bare)
        for i in range(u.n):
            x = &u.row[i]
            conc = dmax(y[x.metal], 0.0)/litres
            if x.precipitates == 1:
                if conc < 1e-14:
                    continue
                share = 0.2*(x.log_k - 2.0*fast_log(conc) - 3.0*ln_bare)
                if share >= 0.0:
                    continue
                gas = u.rate*conc*litres*(1.0 - fast_exp(share))/x.n_metal
                made += gas*x.n_metal
            elif x.precipitates == 2:
                gas = x.carried*conc*made
            else:
                continue
            f[x.solid] += gas
            f[x.metal] -= x.n_metal*gas
            f[u.i_carbonate] -= x.n_carbonate*gas
            f[s.i_h2o] -= x.n_water*gas
            f[s.i_h] -= x.n_acid*gas
            heat -= u.heat*x.n_metal*gas
            laid += gas*s.mass[x.solid]
    f[nc + 1] += laid/u.radius

    # carbon dioxide off: stripped, and flashing from what leaves
    fresh = u.sweep_capacity*s.drive[u.sweep] if u.sweep >= 0 else 0.0
    gas = u.strip*litres*(c*free - CO2_SOLUBLE*y[nc + 3]/(u.headspace/MOLAR_GAS))
    f[u.i_carbonate] -= gas
    f[s.i_h] -= 2.0*gas
    f[s.i_h2o] += gas
    f[nc + 2] = dmax(gas, 0.0)*MOLAR_GAS/u.surface - y[nc + 2]/u.froth_life
    part = y[nc + 3]/(u.headspace/MOLAR_GAS)*(fresh + dmax(gas, 0.0))
    f[nc + 3] = gas - part
    out[nc] = part
    gas = free*out[u.i_carbonate]
    out[u.i_carbonate] -= gas
    out[s.i_h] -= 2.0*gas
    out[s.i_h2o] += gas
    out[nc] += gas
    f[nc] += heat/cap


cdef inline void carbonate_vent(const CarbonateTank* u, Sheet* s, const double* q, double tick) noexcept nogil:
    """Book the carbon dioxide as left."""
    s.edge_out[s.i_co2] += tick*q[s.nc]


cdef inline void carbonate_observe(const CarbonateTank* u, Sheet* s, const double* y, const double* q) noexcept nogil:
    cdef double* p = s.probe + u.probe
    cdef double v = liquid_volume(s, y), litres = 1e3*dmax(v, 1e-9)
    cdef double h = carbonic_acid(y[s.i_h]/litres, dmax(y[u.i_carbonate], 0.0)/litres)
    p[0] = v/u.tank.span
    p[1] = y[s.nc]
    p[2] = -fast_log10(h)
    p[3] = v
    p[4] = dot(y + s.na, s.mass + s.na, s.nc - s.na)
    p[5] = 1e3*h
    p[6] = y[s.nc + 3]/(u.headspace/MOLAR_GAS)
    p[7] = q[s.nc]
    p[8] = y[s.nc + 2]
