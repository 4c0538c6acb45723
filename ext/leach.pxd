# cython: language_level=3, cdivision=True
"""Acid leach tank: particles of all ages shrink in their bins of radius, iron and rare earths dissolve, hydrogen leaves.

Population balance with a rate that does not depend on size, dr/dt = -v = -k(T) [H+] (Lister et al. 2021, linear in HCl): in
a stirred tank particles of all ages live together, so each class (alloy, oxide, Nd-rich grain boundary) is carried in bins of
radius. A bin knows its mass M and the first moment P of its mass in radius; the particles in it are taken to lie evenly, by
number, between its lower edge b and a radius e that follows from the mean P/M:

    vc = 4 v M/(e^4 - b^4)      mass flow over the lower edge: vc b^3, and its moment vc b^4
    dM/dt = in - vc e^3         what does not go over the edge dissolves: vc (e^3 - b^3)
    dP/dt = in - vc b^4 - 4 v M

Summed over the bins the last line is dP/dt = in - 4 v M, which is exact for any distribution: that is why so few bins are
enough (one moment alone, upwind, leaves half as much again undissolved). A class dissolves congruently. The Nd-rich phase
between the grains is metal of one species, which the alloy has, too: the mass in its bins is its share of that species.

States: mol of every species, temperature [K], kg in every bin (alloy, oxide, grain boundary), the same times the mean radius
of the mass in bin widths, mol H2 in the headspace.
Outflow integrals: mol of every species, kg and moment of every bin, mol H2, H2O and HCl to the sweep, then J of dissolution.

Foam stands as high as gas leaves the liquor in the time that it lives (Bikerman 1938). The fan keeps the headspace below the
atmosphere as the square of the air that it draws in; what is made beyond that presses outward through the standing fan.
"""

from sheet cimport Sheet, CLASSES, C_BOUNDARY, S_TEMP, S_VOL, S_MOL, ATMOSPHERE, GAS_DENSITY, R_GAS, stream_now, stream_next, liquid_volume, dmax, dmin
from tank cimport Tank, free_acid, stirring, outlet_flow, tank_mix, tank_send
from numerics cimport dot, fast_exp, fast_log10

cdef enum:
    LEACH_PROBES = 14
    MAX_BINS = 32

cdef struct LeachTank:
    Tank tank
    int powder[8]               # 1: particles come by this inlet, which acid and water do not carry
    double activation           # J/mol
    double shrink[CLASSES*MAX_BINS]     # per bin: shrinking rate at 298.15 K, bin widths/s per mol/L
    double edge[CLASSES*MAX_BINS]       # its lower edge, in bin widths
    double mean[CLASSES*MAX_BINS]       # mean radius of the mass from there, if it is evenly filled
    int* kind                   # per species: 0 does not dissolve, 1 alloy, 2 oxide
    int rich                    # species of the alloy that the grain boundary is made of
    int* product                # dissolved species it gives
    double* n_product           # mol per mol
    double* n_acid              # mol H+ taken per mol
    double* n_hydrogen          # mol H2 given per mol
    double* n_water             # mol H2O given per mol (negative: taken)
    double* heat                # J released per mol
    double headspace            # m3
    int vent                    # stream of the sweep; -1: it leaves the plant
    int sweep                   # actuator of the fan
    double sweep_capacity       # mol/s of air at full speed through this tank
    double water_vapour         # mol/s at 333.15 K
    double acid_vapour          # mol/s per (mol/L)^2 at 333.15 K
    double heat_dilution        # J per mol of acid that comes in
    int purge                   # actuator of the nitrogen valve, -1: none
    double purge_capacity       # mol/s at full opening
    double draught              # Pa below the atmosphere at full speed of the fan
    double breathing            # mol/s that press out through a standing fan at 1 mbar
    double surface              # m2
    double foam_life            # s
    double dome                 # m3 of liquor up to where foam is seen
    double current              # A of the agitator in clear liquor
    double current_idle         # A out of it
    double drag                 # m3/kg by which solids load it more
    int probe


cdef extern from *:
    """
    #define TRACE 1e-7           /* kg */
    #define ACID_VAPOUR 7000.0   /* [T] K, HCl over its solution: 58 kJ/mol */
    #define WATER_VAPOUR 5200.0  /* [Q] K, water over liquor: 43 kJ/mol */
    #define HOT_EVAPORATION 43.0e3   /* [Q] J/mol of water, 40 to 60 C */
    #define SWEPT_AT 333.15      /* [C] K, at which the vapours of a tank are stated */
    """
    const double TRACE, ACID_VAPOUR, WATER_VAPOUR, HOT_EVAPORATION, SWEPT_AT


cdef inline double evenly_filled(double low) noexcept nogil:
    """Mean radius of the mass in a bin filled evenly by number, measured from its lower edge; all in bin widths."""
    cdef double b1 = low + 1.0
    return 0.8*(b1*b1*b1*b1*b1 - low*low*low*low*low)/(b1*b1*b1*b1 - low*low*low*low) - low


cdef inline void leach_shrink(const LeachTank* u, int nb, double speed, const double* m, const double* p, double* fm,
                              double* fp, double* gone) noexcept nogil:
    """Add the shrinking of all classes to dM/dt and dP/dt; gone: what dissolves of each class [kg/s].

    speed: how much faster than at 298.15 K in 1 mol/L. A bin with less than TRACE in it is taken as evenly filled, and e
    stands still a tenth of a bin above the lower edge; P - bM then falls in proportion to itself, so that it stays positive.
    """
    cdef double low, e, c, whole, over, mean, above, v
    cdef double lost[CLASSES*MAX_BINS]
    cdef double moment[CLASSES*MAX_BINS]
    cdef double below[CLASSES*MAX_BINS]
    cdef int b, k, n = CLASSES*nb
    # bin by bin, each for itself, so that the compiler makes vectors of it
    for b in range(n):
        low = u.edge[b]
        mean = u.mean[b]        # there e is the upper edge
        v = u.shrink[b]*speed
        above = p[b] - low*m[b]
        e = (above/mean + TRACE)/(m[b] + TRACE)
        e = e if e > 0.1 else 0.1
        e = e if e < 2.0 else 2.0
        c = 4.0*v/((2.0*low*(low + e) + e*e)*(2.0*low + e)*e)
        whole = c*(low + e)*(low + e)*(low + e)
        over = c*low*low*low
        lost[b] = whole*m[b]
        # b whole M + (4 v - b (whole - over)) M, but for M its equal above/(mean e)
        moment[b] = low*whole*m[b] + (4.0*v - low*(whole - over))*above/(mean*e)
        below[b] = over*m[b]
    for b in range(n):
        fm[b] -= lost[b]
        fp[b] -= moment[b]
    # nothing goes over the edge of a class's first bin, which is nought
    for b in range(1, n):
        fm[b - 1] += below[b]
        fp[b - 1] += u.edge[b]*below[b]
    for k in range(CLASSES):
        gone[k] = 0.0
    for b in range(nb):
        for k in range(CLASSES):
            gone[k] += lost[k*nb + b] - below[k*nb + b]


cdef inline double leach_air(const LeachTank* u, const Sheet* s) noexcept nogil:
    """mol/s that the fan draws through the headspace."""
    return u.sweep_capacity*s.drive[u.sweep] if u.sweep >= 0 else 0.0


cdef inline double leach_nitrogen(const LeachTank* u, const Sheet* s) noexcept nogil:
    """mol/s of the purge."""
    return u.purge_capacity*s.drive[u.purge] if u.purge >= 0 else 0.0


cdef inline double leach_fresh(const LeachTank* u, const Sheet* s) noexcept nogil:
    """mol/s of gas without hydrogen that comes into the headspace."""
    return leach_air(u, s) + leach_nitrogen(u, s)


cdef inline void leach_rhs(void* unit, Sheet* s, const double* y, double* f) noexcept nogil:
    cdef LeachTank* u = <LeachTank*>unit
    cdef int nc = s.nc, nb = s.nb, i, b, c, k, j
    cdef int n_bins = 2*CLASSES*nb, i_bins = nc + 1, i_gas = i_bins + n_bins, ny = i_gas + 1
    cdef double* out = f + ny
    cdef double temp = y[nc], v, wet, q = 0.0, h, fresh, r, heat = 0.0, diluted, rel, speed, h2 = 0.0, rich
    cdef double mass[CLASSES]
    cdef double frac[CLASSES]
    cdef const double* x
    cdef double cap = tank_mix(&u.tank, s, y, temp, f, out)
    v = dmax(liquid_volume(s, y), 1e-9)
    for k in range(u.tank.n_out):
        q += outlet_flow(&u.tank.outlet[k], &u.tank, s, v)
    rel = q/v*stirring(&u.tank, s)
    h = free_acid(y[s.i_h]/(1e3*v))
    speed = fast_exp(u.activation/R_GAS*(1.0/298.15 - 1.0/dmax(temp, 250.0)))*stirring(&u.tank, s)*h

    for b in range(n_bins):
        out[nc + b] = rel*y[i_bins + b]
        f[i_bins + b] = -out[nc + b]
    for k in range(u.tank.n_in):
        x = stream_now(s, u.tank.inlet[k]) + S_MOL
        if u.powder[k]:
            for b in range(n_bins):
                f[i_bins + b] += x[nc + b]
        heat += u.heat_dilution*dmax(x[s.i_h], 0.0)
    diluted = heat
    k = i_bins + CLASSES*nb
    leach_shrink(u, nb, speed, y + i_bins, y + k, f + i_bins, f + k, frac)
    for c in range(CLASSES):
        mass[c] = 0.0
    for b in range(nb):
        for c in range(CLASSES):
            mass[c] += y[i_bins + c*nb + b]
    for c in range(CLASSES):
        frac[c] = frac[c]/mass[c] if mass[c] > 1e-15 else 0.0
    rich = dmin(mass[C_BOUNDARY]/s.mass[u.rich], dmax(y[u.rich], 0.0))

    # congruent dissolution of each class
    for i in range(s.na, nc):
        if u.kind[i] == 0:
            continue
        r = frac[u.kind[i] - 1]*y[i]
        if i == u.rich:
            r += (frac[C_BOUNDARY] - frac[0])*rich
        f[i] -= r
        j = u.product[i]
        f[j] += r*u.n_product[i]
        f[s.i_h] -= r*u.n_acid[i]
        f[s.i_h2o] += r*u.n_water[i]
        h2 += r*u.n_hydrogen[i]
        heat += r*u.heat[i]

    out[nc + n_bins + 3] = heat - diluted

    # headspace and sweep: H2 dilutes into the air, water and HCl evaporate into it
    fresh = leach_fresh(u, s)
    r = y[i_gas]/(u.headspace*GAS_DENSITY)*(fresh + h2)
    f[i_gas] = h2 - r
    out[nc + n_bins] = r
    # of nothing, nothing evaporates
    wet = dmax(liquid_volume(s, y), 0.0)
    r = u.water_vapour*fast_exp(WATER_VAPOUR*(1.0/SWEPT_AT - 1.0/dmax(temp, 250.0)))*wet/(wet + 1e-3)
    f[s.i_h2o] -= r
    out[nc + n_bins + 1] = r
    heat -= HOT_EVAPORATION*r
    r = u.acid_vapour*fast_exp(ACID_VAPOUR*(1.0/SWEPT_AT - 1.0/dmax(temp, 250.0)))*h*dmax(y[s.i_cl], 0.0)/(1e3*v)*v/(v + 1e-3)
    f[s.i_h] -= r
    f[s.i_cl] -= r
    out[nc + n_bins + 2] = r
    f[nc] += heat/cap


cdef inline void leach_send(LeachTank* u, Sheet* s, const double* y, const double* q) noexcept nogil:
    cdef int k, b, nc = s.nc
    cdef double* x
    cdef double share, total = 0.0, v = liquid_volume(s, y)
    tank_send(&u.tank, s, y, y[nc], q)
    for k in range(u.tank.n_out):
        total += outlet_flow(&u.tank.outlet[k], &u.tank, s, v)
    for k in range(u.tank.n_out):
        x = stream_next(s, u.tank.outlet[k].stream) + S_MOL + nc
        share = outlet_flow(&u.tank.outlet[k], &u.tank, s, v)/total if total > 0.0 else 1.0/u.tank.n_out
        for b in range(2*CLASSES*s.nb):
            x[b] = share*q[nc + b]


cdef inline void leach_vent(LeachTank* u, Sheet* s, const double* y, const double* q, double tick) noexcept nogil:
    """Send what goes with the sweep on its way, or book it as left. Air is no species; of the vent's slots only these are
    ever written."""
    cdef const double* gas = q + s.nc + 2*CLASSES*s.nb
    cdef double* x
    if u.vent >= 0:
        x = stream_next(s, u.vent)
        x[S_TEMP] = y[s.nc]
        x[S_MOL + s.i_h2] = gas[0]
        x[S_MOL + s.i_h2o] = gas[1]
        x[S_MOL + s.i_h] = gas[2]
        x[S_MOL + s.i_cl] = gas[2]
        return
    s.edge_out[s.i_h2] += tick*gas[0]
    s.edge_out[s.i_h2o] += tick*gas[1]
    s.edge_out[s.i_h] += tick*gas[2]
    s.edge_out[s.i_cl] += tick*gas[2]


cdef inline void leach_observe(LeachTank* u, Sheet* s, const double* y, const double* q) noexcept nogil:
    cdef double* p = s.probe + u.probe
    cdef const double* gas = q + s.nc + 2*CLASSES*s.nb
    cdef double v = liquid_volume(s, y), solids = dot(y + s.na, s.mass + s.na, s.nc - s.na), drawn, wet
    p[0] = v/u.tank.span
    p[1] = y[s.nc]
    p[2] = free_acid(y[s.i_h]/(1e3*dmax(v, 1e-9)))*1e3
    p[3] = y[s.nc + 1 + 2*CLASSES*s.nb]/(u.headspace*GAS_DENSITY)
    p[4] = gas[0]
    p[5] = v
    p[6] = solids
    p[7] = -fast_log10(dmax(1e-3*p[2], 1e-14))
    p[8] = leach_fresh(u, s) + gas[0]
    drawn = leach_air(u, s) - leach_nitrogen(u, s) - gas[0] - gas[1] - gas[2]
    if drawn >= 0.0:
        p[9] = -u.draught*drawn*drawn/(u.sweep_capacity*u.sweep_capacity) if u.sweep_capacity > 0.0 else 0.0
    else:
        p[9] = 100.0*drawn*drawn/(u.breathing*u.breathing)
    p[10] = gas[3]
    p[11] = gas[0]*R_GAS*dmax(y[s.nc], 250.0)/(ATMOSPHERE*u.surface)*u.foam_life
    p[12] = 1.0 if p[11]*u.surface > dmax(u.dome - v, 0.0) and gas[0] > 0.0 else 0.0
    if u.tank.agitator >= 0:
        wet = dmin(dmax(v, 0.0)/(0.3*u.tank.span), 1.0)
        p[13] = s.drive[u.tank.agitator]*(u.current_idle + (u.current - u.current_idle)*wet*(1.0 + u.drag*solids/dmax(v, 1e-9)))
