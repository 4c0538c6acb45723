# cython: language_level=3, cdivision=True
"""Feed preparation: bin with loss-in-weight feeder, demagnetising furnace, inerted mill with classifier.

    feeder      kg/s = capacity x speed x m/(m + 0.5 kg) x what bridging leaves; below its refill weight a lot is tipped
    lot         kg = average + sum of g_k x way_k, g_k of the seed, normal, within 2.5 sigma
    furnace     C dT/dt = P u - UA (T - Ta) - kg/s cp (T - Tin),    B = B250 exp((250 C - T)/scale), contents as stirred
    mill        d(d80)/dt = (d80_0 n_0/n - d80)/lag,    P = idle + kg/s Wi (1/sqrt(d80) - 1/sqrt(F80)), Bond's law
                R(d) = Rosin-Rammler of d80, into the leach's bins of radius;    V dO2/dt = leak (AIR_OXYGEN - O2) - purge O2
"""

from sheet cimport AIR_OXYGEN, Sheet, Outlet, CLASSES, C_BOUNDARY, S_TEMP, S_VOL, S_MOL, driven_flow, stream_now, stream_next, send, dmax, dmin
from numerics cimport clip, dot, fast_exp, random_normal
from libc.math cimport sqrt

cdef struct FeedBin:
    Outlet outlet               # capacity in kg/s
    double* per_kg              # mol of every species in a kg of feed, as it is on average
    int n_ways
    double* ways                # mol/kg of every species by which one sigma of each way makes a lot differ
    double* fresh               # mol/kg of the last lot
    double* extra               # mol/kg by which what is fed differs from what is in the bin; without mass, 0 when healthy
    double refill_at            # kg: a lot is tipped when less is left
    double lot                  # kg
    double temperature
    double hopper               # kg that the feeder's own hopper takes; 0: the screw draws from the bin
    int gate                    # slide gate between the two
    double refill               # kg/s through the open gate
    int probe


cdef extern from *:
    """
    #define LOT_KEY 0x100000000ULL   /* beyond the keys of instruments */
    #define NITROGEN_CP 1300.0       /* [C] J/m3/K */
    #define FULL_S 10.0              /* [T] s in which what falls into a full hopper is dammed back */
    #define MILLED 313.15            /* [T] K, powder behind the mill's cyclone */
    """
    const unsigned long long LOT_KEY
    const double NITROGEN_CP, FULL_S, MILLED

cdef enum:
    FEED_BIN_PROBES = 4         # weight of the bin, rate kg/s, lots tipped, weight of the hopper


cdef inline void lot_of(const FeedBin* u, const Sheet* s, long long number, double* mol) noexcept nogil:
    """mol of every species in a kg of a lot: number 0, in the bin at the start, is the average; others are drawn from the
    seed, within 2.5 sigma each way."""
    cdef double g
    cdef int i, k
    for i in range(s.nc):
        mol[i] = u.per_kg[i]
    if number > 0:
        for k in range(u.n_ways):
            g = clip(random_normal(s.seed, LOT_KEY + k, number), -2.5, 2.5)
            for i in range(s.nc):
                mol[i] += g*u.ways[k*s.nc + i]


cdef inline void feed_extra(const FeedBin* u, Sheet* s, double rate, double tick) noexcept nogil:
    """What a wrong lot has more, or less, of each species: booked as come in with it."""
    cdef double* out = stream_next(s, u.outlet.stream) + S_MOL
    cdef int i
    for i in range(s.nc):
        out[i] += rate*u.extra[i]
        s.edge_in[i] += tick*(rate*u.extra[i])


cdef inline void feed_bin_step(FeedBin* u, Sheet* s, double* y, double tick) noexcept nogil:
    """States: mol of every species in bin and hopper, lots tipped, with a hopper the kg in it. The screw delivers in proportion
    to its speed until what it draws from runs empty; what is in bin and hopper is mixed, of one composition."""
    cdef double kg = dot(y, s.mass, s.nc), rate = driven_flow(&u.outlet, s), share, fallen, drawn = kg
    cdef double* hopper = y + s.nc + 1
    cdef int i
    if u.hopper > 0.0:
        drawn = hopper[0]
    rate *= drawn/(drawn + 0.5)
    share = rate/dmax(kg, 1e-9)
    send(s, u.outlet.stream, u.temperature, y, share)
    for i in range(s.nc):
        y[i] -= tick*(share*y[i])
    feed_extra(u, s, rate, tick)
    kg -= rate*tick
    if u.hopper > 0.0:
        fallen = dmax(kg - hopper[0], 0.0)
        fallen = dmin(u.refill*s.drive[u.gate]*fallen/(fallen + 0.5), (u.hopper - hopper[0])/FULL_S)
        if not s.averaged:
            hopper[0] += tick*(fallen - rate)
        kg -= hopper[0]
        s.probe[u.probe + 3] = hopper[0]
    if kg < u.refill_at:
        y[s.nc] += 1.0
        lot_of(u, s, <long long>y[s.nc], u.fresh)
        for i in range(s.nc):
            y[i] += u.lot*u.fresh[i]
            s.edge_in[i] += u.lot*u.fresh[i]
        kg += u.lot
    s.probe[u.probe] = kg
    s.probe[u.probe + 1] = rate
    s.probe[u.probe + 2] = y[s.nc]


cdef struct Furnace:
    int inlet, outlet
    double residence            # s
    double heat_capacity        # J/K
    double power                # W at full output
    double loss                 # W/K
    double ambient
    double solids_cp            # J/kg/K
    double field                # residual magnetism at 250 C, T
    double field_scale          # K for a fall by e
    int heater
    int probe


cdef enum:
    FURNACE_PROBES = 3          # temperature, residual magnetism T, hold-up kg


cdef inline void furnace_rhs(void* unit, Sheet* s, const double* y, double* f) noexcept nogil:
    """States: mol of every species, temperature. Outflow integrals: mol of every species."""
    cdef Furnace* u = <Furnace*>unit
    cdef const double* x = stream_now(s, u.inlet)
    cdef double kg_s = dot(x + S_MOL, s.mass, s.nc)
    cdef int i
    for i in range(s.nc):
        f[s.nc + 1 + i] = y[i]/u.residence
        f[i] = x[S_MOL + i] - f[s.nc + 1 + i]
    f[s.nc] = (u.power*s.drive[u.heater] - u.loss*(y[s.nc] - u.ambient) - kg_s*u.solids_cp*(y[s.nc] - x[S_TEMP]))/u.heat_capacity


cdef inline void furnace_observe(Furnace* u, Sheet* s, const double* y) noexcept nogil:
    cdef double* p = s.probe + u.probe
    p[0] = y[s.nc]
    p[1] = u.field*fast_exp(clip((523.15 - y[s.nc])/u.field_scale, -30.0, 3.0))
    p[2] = dot(y, s.mass, s.nc)


cdef struct Mill:
    int inlet, outlet
    double residence            # s
    int* kind                   # per species: 0, 1 alloy, 2 oxide
    int rich                    # species of the alloy that the grain boundary is made of
    double rich_share           # of it that lies there
    double d80                  # m at the classifier's normal speed
    double classifier_normal    # 0..1
    double classifier_lag       # s
    double feed_d80             # m
    double work_index           # J/kg and sqrt(m): Bond's 10 Wi/sqrt um in SI
    double idle_power           # W
    double casing               # m3
    double leak                 # m3/s of air drawn in
    double purge                # m3/s of nitrogen at full opening
    double table[64]            # Rosin-Rammler: share finer than i/16 of d80
    double bin_width            # m, radius
    double cooling              # W/K from the casing to the hall
    double warmth               # J/K of the casing
    double ambient              # K
    double vibration            # m/s of sound bearings, running idle
    double wear                 # times that: 1 when healthy
    int motor, classifier, nitrogen
    int airlock, gate           # drive and valve behind it, without which nothing leaves; -1: powder falls by itself
    int probe


cdef enum:
    MILL_PROBES = 7             # d80 m, power W, oxygen fraction, hold-up kg, kg/s, casing K, vibration m/s


cdef inline double share_finer(const Mill* u, double ratio) noexcept nogil:
    """Mass fraction finer than `ratio` times d80, interpolated."""
    cdef double x = ratio*16.0
    cdef int i
    if x >= 63.0:
        return 1.0
    i = <int>x
    return u.table[i] + (x - i)*(u.table[i + 1] - u.table[i])


cdef inline double mill_power(const Mill* u, const Sheet* s, double d80, double rate) noexcept nogil:
    """W: idle plus Bond's law, W = Wi (1/sqrt P80 - 1/sqrt F80) per kg."""
    return s.drive[u.motor]*(u.idle_power + rate*u.work_index*(1.0/sqrt(dmax(d80, 1e-6)) - 1.0/sqrt(u.feed_d80)))


cdef inline void mill_rhs(void* unit, Sheet* s, const double* y, double* f) noexcept nogil:
    """States: mol of every species, d80 [m], oxygen fraction in the casing, temperature of the casing [K], which takes up
    the motor's power and loses it to hall and nitrogen. Outflow integrals: mol, then kg in bins and kg times mean radius, which
    every bin's quarters give."""
    cdef Mill* u = <Mill*>unit
    cdef const double* x = stream_now(s, u.inlet)
    cdef double leave = s.drive[u.motor]/u.residence
    cdef double kg[CLASSES]
    cdef double finer, coarser, share, first, r80, purge = u.purge*s.drive[u.nitrogen]
    cdef double* out = f + s.nc + 3
    cdef int i, c, b, k
    if u.airlock >= 0:
        leave *= s.drive[u.airlock]
    if u.gate >= 0:
        leave *= s.drive[u.gate]
    for c in range(CLASSES):
        kg[c] = 0.0
    for i in range(s.nc):
        out[i] = y[i]*leave
        f[i] = x[S_MOL + i] - out[i]
        if u.kind[i]:
            kg[u.kind[i] - 1] += out[i]*s.mass[i]
    kg[C_BOUNDARY] = u.rich_share*out[u.rich]*s.mass[u.rich]
    kg[0] -= kg[C_BOUNDARY]
    # a faster classifier gives a finer product, in inverse proportion
    f[s.nc] = (u.d80*u.classifier_normal/dmax(s.drive[u.classifier], 0.05) - y[s.nc])/u.classifier_lag
    f[s.nc + 1] = (u.leak*(AIR_OXYGEN - y[s.nc + 1]) - purge*y[s.nc + 1])/u.casing
    f[s.nc + 2] = (mill_power(u, s, y[s.nc], dot(out, s.mass, s.nc))
                   - (u.cooling + NITROGEN_CP*purge)*(y[s.nc + 2] - u.ambient))/u.warmth
    r80 = 0.5*dmax(y[s.nc], 1e-6)
    finer = 0.0
    for b in range(s.nb):
        share = 0.0
        first = 0.0
        for k in range(4):
            coarser = 1.0 if b + 1 == s.nb and k == 3 else share_finer(u, (b + 0.25*(k + 1))*u.bin_width/r80)
            share += coarser - finer
            first += (coarser - finer)*(b + 0.25*k + 0.125)
            finer = coarser
        for c in range(CLASSES):
            out[s.nc + c*s.nb + b] = kg[c]*share
            out[s.nc + (CLASSES + c)*s.nb + b] = kg[c]*first


cdef inline void mill_send(Mill* u, Sheet* s, const double* y, const double* q) noexcept nogil:
    cdef double* x = stream_next(s, u.outlet) + S_MOL + s.nc
    cdef int b
    send(s, u.outlet, MILLED, q, 1.0)
    for b in range(2*CLASSES*s.nb):
        x[b] = q[s.nc + b]


cdef inline void mill_observe(Mill* u, Sheet* s, const double* y, const double* q) noexcept nogil:
    cdef double* p = s.probe + u.probe
    p[0] = y[s.nc]
    p[2] = y[s.nc + 1]
    p[3] = dot(y, s.mass, s.nc)
    p[4] = dot(q, s.mass, s.nc)
    p[1] = mill_power(u, s, y[s.nc], p[4])
    p[5] = y[s.nc + 2]
    p[6] = u.wear*u.vibration*p[1]/dmax(u.idle_power, 1.0)
