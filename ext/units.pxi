"""A unit of any kind: which kernel it is, and what a scan does with it."""

cdef enum Kind:
    FEED_BIN, FURNACE, MILL, LEACH_TANK, REACTOR, FILTER, SX_CIRCUIT, CRYSTALLISER, DRYER, CALCINER, STORE, HOPPER,
    SCRUBBER, FILTER_PRESS, CARBONATE_TANK, HEAP, BICARBONATE_TANK, MEMBRANE, MAKEUP_TANK, UPS,
    DUCT, CARTRIDGE, WATER_CIRCUIT, GAS_MAIN, REAGENT_TANK, HALL, ORGANIC_STORE, ENCLOSURE, CLARIFIER,
    ORE_TANK

cdef struct Unit:
    int kind
    void* p
    double* y
    int ny
    Vessel* vessel          # NULL for units that need no integrator
    Pace* pace              # NULL for units that step in every scan


cdef void unit_leave(Unit* u, Sheet* s, double tick) noexcept nogil:
    """Put what the integrator let out into the outlet streams, and book gas as left."""
    cdef double* q = u.vessel.q
    if u.kind == FURNACE:
        send(s, (<Furnace*>u.p).outlet, u.y[s.nc], q, 1.0)
    elif u.kind == MILL:
        mill_send(<Mill*>u.p, s, u.y, q)
    elif u.kind == LEACH_TANK:
        leach_send(<LeachTank*>u.p, s, u.y, q)
        leach_vent(<LeachTank*>u.p, s, u.y, q, tick)
    elif u.kind == REACTOR:
        tank_send(&(<Reactor*>u.p).tank, s, u.y, u.y[s.nc], q)
        s.edge_out[s.i_o2] += tick*q[s.nc]
    elif u.kind == SX_CIRCUIT:
        sx_send(<SxCircuit*>u.p, s, u.y, q)
    elif u.kind == CRYSTALLISER:
        tank_send(&(<Crystalliser*>u.p).tank, s, u.y, u.y[s.nc], q)
    elif u.kind == SCRUBBER:
        tank_send(&(<Scrubber*>u.p).tank, s, u.y, u.y[s.nc], q)
        scrubber_vent(<Scrubber*>u.p, s, q, tick)
    elif u.kind == CARBONATE_TANK:
        tank_send(&(<CarbonateTank*>u.p).tank, s, u.y, u.y[s.nc], q)
        carbonate_vent(<CarbonateTank*>u.p, s, q, tick)
    elif u.kind == BICARBONATE_TANK:
        tank_send(&(<BicarbonateTank*>u.p).tank, s, u.y, u.y[s.nc], q)
        s.edge_out[s.i_co2] += tick*q[s.nc]
    elif u.kind == MAKEUP_TANK:
        tank_send(&(<MakeupTank*>u.p).tank, s, u.y, u.y[s.nc], q)
    elif u.kind == ORE_TANK:
        tank_send(&(<OreTank*>u.p).tank, s, u.y, u.y[s.nc], q)
    elif u.kind == DRYER:
        send(s, (<Dryer*>u.p).outlet, u.y[s.nc], q, 1.0)
        s.edge_out[s.i_h2o] += tick*q[s.nc]
    elif u.kind == CALCINER:
        send(s, (<Calciner*>u.p).outlet, COOLED, q, 1.0)
        calciner_vent(<Calciner*>u.p, s, q, tick)


cdef void unit_step(Unit* u, Sheet* s, double tick) noexcept nogil:
    """One tick of a unit without an integrator."""
    if u.kind == FEED_BIN:
        feed_bin_step(<FeedBin*>u.p, s, u.y, tick)
    elif u.kind == FILTER:
        belt_step(<Filter*>u.p, s)
    elif u.kind == FILTER_PRESS:
        press_step(<FilterPress*>u.p, s, u.y, tick)
    elif u.kind == HEAP:
        heap_step(<Heap*>u.p, s, u.y, tick)
    elif u.kind == MEMBRANE:
        membrane_step(<Membrane*>u.p, s)
    elif u.kind == DUCT:
        duct_step(<Duct*>u.p, s)
    elif u.kind == CARTRIDGE:
        cartridge_step(<Cartridge*>u.p, s, u.y, tick)
    elif u.kind == STORE:
        store_step(<Store*>u.p, s, u.y, tick)
    elif u.kind == HOPPER:
        hopper_step(<Hopper*>u.p, s, u.y, tick)
    elif u.kind == UPS:
        ups_step(<Ups*>u.p, s, u.y, tick)
    elif u.kind == REAGENT_TANK:
        reagent_step(<ReagentTank*>u.p, s, u.y, tick)
    elif u.kind == HALL:
        hall_step(<Hall*>u.p, s, u.y, tick)
    elif u.kind == ORGANIC_STORE:
        organic_step(<OrganicStore*>u.p, s, u.y, tick)
    elif u.kind == ENCLOSURE:
        enclosure_step(<Enclosure*>u.p, s, u.y, tick)
    elif u.kind == CLARIFIER:
        clarifier_step(<Clarifier*>u.p, s)


cdef void unit_observe(Unit* u, Sheet* s) noexcept nogil:
    """Write the true values that instruments may measure."""
    if u.kind == FURNACE:
        furnace_observe(<Furnace*>u.p, s, u.y)
    elif u.kind == MILL:
        mill_observe(<Mill*>u.p, s, u.y, u.vessel.q)
    elif u.kind == LEACH_TANK:
        leach_observe(<LeachTank*>u.p, s, u.y, u.vessel.q)
    elif u.kind == REACTOR:
        reactor_observe(<Reactor*>u.p, s, u.y)
    elif u.kind == SX_CIRCUIT:
        sx_observe(<SxCircuit*>u.p, s, u.y)
    elif u.kind == CRYSTALLISER:
        crystalliser_observe(<Crystalliser*>u.p, s, u.y)
    elif u.kind == SCRUBBER:
        scrubber_observe(<Scrubber*>u.p, s, u.y, u.vessel.q)
    elif u.kind == CARBONATE_TANK:
        carbonate_observe(<CarbonateTank*>u.p, s, u.y, u.vessel.q)
    elif u.kind == BICARBONATE_TANK:
        bicarbonate_observe(<BicarbonateTank*>u.p, s, u.y)
    elif u.kind == MAKEUP_TANK:
        makeup_observe(<MakeupTank*>u.p, s, u.y, u.vessel.q)
    elif u.kind == ORE_TANK:
        ore_observe(<OreTank*>u.p, s, u.y)
    elif u.kind == WATER_CIRCUIT:
        water_observe(<WaterCircuit*>u.p, s, u.y)
    elif u.kind == GAS_MAIN:
        gas_observe(<GasMain*>u.p, s, u.y)
    elif u.kind == DRYER:
        dryer_observe(<Dryer*>u.p, s, u.y, u.vessel.q)
    elif u.kind == CALCINER:
        calciner_observe(<Calciner*>u.p, s, u.y, u.vessel.q)


cdef void unit_contents(Unit* u, Sheet* s, double* n) noexcept:
    """Add the mol of every species that a unit holds."""
    cdef int i, z, b, w
    cdef SxCircuit* sx
    cdef double v
    if u.kind == FEED_BIN:
        for i in range(s.nc):
            n[i] += u.y[i]
    elif u.kind == STORE:
        for i in range(s.nc):
            n[i] += u.y[0]*(<Store*>u.p).molar[i]
    elif u.kind == SX_CIRCUIT:
        sx = <SxCircuit*>u.p
        w = sx_stages(sx)
        for z in range(w):
            b = sx_bank(sx, z)
            for i in range(s.na):
                n[i] += u.y[i*w + z]*sx.v_aq[b]
        for i in range(sx.n_re + 1):
            v = sx_organic(sx, u.y)*u.y[w*(s.na + sx.n_re + 2) + i]
            for z in range(w):
                v += sx.v_org[sx_bank(sx, z)]*u.y[(s.na + i)*w + z]
            # in the organic a metal stands for the protons it has displaced
            n[sx.re[i] if i < sx.n_re else s.i_na] += v
            n[s.i_h] -= (sx.z[i] if i < sx.n_re else 1.0)*v
    elif u.kind == CALCINER:
        for z in range((<Calciner*>u.p).zones):
            for i in range(s.nc):
                n[i] += u.y[z*(s.nc + 2) + i]
    elif u.kind == HEAP:
        heap_contents(<Heap*>u.p, s, u.y, n)
    elif u.kind == REAGENT_TANK:
        for i in range(s.nc):
            n[i] += u.y[0]*(<ReagentTank*>u.p).per[i]
        n[s.i_h2o] += u.y[1]
    elif u.kind not in (
        FILTER, MEMBRANE, UPS, DUCT, WATER_CIRCUIT, GAS_MAIN, HALL, ORGANIC_STORE, ENCLOSURE, CLARIFIER
    ):
        for i in range(s.nc):
            n[i] += u.y[i]
    if u.kind == HOPPER:
        for i in range(s.nc):
            n[i] += u.y[s.nc + i]
    if u.kind == LEACH_TANK:
        n[s.i_h2] += u.y[s.nc + 1 + 2*CLASSES*s.nb]
    if u.kind == CARBONATE_TANK:
        n[s.i_co2] += u.y[s.nc + 3]
