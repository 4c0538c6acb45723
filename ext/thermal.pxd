# cython: language_level=3, cdivision=True
"""Dryer and calciner: water leaves, oxalate becomes oxide in three first-order steps.

    RE2(C2O4)3.10H2O -> RE2(C2O4)3 + 10 H2O
    RE2(C2O4)3 + 3/2 O2 -> RE2O2CO3 + 5 CO2
    RE2O2CO3 (+ x O2) -> oxide + CO2            Pr to Pr6O11, Tb to Tb4O7

A calciner with an exhaust fan has the draft of its hood, where air comes in as through an orifice: with n the fan's speed and
g what the bed gives off over the fan's full flow, p = -P (n - g)|n - g|; gas that the fan does not take makes it positive. What
the tube's motor draws is its idle current and what lifting the bed adds.

k = A exp(-Ea/RT). The steps are a chain, so I - g h A is triangular and solved by substitution.
"""

from sheet cimport AIR_OXYGEN, EVAPORATION, Sheet, S_TEMP, S_VOL, S_MOL, R_GAS, stream_now, send, dmax, dmin
from numerics cimport dot, fast_exp

cdef extern from *:
    """
    #define DEHYDRATION 520.0e3  /* [T] J/mol of decahydrate: ten waters at 52 kJ */
    #define DECARBONATION 160.0e3    /* [T] J/mol of oxycarbonate */
    #define DRYING 80.0          /* [C] K above 25 C, at which a dryer's rate is stated */
    #define COOLED 333.15        /* [T] K, oxide out of the calciner's cooler */
    """
    const double DEHYDRATION, DECARBONATION, DRYING, COOLED

cdef struct Dryer:
    int inlet, outlet
    double residence            # s
    double rate                 # 1/s of the water at 378 K
    double power                # W at full output
    double efficiency
    double heat_capacity        # J/K
    double loss                 # W/K
    double ambient
    int heater, drive
    int probe


cdef enum:
    DRYER_PROBES = 3            # exhaust temperature, moisture of the product, water driven off kg/s


cdef inline void dryer_rhs(void* unit, Sheet* s, const double* y, double* f) noexcept nogil:
    """States: mol of every species, temperature. Outflow integrals: mol of every species, then mol of water driven off."""
    cdef Dryer* u = <Dryer*>unit
    cdef const double* x = stream_now(s, u.inlet)
    cdef int nc = s.nc, i
    cdef double leave = s.drive[u.drive]/u.residence, off
    cdef double* out = f + nc + 1
    off = u.rate*dmax(y[nc] - 298.15, 0.0)/DRYING*y[s.i_h2o]
    for i in range(nc):
        out[i] = leave*y[i]
        f[i] = x[S_MOL + i] - out[i]
    f[s.i_h2o] -= off
    out[nc] = off
    f[nc] = (u.efficiency*u.power*s.drive[u.heater] - u.loss*(y[nc] - u.ambient) - EVAPORATION*off)/u.heat_capacity


cdef inline void dryer_observe(Dryer* u, Sheet* s, const double* y, const double* q) noexcept nogil:
    cdef double* p = s.probe + u.probe
    cdef double total = dot(y, s.mass, s.nc)
    p[0] = y[s.nc]
    p[1] = y[s.i_h2o]*s.mass[s.i_h2o]/dmax(total, 1e-9)
    p[2] = q[s.nc]*s.mass[s.i_h2o]


cdef enum:
    MAX_ZONES = 8

cdef struct Chain:
    int hydrate, anhydrous, oxycarbonate, oxide
    double n_oxide              # mol of oxide per mol of RE2
    double oxygen               # mol O2 taken by the last step

cdef struct Simple:
    int oxalate, oxide
    double n_oxide, oxygen, carbon_dioxide, water   # per mol of oxalate

cdef struct Calciner:
    int inlet, outlet
    int zones
    double residence            # s per zone at normal speed
    double speed_normal         # 0..1
    double a[3]
    double ea[3]
    int n_chain
    Chain chain[12]
    int n_simple
    Simple simple[12]
    int i_ox
    double* volatile            # kg that a mol of each species loses on ignition
    int heater[8]
    double power                # W a zone
    double wall_capacity        # J/K a zone
    double bed_capacity         # J/K a zone of an empty tube
    double solids_cp            # J/kg/K
    double film                 # W/K a zone at low temperature
    double radiation            # W/K^4 a zone
    double shell                # W/K a zone
    double gas                  # W/K of the counter-current air, with a fan of what it takes at full speed
    int fan                     # actuator of the exhaust fan, -1: the air flows by itself
    double exhaust              # mol/s that it takes at full speed
    double draft                # Pa below the hall at full speed, without gas of the bed
    double idle_current         # A of the tube's motor
    double load_current         # A per kg of bed
    double ambient
    int tube
    double k[24]                # zones x 3, 1/s, frozen over the step
    int acid_limits[8]      # per zone: less acid than the oxalic acid it came with
    double gh
    int nc, i_h2o, i_h
    int probe


cdef enum:
    CALCINER_PROBES = 22        # wall temperatures (8), bed temperatures (8), loss on ignition, hold-up kg, heater W,
                                # draft Pa (below 0), oxygen in the exhaust, current of the tube's motor A


cdef inline double chain_rate(const Calciner* u, int step, double temp) noexcept nogil:
    return u.a[step]*fast_exp(-u.ea[step]/(R_GAS*dmax(temp, 250.0)))


cdef inline void calciner_rhs(void* unit, Sheet* s, const double* y, double* f) noexcept nogil:
    """States per zone: mol of every species, bed temperature, wall temperature.
    Outflow integrals: mol of every species; then mol H2O, CO2 and O2 (negative: taken from the air)."""
    cdef Calciner* u = <Calciner*>unit
    cdef int nc = s.nc, w = nc + 2, z, i, j
    cdef double leave = s.drive[u.tube]/u.speed_normal/u.residence
    cdef double gas = u.gas*(s.drive[u.fan] if u.fan >= 0 else 1.0)
    cdef double k1, k2, k3, r1, r2, r3, water = 0.0, co2 = 0.0, o2 = 0.0, exchange, heat, mass, tin, in_mass, tb, tw, t_gas, off
    cdef const double* x = stream_now(s, u.inlet)
    cdef const double* n
    cdef const double* below
    cdef double* fz
    cdef double* out = f + u.zones*w
    cdef Chain* c
    for z in range(u.zones):
        n = y + z*w
        fz = f + z*w
        tb = n[nc]
        tw = n[nc + 1]
        mass = dot(n, s.mass, nc)
        in_mass = dot(x + S_MOL, s.mass, nc) if z == 0 else leave*dot(n - w, s.mass, nc)
        heat = 0.0
        if z == 0:
            for i in range(nc):
                fz[i] = x[S_MOL + i] - leave*n[i]
        else:
            for i in range(nc):
                fz[i] = leave*(n - w)[i] - leave*n[i]
        tin = x[S_TEMP] if z == 0 else (n - w)[nc]
        k1 = chain_rate(u, 0, tb)
        k2 = chain_rate(u, 1, tb)
        k3 = chain_rate(u, 2, tb)
        for j in range(u.n_chain):
            c = &u.chain[j]
            r1 = k1*n[c.hydrate]
            r2 = k2*n[c.anhydrous]
            r3 = k3*n[c.oxycarbonate]
            fz[c.hydrate] -= r1
            fz[c.anhydrous] += r1 - r2
            fz[c.oxycarbonate] += r2 - r3
            fz[c.oxide] += c.n_oxide*r3
            water += 10.0*r1
            co2 += 5.0*r2 + r3
            o2 -= 1.5*r2 + c.oxygen*r3
            heat -= DEHYDRATION*r1 + DECARBONATION*r3
        for j in range(u.n_simple):
            r2 = k2*n[u.simple[j].oxalate]
            fz[u.simple[j].oxalate] -= r2
            fz[u.simple[j].oxide] += u.simple[j].n_oxide*r2
            water += u.simple[j].water*r2
            co2 += u.simple[j].carbon_dioxide*r2
            o2 -= u.simple[j].oxygen*r2
        # what the cake's liquor left behind: water boils off; oxalic acid burns, C2O4(2-) + 2 H+ + 1/2 O2 -> 2 CO2 + H2O,
        # as far as there is acid with it
        off = k1*n[s.i_h2o]
        fz[s.i_h2o] -= off
        water += off
        heat -= EVAPORATION*off
        r2 = k2*dmax(dmin(n[u.i_ox], 0.5*n[s.i_h]), 0.0)
        fz[u.i_ox] -= r2
        fz[s.i_h] -= 2.0*r2
        water += r2
        co2 += 2.0*r2
        o2 -= 0.5*r2
        exchange = u.film*(tw - tb) + u.radiation*(tw*tw*tw*tw - tb*tb*tb*tb)
        t_gas = (n + w)[nc] if z + 1 < u.zones else u.ambient
        fz[nc] = (exchange + heat + in_mass*u.solids_cp*(tin - tb) + gas*(t_gas - tb))/(u.bed_capacity + mass*u.solids_cp)
        fz[nc + 1] = (u.power*s.drive[u.heater[z]] - exchange - u.shell*(tw - u.ambient))/u.wall_capacity
    n = y + (u.zones - 1)*w
    for i in range(nc):
        out[i] = leave*n[i]
    out[nc] = water
    out[nc + 1] = co2
    out[nc + 2] = o2


cdef inline void calciner_factor(void* unit, Sheet* s, const double* y, double gh) noexcept nogil:
    cdef Calciner* u = <Calciner*>unit
    cdef const double* n
    cdef int z, i
    u.gh = gh
    u.nc = s.nc
    u.i_h2o = s.i_h2o
    u.i_h = s.i_h
    for z in range(u.zones):
        n = y + z*(s.nc + 2)
        for i in range(3):
            u.k[3*z + i] = chain_rate(u, i, n[s.nc])
        u.acid_limits[z] = 0.5*n[s.i_h] < n[u.i_ox]


cdef inline void calciner_solve(void* unit, double* b) noexcept nogil:
    """Forward substitution: down each chain, and for every decay by itself; the gas integrals get the same extents."""
    cdef Calciner* u = <Calciner*>unit
    cdef int z, j, w = u.nc + 2
    cdef double a1, a2, a3, e1, e2, e3
    cdef double* gas = b + u.zones*w + u.nc
    cdef double* c
    cdef Chain* n
    cdef Simple* m
    for z in range(u.zones):
        c = b + z*w
        a1 = u.gh*u.k[3*z]
        a2 = u.gh*u.k[3*z + 1]
        a3 = u.gh*u.k[3*z + 2]
        for j in range(u.n_chain):
            n = &u.chain[j]
            e1 = a1*c[n.hydrate]/(1.0 + a1)
            c[n.hydrate] -= e1
            e2 = a2*(c[n.anhydrous] + e1)/(1.0 + a2)
            c[n.anhydrous] += e1 - e2
            e3 = a3*(c[n.oxycarbonate] + e2)/(1.0 + a3)
            c[n.oxycarbonate] += e2 - e3
            c[n.oxide] += n.n_oxide*e3
            gas[0] += 10.0*e1
            gas[1] += 5.0*e2 + e3
            gas[2] -= 1.5*e2 + n.oxygen*e3
        for j in range(u.n_simple):
            m = &u.simple[j]
            e2 = a2*c[m.oxalate]/(1.0 + a2)
            c[m.oxalate] -= e2
            c[m.oxide] += m.n_oxide*e2
            gas[0] += m.water*e2
            gas[1] += m.carbon_dioxide*e2
            gas[2] -= m.oxygen*e2
        e1 = a1*c[u.i_h2o]/(1.0 + a1)
        c[u.i_h2o] -= e1
        gas[0] += e1
        e2 = a2*(0.5*c[u.i_h] if u.acid_limits[z] else c[u.i_ox])/(1.0 + a2)
        c[u.i_ox] -= e2
        c[u.i_h] -= 2.0*e2
        gas[0] += e2
        gas[1] += 2.0*e2
        gas[2] -= 0.5*e2


cdef inline void calciner_vent(Calciner* u, Sheet* s, const double* q, double tick) noexcept nogil:
    """Book the gas as left, and the oxygen as come in."""
    s.edge_out[s.i_h2o] += tick*q[s.nc]
    s.edge_out[s.i_co2] += tick*q[s.nc + 1]
    s.edge_in[s.i_o2] -= tick*q[s.nc + 2]


cdef inline void calciner_observe(Calciner* u, Sheet* s, const double* y, const double* q) noexcept nogil:
    """Loss on ignition: share of its mass that the product would still lose in air at the highest temperature.

    q: mol/s that leave; behind the species H2O, CO2 and O2, the last below 0.
    """
    cdef double* p = s.probe + u.probe
    cdef int z, w = s.nc + 2
    cdef double hold_up = 0.0, heat = 0.0, taken, given, air
    cdef const double* n
    for z in range(u.zones):
        n = y + z*w
        p[z] = n[s.nc + 1]
        p[MAX_ZONES + z] = n[s.nc]
        heat += u.power*s.drive[u.heater[z]]
        hold_up += dot(n, s.mass, s.nc)
    n = y + (u.zones - 1)*w
    p[16] = dot(n, u.volatile, s.nc)/dmax(dot(n, s.mass, s.nc), 1e-9)
    p[17] = hold_up
    p[18] = heat
    p[19] = 0.0
    p[20] = AIR_OXYGEN
    if u.fan >= 0:
        taken = s.drive[u.fan]*u.exhaust
        given = q[s.nc] + q[s.nc + 1] + q[s.nc + 2]
        air = (taken - given)/u.exhaust
        p[19] = -u.draft*air*(air if air > 0.0 else -air)
        if taken > given:
            p[20] = dmax(AIR_OXYGEN*(taken - given) + q[s.nc + 2], 0.0)/taken
        elif given > 0.0:
            p[20] = 0.0
    p[21] = (u.idle_current + u.load_current*hold_up) if s.drive[u.tube] > 0.0 else 0.0
