# cython: language_level=3, cdivision=True
"""Pad of ore in cells that are stacked, irrigated, rinsed, drained and reclaimed in turn: unsaturated flow and ion exchange.

A cell is a column of layers. Water moves down by gravity, q = Ks Se^n with Se = (theta - thr)/(ths - thr) (Brooks and Corey
1964 with unit gradient); what the surface does not take in stands on it, and runs off above a depth. Every dissolved
species moves with the water, upwind: a layer is a stirred volume, so dispersivity is half its height.

Exchange is Gaines-Thomas: with x the exchanger's potential, the equivalent share of ion i is E_i = K_i a_i x^z. All ions
approach equilibrium at one rate k, times min(1, I/I_ref) in dilute liquor. One step of h s, f = 1 - exp(-k h), implicit:

    Q_i' = Q_i + f (CEC E_i'/z_i - Q_i),  M_i' + Q_i' = M_i + Q_i     ->  M_i' = (M_i + f Q_i)/(1 + f CEC K_i g_i x^z/(z_i V))

so both stay positive and each ion is conserved whatever the step; the sum of E_i' = 1 fixes x, and rises with it from nought to
above 1: one root, by Newton in a bracket. A part of each rare earth sits slowly: dS/dt = -ks E_NH4 S, three NH4 in its place.
Free acid dissolves gibbsite of the clay, and what aluminium is too much for it comes back, in first order.

The pad takes a step each `step` s on what has arrived, and sends until the next what left; both are part of its hold-up. A
cell is complete when its ore is stacked: then all move on by a place, and the drained one is reclaimed and begun anew.

To the solver of the steady state the pad is a stock: it sends what it does at the age it has.
States: what arrived of three inlets, ore arrived, liquor to be sent by three outlets, HP_*; of each cell: kg of ore, liquor
standing on it, minerals, and of each layer dissolved species, exchangers' ions and slow rare earth. All in mol.
"""

from libc.math cimport sqrt, fabs

from numerics cimport LN10, dot, fast_exp, fast_log
from sheet cimport Sheet, S_TEMP, S_VOL, S_MOL, stream_now, stream_next, liquid_volume, dmax, dmin

cdef enum:
    HEAP_LIQUORS = 3        # inlets: intermediate, barren, rinse; outlets: pregnant, intermediate, overflow
    MAX_IONS = 24
    MAX_PLACES = 32
    HP_CLOCK = 0            # s since the last step
    HP_TURNS = 1            # cells completed
    HP_HELD = 2             # s in which what is to be sent leaves
    HP_DEPTH = 3            # as of the last step: m of liquor on the deepest cell, water content of irrigated cells, m3/s run off
    HP_WATER = 4
    HP_RUN = 5
    HP_MORE = 6
    HEAP_PROBES = 5         # deepest pond m, water content of irrigated cells, cells completed, share stacked, run-off m3/s

cdef extern from *:
    """
    #define PHASE_REST 0            /* stacked and cured: only rain */
    #define PHASE_INTERMEDIATE 1    /* irrigated with intermediate liquor, drains to pregnant liquor */
    #define PHASE_FIRST 2           /* barren liquor, drains to pregnant */
    #define PHASE_SECOND 3          /* barren liquor, drains to intermediate */
    #define PHASE_RINSE 4
    #define PHASE_DRAIN 5
    #define HEAP_LEAST_WATER 1e-3   /* of a layer's volume: below nothing flows and nothing exchanges */
    #define DAVIES_A 0.51           /* [S] (kg/mol)^0.5 at 25 C, Davies 1962 */
    #define DAVIES_B 0.3            /* [S] as A */
    #define HEAP_AL_SULFATE 40.0    /* [T] L/mol, AlSO4+ at ionic strength 0.5 */
    #define HEAP_KS_BISULFATE 0.07  /* [T] mol/L, HSO4- at ionic strength 0.5: pK 1.15 */
    """
    const int PHASE_REST, PHASE_INTERMEDIATE, PHASE_FIRST, PHASE_SECOND, PHASE_RINSE, PHASE_DRAIN
    const double HEAP_LEAST_WATER, DAVIES_A, DAVIES_B, HEAP_AL_SULFATE, HEAP_KS_BISULFATE

cdef struct Exchange:
    int n                   # ions
    int ion[24]             # dissolved species
    int bound[24]           # its species on the exchanger
    int slow[24]            # and on the sites that give it up slowly, -1: none
    double z[24]
    double k[24]            # selectivity against NH4, mol/L
    double beta[24]         # of the sulfate complex, L/mol
    int i_nh4               # among the ions
    int i_so4, i_c, i_al    # dissolved species; -1: none
    int i_gibbsite          # solid
    double rate             # 1/s
    double strength         # I_ref, mol/L of charges
    double slow_rate        # 1/s
    double acid_rate        # 1/s
    double log_gibbsite     # Al(OH)3 + 3 H+ = Al3+ + 3 H2O

cdef struct Heap:
    int ore
    int inlet[3]
    int outlet[3]
    int cells, layers
    int phase[32]           # of each place of the round
    double area             # m2 of a cell
    double height           # m of the lift
    double cell_mass        # kg of dry ore
    double moisture         # kg of water per kg of dry ore as it is stacked
    double conductivity     # Ks, m/s
    double exponent         # n, a whole number
    double saturated        # ths
    double residual         # thr
    double deepest          # m of liquor on a cell before it runs off
    double rain             # m/s
    double evaporation      # m/s
    double step             # s
    double temperature
    double slot             # s, irrigation m/s and mol/m3 of liquors with which a pad in its stride begins
    double flux[3]
    double* liquor
    double* per_kg
    Exchange x
    double* work            # 2 na
    int probe


cdef inline int heap_layer(const Heap* u, const Sheet* s) noexcept nogil:
    """Doubles of a layer."""
    return s.na + 2*u.x.n


cdef inline int heap_cell(const Heap* u, const Sheet* s) noexcept nogil:
    """Doubles of a cell."""
    return 1 + s.na + s.nc + u.layers*heap_layer(u, s)


cdef inline int heap_more(const Sheet* s) noexcept nogil:
    """Where HP_* begin."""
    return HEAP_LIQUORS*(s.na + s.nc) + s.nc


cdef inline double power(double x, double z) noexcept nogil:
    """x^z for z = 1, 2, 3."""
    return x if z == 1.0 else (x*x if z == 2.0 else x*x*x)


cdef inline double exchanger_potential(const double* b, const double* w, const double* z, int n) noexcept nogil:
    """x > 0 with sum b_i x^z/(1 + w_i x^z) = 1; the sum's limit is above 1. Newton for ln x within a bracket."""
    cdef double s1 = 0.0, s2 = 0.0, s3 = 0.0, x, low, high, g, d, t, p, y
    cdef int i, turn
    for i in range(n):
        if z[i] == 1.0:
            s1 += b[i]
        elif z[i] == 2.0:
            s2 += b[i]
        else:
            s3 += b[i]
    # without the denominators the root lies lower: the least of each charge's own root bounds that one from above
    x = 1e30
    if s1 > 0.0:
        x = dmin(x, 1.0/s1)
    if s2 > 0.0:
        x = dmin(x, 1.0/sqrt(s2))
    if s3 > 0.0:
        x = dmin(x, fast_exp(-fast_log(s3)/3.0))
    low = 0.0
    high = 1e300
    for turn in range(100):
        g = -1.0
        d = 0.0
        for i in range(n):
            p = power(x, z[i])
            t = b[i]*p/(1.0 + w[i]*p)
            g += t
            d += z[i]*t/(1.0 + w[i]*p)
        if fabs(g) < 1e-14:
            break
        if g > 0.0:
            high = x
        else:
            low = x
        y = x*fast_exp(dmin(dmax(-g/dmax(d, 1e-300), -3.0), 3.0))
        if y <= low or y >= high:
            y = 0.5*(low + high) if high < 1e300 else 2.0*x
            if low > 0.0 and high < 1e300:
                y = sqrt(low)*sqrt(high)
        if y == x:
            break
        x = y
    return x


cdef inline double heap_exchange(
    const Exchange* e, const Sheet* s, double* m, double volume, double h, double* gibbsite
) noexcept nogil:
    """One implicit step of h s in a layer of `volume` m3 of liquor; m: its states. Returns the share of NH4 on the exchanger."""
    cdef double* q = m + s.na
    cdef double* slow = q + e.n
    cdef double b[24]
    cdef double w[24]
    cdef double so4 = dmax(m[e.i_so4], 0.0)/(1e3*volume), strength, root, g1, g, f, cec = 0.0
    cdef double x, p, new, total, share = 0.0, d, acid
    cdef int i
    strength = dmin(3.0*so4, 1.0)
    root = sqrt(strength)
    g1 = fast_exp(-LN10*DAVIES_A*(root/(1.0 + root) - DAVIES_B*strength))
    f = e.rate*h*dmin(1.0, 2.0*so4/e.strength)
    if f < 1e-12:
        return 0.0
    f = 1.0 - fast_exp(-f)
    for i in range(e.n):
        cec += e.z[i]*q[i]
    if cec <= 0.0:
        return 0.0
    for i in range(e.n):
        g = g1 if e.z[i] == 1.0 else (g1*g1*g1*g1 if e.z[i] == 2.0 else power(g1*g1*g1, 3.0))
        g *= e.k[i]/(1.0 + e.beta[i]*so4)/(1e3*volume)
        w[i] = f*cec*g/e.z[i]
        b[i] = g*(dmax(m[e.ion[i]], 0.0) + f*q[i])
    x = exchanger_potential(b, w, e.z, e.n)
    for i in range(e.n):
        p = power(x, e.z[i])
        d = b[i]*p/(1.0 + w[i]*p)                       # E_i'
        if i == e.i_nh4:
            share = d
        total = m[e.ion[i]] + q[i]
        new = (dmax(m[e.ion[i]], 0.0) + f*q[i])/(1.0 + w[i]*p)
        m[e.ion[i]] = dmin(new, dmax(total, 0.0))       # the bound is against rounding alone
        q[i] = total - m[e.ion[i]]
    p = 1.0 - fast_exp(-e.slow_rate*h*share)
    for i in range(e.n):
        if e.slow[i] >= 0 and slow[i] > 0.0:
            d = dmin(p*slow[i], 0.1*dmax(m[e.ion[e.i_nh4]], 0.0)/e.z[i])
            slow[i] -= d
            m[e.ion[i]] += d
            m[e.ion[e.i_nh4]] -= e.z[i]*d
            q[e.i_nh4] += e.z[i]*d
    if e.i_gibbsite >= 0:
        # acid: what is left of net acidity when all carbonate is CO2; a part of it is bisulfate
        d = dmax(m[e.i_al], 0.0)/(1e3*volume)*power(g1*g1*g1, 3.0)/(1.0 + HEAP_AL_SULFATE*so4)
        acid = fast_exp((fast_log(d + 1e-30) - LN10*e.log_gibbsite)/3.0)*(1.0 + so4/HEAP_KS_BISULFATE)*1e3*volume
        d = (m[s.i_h] - (2.0*m[e.i_c] if e.i_c >= 0 else 0.0) - acid)*(1.0 - fast_exp(-e.acid_rate*h))
        d = dmin(dmax(d, -1.5*dmax(m[e.i_al], 0.0)), 3.0*gibbsite[0])
        m[s.i_h] -= d
        m[e.i_al] += d/3.0
        m[s.i_h2o] += d
        gibbsite[0] -= d/3.0
    return share


cdef inline void heap_stack(const Heap* u, const Sheet* s, double* cell, const double* ore, double kg) noexcept nogil:
    """Put kg of ore [mol of every species] with its moisture evenly over the layers of a cell."""
    cdef double* minerals = cell + 1 + s.na
    cdef double* m = minerals + s.nc
    cdef double share = 1.0/u.layers, water = u.moisture*kg/s.mass[s.i_h2o]
    cdef int i, j, size = heap_layer(u, s)
    cell[0] += kg
    for i in range(s.nc):
        minerals[i] += ore[i]
    for j in range(u.layers):
        m[j*size + s.i_h2o] += share*water
        for i in range(u.x.n):
            m[j*size + s.na + i] += share*ore[u.x.bound[i]]
            if u.x.slow[i] >= 0:
                m[j*size + s.na + u.x.n + i] += share*ore[u.x.slow[i]]
    for i in range(u.x.n):
        minerals[u.x.bound[i]] = 0.0
        if u.x.slow[i] >= 0:
            minerals[u.x.slow[i]] = 0.0


cdef inline double heap_percolate(
    const Heap* u, const Sheet* s, double* cell, double h, double* flow, double* out, double* over
) noexcept nogil:
    """One step of h s of a cell with liquor on it; add to `out` and `over` what drains and what runs off [mol].

    Returns the mean water content. flow: room for na.
    """
    cdef double* pond = cell + 1
    cdef double* gibbsite = cell + 1 + s.na + (u.x.i_gibbsite if u.x.i_gibbsite >= 0 else 0)
    cdef double* m = cell + 1 + s.na + s.nc
    cdef double area = u.area*cell[0]/u.cell_mass, room = area*u.height/u.layers, volume, theta, mean = 0.0, q, share, se, x
    cdef int i, j, k, size = heap_layer(u, s)
    volume = liquid_volume(s, pond)
    share = dmin(1.0, h*u.conductivity*area/dmax(volume, 1e-12))
    for i in range(s.na):
        flow[i] = share*pond[i]
        pond[i] -= flow[i]
        if share == 1.0:
            pond[i] = 0.0
    volume = liquid_volume(s, pond)
    if volume > u.deepest*area:
        share = 1.0 - u.deepest*area/volume
        for i in range(s.na):
            over[i] += share*pond[i]
            pond[i] -= share*pond[i]
    for j in range(u.layers):
        volume = liquid_volume(s, m)
        theta = volume/room
        mean += theta/u.layers
        se = dmin(dmax((theta - u.residual)/(u.saturated - u.residual), 0.0), 1.0)
        q = 1.0
        for k in range(<int>u.exponent):
            q *= se
        # never more than what is above the residual water
        share = dmin(h*u.conductivity*q*area, 0.5*dmax(volume - u.residual*room, 0.0))/dmax(volume, 1e-12)
        for i in range(s.na):
            x = share*m[i]
            m[i] += flow[i] - x
            flow[i] = x
        volume = liquid_volume(s, m)
        if volume > HEAP_LEAST_WATER*room:
            heap_exchange(&u.x, s, m, volume, h, gibbsite)
        m += size
    for i in range(s.na):
        out[i] += flow[i]
    return mean


cdef inline double heap_weather(const Heap* u, Sheet* s, double* cell, double h) noexcept nogil:
    """Rain on a cell, and what dries up from its surface; returns mol of water that came in less what left."""
    cdef double area = u.area*cell[0]/u.cell_mass, vm = s.vmol[s.i_h2o]
    cdef double* top = cell + 1 + s.na + s.nc
    cdef double came = h*u.rain*area/vm, gone = h*u.evaporation*area/vm, x
    cell[1 + s.i_h2o] += came
    x = dmin(gone, 0.9*cell[1 + s.i_h2o])
    cell[1 + s.i_h2o] -= x
    gone -= x
    x = liquid_volume(s, top) - u.residual*area*u.height/u.layers
    x = dmin(gone, 0.1*dmax(x, 0.0)/vm)
    top[s.i_h2o] -= x
    return came - (h*u.evaporation*area/vm - gone + x)


cdef inline void heap_reclaim(const Heap* u, Sheet* s, double* cell) noexcept nogil:
    """Take a cell away, with all that is in it."""
    cdef double* m = cell + 1 + s.na + s.nc
    cdef int i, j, size = heap_layer(u, s)
    for i in range(s.na):
        s.edge_out[i] += cell[1 + i]
    for i in range(s.nc):
        s.edge_out[i] += cell[1 + s.na + i]
    for j in range(u.layers):
        for i in range(s.na):
            s.edge_out[i] += m[j*size + i]
        for i in range(u.x.n):
            s.edge_out[u.x.bound[i]] += m[j*size + s.na + i]
            if u.x.slow[i] >= 0:
                s.edge_out[u.x.slow[i]] += m[j*size + s.na + u.x.n + i]
    for i in range(heap_cell(u, s)):
        cell[i] = 0.0


cdef inline int heap_place(const Heap* u, const double* more, int c) noexcept nogil:
    """Place of a cell in the round; 0 is being stacked."""
    return <int>((<long long>more[HP_TURNS] + (u.cells - c)) % u.cells)


cdef inline int heap_source(int phase) noexcept nogil:
    """Inlet by which a phase is irrigated, -1: none."""
    if phase == PHASE_INTERMEDIATE:
        return 0
    if phase == PHASE_FIRST or phase == PHASE_SECOND:
        return 1
    return 2 if phase == PHASE_RINSE else -1


cdef inline int heap_drain(int phase) noexcept nogil:
    """Outlet to which a phase drains."""
    return 0 if phase == PHASE_INTERMEDIATE or phase == PHASE_FIRST else 1


cdef inline void heap_advance(Heap* u, Sheet* s, double* y, double h) noexcept nogil:
    """One step of h s."""
    cdef double* arrived = y
    cdef double* ore = y + HEAP_LIQUORS*s.nc
    cdef double* box = ore + s.nc
    cdef double* more = y + heap_more(s)
    cdef double* cells = more + HP_MORE
    cdef double* cell
    cdef double kg = dot(ore, s.mass, s.nc), depth = 0.0, content = 0.0, theta, water
    cdef int takers[3]
    cdef int c, i, k, phase, irrigated = 0, size = heap_cell(u, s)
    for k in range(HEAP_LIQUORS):
        takers[k] = 0
    for c in range(u.cells):
        k = heap_source(u.phase[heap_place(u, more, c)])
        if k >= 0 and cells[c*size] > 0.0:
            takers[k] += 1
    for k in range(HEAP_LIQUORS):
        if takers[k] == 0:          # bare pad: what is sprayed there runs to the drain, its solids stay with the ore that comes
            for i in range(s.na, s.nc):
                ore[i] += arrived[k*s.nc + i]
            for i in range(s.na):
                box[heap_drain(PHASE_FIRST if k == 0 else PHASE_SECOND)*s.na + i] += arrived[k*s.nc + i]
    for c in range(u.cells):
        cell = cells + c*size
        phase = u.phase[heap_place(u, more, c)]
        if heap_place(u, more, c) == 0 and kg > 0.0:
            heap_stack(u, s, cell, ore, kg)
            s.edge_in[s.i_h2o] += u.moisture*kg/s.mass[s.i_h2o]
        if cell[0] <= 0.0:
            continue
        k = heap_source(phase)
        if k >= 0:
            for i in range(s.na):
                cell[1 + i] += arrived[k*s.nc + i]/takers[k]
            for i in range(s.na, s.nc):     # the ore filters what is undissolved
                cell[1 + s.na + i] += arrived[k*s.nc + i]/takers[k]
        water = heap_weather(u, s, cell, h)
        if water > 0.0:
            s.edge_in[s.i_h2o] += water
        else:
            s.edge_out[s.i_h2o] -= water
        theta = heap_percolate(u, s, cell, h, u.work, box + heap_drain(phase)*s.na, box + 2*s.na)
        depth = dmax(depth, liquid_volume(s, cell + 1)/(u.area*cell[0]/u.cell_mass))
        if k >= 0:
            content += theta
            irrigated += 1
    for i in range(HEAP_LIQUORS*s.nc):
        y[i] = 0.0
    if kg > 0.0:                # or what solids came to a bare pad wait for the ore
        for i in range(s.nc):
            ore[i] = 0.0
    if cells[heap_place_of(u, more)*size] >= u.cell_mass:
        more[HP_TURNS] += 1.0
        heap_reclaim(u, s, cells + heap_place_of(u, more)*size)
    more[HP_CLOCK] = 0.0
    more[HP_HELD] = u.step
    more[HP_DEPTH] = depth
    more[HP_WATER] = content/irrigated if irrigated > 0 else 0.0
    more[HP_RUN] = liquid_volume(s, box + 2*s.na)/h


cdef inline int heap_place_of(const Heap* u, const double* more) noexcept nogil:
    """The cell that is being stacked."""
    return <int>((<long long>more[HP_TURNS]) % u.cells)


cdef inline void heap_step(Heap* u, Sheet* s, double* y, double tick) noexcept nogil:
    """One tick: gather what arrives, send what is to be sent, and take a step when it is time."""
    cdef double* ore = y + HEAP_LIQUORS*s.nc
    cdef double* box = ore + s.nc
    cdef double* more = y + heap_more(s)
    cdef double* out
    cdef const double* x
    cdef double share
    cdef int k, i
    share = dmin(1.0, tick/more[HP_HELD]) if more[HP_HELD] > 1e-6 else 1.0
    for k in range(HEAP_LIQUORS):
        out = stream_next(s, u.outlet[k])
        for i in range(s.na):
            if tick > 0.0:
                out[S_MOL + i] = share*box[k*s.na + i]/tick
            else:
                out[S_MOL + i] = box[k*s.na + i]/dmax(more[HP_HELD], 1e-6)
        out[S_TEMP] = u.temperature
        out[S_VOL] = liquid_volume(s, out + S_MOL)
    s.probe[u.probe] = more[HP_DEPTH]
    s.probe[u.probe + 1] = more[HP_WATER]
    s.probe[u.probe + 2] = more[HP_TURNS]
    s.probe[u.probe + 4] = more[HP_RUN]
    s.probe[u.probe + 3] = y[heap_more(s) + HP_MORE + heap_place_of(u, more)*heap_cell(u, s)]/u.cell_mass
    if tick <= 0.0:
        return
    if s.averaged:      # a stock: what arrives has left, and what is sent has come in
        for k in range(HEAP_LIQUORS):
            x = stream_now(s, u.inlet[k]) + S_MOL
            for i in range(s.na):
                s.edge_in[i] += tick*stream_next(s, u.outlet[k])[S_MOL + i]
            for i in range(s.nc):
                s.edge_out[i] += tick*x[i]
        x = stream_now(s, u.ore) + S_MOL
        for i in range(s.nc):
            s.edge_out[i] += tick*x[i]
        return
    for k in range(HEAP_LIQUORS):
        for i in range(s.na):
            box[k*s.na + i] -= share*box[k*s.na + i]
        x = stream_now(s, u.inlet[k]) + S_MOL
        for i in range(s.nc):
            y[k*s.nc + i] += tick*x[i]
    x = stream_now(s, u.ore) + S_MOL
    for i in range(s.nc):
        ore[i] += tick*x[i]
    more[HP_CLOCK] += tick
    more[HP_HELD] -= tick
    if more[HP_CLOCK] >= u.step*(1.0 - 1e-9):
        heap_advance(u, s, y, more[HP_CLOCK])


cdef inline void heap_develop(Heap* u, Sheet* s, double* y) noexcept nogil:
    """Put the pad into its stride: every cell as old as its place and half a slot, irrigated so far at the stated fluxes with the
    stated liquors, in the weather of the file. Steps of five times the pad's own do for this."""
    cdef double* more = y + heap_more(s)
    cdef double* cells = more + HP_MORE
    cdef double* box = y + (HEAP_LIQUORS + 1)*s.nc
    cdef double* cell = cells       # the one that is stacked last serves as the one that is followed
    cdef double h = 5.0*u.step, x, theta = 0.0
    cdef int size = heap_cell(u, s), place, i, j, k, c, steps, irrigated = 0
    cdef double* waste = u.work + s.na
    for i in range(heap_more(s) + HP_MORE + u.cells*size):
        y[i] = 0.0
    more[HP_HELD] = u.step
    steps = <int>(0.5*u.slot/h + 0.5)
    for i in range(s.nc):
        u.per_kg[s.nc + i] = u.cell_mass*u.per_kg[i]
    heap_stack(u, s, cell, u.per_kg + s.nc, u.cell_mass)
    for place in range(1, u.cells):
        for k in range(2):          # up to the middle of the slot, where the copy is made, and to its end
            for j in range(steps):
                i = heap_source(u.phase[place])
                if i >= 0:
                    x = h*u.flux[i]*u.area
                    for c in range(s.na):
                        cell[1 + c] += x*u.liquor[i*s.na + c]
                heap_weather(u, s, cell, h)
                for c in range(s.na):
                    waste[c] = 0.0
                    waste[s.na + c] = 0.0
                theta = heap_percolate(u, s, cell, h, u.work, waste, waste + s.na)
            if k == 0:
                if heap_source(u.phase[place]) >= 0:
                    irrigated += 1
                    more[HP_WATER] += (theta - more[HP_WATER])/irrigated
                for i in range(s.na):       # what its drain sends in a step of the pad
                    box[heap_drain(u.phase[place])*s.na + i] += 0.2*waste[i]
                c = (u.cells - place) % u.cells
                for i in range(size):
                    cells[c*size + i] = cell[i]
    for i in range(size):
        cell[i] = 0.0
    for i in range(s.nc):
        u.per_kg[s.nc + i] = 0.5*u.cell_mass*u.per_kg[i]
    heap_stack(u, s, cell, u.per_kg + s.nc, 0.5*u.cell_mass)


cdef inline void heap_contents(const Heap* u, const Sheet* s, const double* y, double* n) noexcept nogil:
    """Add the mol of every species that the pad holds, with what is on its way in and out."""
    cdef const double* cell = y + heap_more(s) + HP_MORE
    cdef const double* m
    cdef int c, i, j, k, size = heap_layer(u, s)
    for k in range(HEAP_LIQUORS + 1):
        for i in range(s.nc):
            n[i] += y[k*s.nc + i]
    for k in range(HEAP_LIQUORS):
        for i in range(s.na):
            n[i] += y[(HEAP_LIQUORS + 1)*s.nc + k*s.na + i]
    for c in range(u.cells):
        for i in range(s.na):
            n[i] += cell[1 + i]
        for i in range(s.nc):
            n[i] += cell[1 + s.na + i]
        m = cell + 1 + s.na + s.nc
        for j in range(u.layers):
            for i in range(s.na):
                n[i] += m[j*size + i]
            for i in range(u.x.n):
                n[u.x.bound[i]] += m[j*size + s.na + i]
                if u.x.slow[i] >= 0:
                    n[u.x.slow[i]] += m[j*size + s.na + u.x.n + i]
        cell += heap_cell(u, s)
