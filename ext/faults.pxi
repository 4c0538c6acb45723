"""Malfunctions in a plant: where they take hold, the numbers of units and devices by name, and which are in force."""

cdef Tank* tank_of(Unit* u) noexcept:
    """The stirred tank of a unit, NULL if it is none."""
    if u.kind == LEACH_TANK:
        return &(<LeachTank*>u.p).tank
    if u.kind == REACTOR:
        return &(<Reactor*>u.p).tank
    if u.kind == CRYSTALLISER:
        return &(<Crystalliser*>u.p).tank
    if u.kind == CARBONATE_TANK:
        return &(<CarbonateTank*>u.p).tank
    if u.kind == BICARBONATE_TANK:
        return &(<BicarbonateTank*>u.p).tank
    if u.kind == MAKEUP_TANK:
        return &(<MakeupTank*>u.p).tank
    if u.kind == ORE_TANK:
        return &(<OreTank*>u.p).tank
    return NULL


cdef double* unit_number(Unit* u, str name) except NULL:
    """A parameter of a unit that its kernel reads in every scan."""
    cdef Tank* tank = tank_of(u)
    cdef LeachTank* leach
    cdef Mill* mill
    cdef SxCircuit* sx
    cdef Crystalliser* crystalliser
    cdef Calciner* calciner
    if tank != NULL:
        if name == "ambient":
            return &tank.ambient
        if name == "cold":
            return &tank.cold
        if name == "hot":
            return &tank.hot
        if name == "jacket":
            return &tank.jacket
    if u.kind == FURNACE:
        if name == "solids_cp":
            return &(<Furnace*>u.p).solids_cp
    elif u.kind == MILL:
        mill = <Mill*>u.p
        if name == "d80":
            return &mill.d80
        if name == "leak":
            return &mill.leak
        if name == "cooling":
            return &mill.cooling
        if name == "wear":
            return &mill.wear
    elif u.kind == LEACH_TANK:
        leach = <LeachTank*>u.p
        if name == "water_vapour":
            return &leach.water_vapour
        if name == "foam_life":
            return &leach.foam_life
        if name == "sweep":
            return &leach.sweep_capacity
    elif u.kind == CARBONATE_TANK:
        if name == "froth_life":
            return &(<CarbonateTank*>u.p).froth_life
        if name == "sweep":
            return &(<CarbonateTank*>u.p).sweep_capacity
    elif u.kind == FILTER:
        if name == "passing":
            return &(<Filter*>u.p).passing
        if name == "moisture":
            return &(<Filter*>u.p).moisture
    elif u.kind == FILTER_PRESS:
        if name == "passing":
            return &(<FilterPress*>u.p).average.passing
        if name == "moisture":
            return &(<FilterPress*>u.p).average.moisture
        if name == "resistance":
            return &(<FilterPress*>u.p).resistance
    elif u.kind == SX_CIRCUIT:
        sx = <SxCircuit*>u.p
        if name == "extractant":
            return &sx.extractant
        if name == "entrainment":
            return &sx.entrainment
        if name == "organic":
            return &sx.organic_factor
        if name == "contact":
            return &sx.contact
        if name == "crud":
            return &sx.crud_formed
        if name == "weir":
            return &sx.weir[0]
        if name == "drops":
            return &sx.carried_org
        if name == "ambient":
            return &sx.ambient
    elif u.kind == CRYSTALLISER:
        crystalliser = <Crystalliser*>u.p
        if name == "nucleation":
            return &crystalliser.kb
    elif u.kind == BICARBONATE_TANK:
        if name == "strip":
            return &(<BicarbonateTank*>u.p).strip
    elif u.kind == HEAP:
        if name == "permeability":
            return &(<Heap*>u.p).conductivity
        if name == "rain":
            return &(<Heap*>u.p).rain
    elif u.kind == MEMBRANE:
        if name == "recovery":
            return &(<Membrane*>u.p).recovery
        if name == "rejection":
            return &(<Membrane*>u.p).rejection
    elif u.kind == DRYER:
        if name == "efficiency":
            return &(<Dryer*>u.p).efficiency
    elif u.kind == CALCINER:
        calciner = <Calciner*>u.p
        if name == "residence":
            return &calciner.residence
        if name == "film":
            return &calciner.film
        if name == "radiation":
            return &calciner.radiation
    elif u.kind == UPS:
        if name == "mains":
            return &(<Ups*>u.p).mains
    elif u.kind == WATER_CIRCUIT:
        if name == "ambient":
            return &(<WaterCircuit*>u.p).ambient
        if name == "supply":
            return &(<WaterCircuit*>u.p).supply
    elif u.kind == GAS_MAIN:
        if name == "supply":
            return &(<GasMain*>u.p).supply
    elif u.kind == REAGENT_TANK:
        if name == "ambient":
            return &(<ReagentTank*>u.p).ambient
        if name == "decay":
            return &(<ReagentTank*>u.p).decay
    elif u.kind == HALL:
        if name == "ambient":
            return &(<Hall*>u.p).ambient
    elif u.kind == CLARIFIER:
        if name == "passing":
            return &(<Clarifier*>u.p).passing
    raise ValueError(f"a unit of kind {u.kind} has no number {name}")


cdef double* unit_array(Unit* u, str name) except NULL:
    """A vector over the species that a kernel reads in every scan."""
    if u.kind == FEED_BIN and name == "extra":
        return (<FeedBin*>u.p).extra
    if u.kind == STORE and name == "molar":
        return (<Store*>u.p).molar
    raise ValueError(f"a unit of kind {u.kind} has no vector {name}")


cdef bint on_transmitter(FaultEffect* e, Transmitter* t, str name) except -1:
    """Let the effect act on a part of a transmitter; false if it has none of that name."""
    if name == "mode":
        e.flag = &t.mode
    elif name == "probe":
        e.flag = &t.probe
    elif name == "scale":
        e.x = &t.scale
    elif name == "offset":
        e.x = &t.offset
    elif name == "noise":
        e.x = &t.noise
    elif name == "follow":
        e.x = &t.follow
    elif name == "deadband":
        e.x = &t.deadband
    elif name == "spikes":
        e.x = &t.spikes
    else:
        return False
    return True


cdef bint on_analyser(FaultEffect* e, Analyser* a, str name) except -1:
    if name == "mode":
        e.flag = &a.mode
    elif name == "probe":
        e.flag = &a.probe
    elif name == "scale":
        e.x = &a.scale
    elif name == "offset":
        e.x = &a.offset
    elif name == "noise":
        e.x = &a.noise
    elif name == "follow":
        e.x = &a.follow
    elif name == "spikes":
        e.x = &a.spikes
    else:
        return False
    return True


cdef bint on_valve(FaultEffect* e, Valve* v, str name) except -1:
    if name == "jam":
        e.flag = &v.jam
    elif name == "jam_to":
        e.x = &v.jam_to
    elif name == "factor":
        e.x = &v.factor
    elif name == "stroke":
        e.x = &v.stroke
    elif name == "stiction":
        e.x = &v.stiction
    elif name == "leakage":
        e.x = &v.leakage
    else:
        return False
    return True


cdef bint on_on_off_valve(FaultEffect* e, OnOffValve* v, str name) except -1:
    if name == "jam":
        e.flag = &v.jam
    elif name == "jam_to":
        e.x = &v.jam_to
    elif name == "factor":
        e.x = &v.factor
    elif name == "stroke":
        e.x = &v.stroke
    elif name == "leakage":
        e.x = &v.leakage
    else:
        return False
    return True


cdef bint on_motor(FaultEffect* e, Drive* d, str name) except -1:
    if name == "fault":
        e.flag = &d.fault
    elif name == "blocked":
        e.flag = &d.blocked
    elif name == "local":
        e.flag = &d.local_
    elif name == "mute":
        e.flag = &d.mute
    elif name == "factor":
        e.x = &d.factor
    elif name == "ramp":
        e.x = &d.ramp
    else:
        return False
    return True


cdef void take_hold(Process* p, Field* f, FaultEffect* e, str table, int index, str name, int species) except *:
    cdef bint known = True
    if table == "unit" and species < 0:
        e.x = unit_number(&p.unit[index], name)
    elif table == "unit":
        e.x = unit_array(&p.unit[index], name) + species
        if p.unit[index].kind == STORE:
            e.contents = p.unit[index].y
            e.booked = p.s.edge_in + species
    elif table == "state":
        e.x = p.unit[index].y + species
        e.booked = p.s.edge_in + species
    elif table == "edge_in":
        e.x = p.s.edge_in + species
    elif table == "lost":       # with the liquor of a store
        e.x = p.s.edge_out + species
        e.per = unit_array(&p.unit[index], "molar") + species
    elif table == "stream":
        if p.outlets[index] == NULL:
            raise ValueError(f"stream {index} has no device of its own")
        e.x = &p.outlets[index].factor
    elif table == "transmitters":
        known = on_transmitter(e, &f.transmitter[index], name)
    elif table == "analysers":
        known = on_analyser(e, &f.analyser[index], name)
    elif table == "valves":
        known = on_valve(e, &f.valve[index], name)
    elif table == "on_off_valves":
        known = on_on_off_valve(e, &f.on_off[index], name)
    elif table == "motors":
        known = on_motor(e, &f.motor[index], name)
    else:
        known = False
    if not known:
        raise ValueError(f"{table} {index} has no {name}")


cdef struct Faults:
    double* row             # of every instance, see ext/malfunction.pxd
    double* trigger         # the same
    Fault fault[MOST_MALFUNCTIONS]
    int n


cdef bint held_before(const Faults* x, const FaultEffect* e) noexcept:
    """Whether an effect before it acts on the same number."""
    cdef int i, k
    cdef const FaultEffect* other
    for i in range(x.n):
        for k in range(x.fault[i].n):
            other = &x.fault[i].effect[k]
            if other == e:
                return False
            if other.x == e.x and other.flag == e.flag and other.kind < RATE:
                return True
    return False


cdef Memory faults_replace(Faults* x, Process* p, Field* f, const Clock* clock, rows, shown, effects, bint book):
    """Let these instances take the place of all others; see Core.set_malfunctions. shown: where their rows are seen.

    Returns the memory of their effects; that of the others is no longer needed then.
    """
    cdef int i, k
    cdef FaultEffect* e
    cdef Fault fault[MOST_MALFUNCTIONS]
    cdef Memory own = Memory()
    cdef Clock last = clock[0]
    last.scan -= 1
    if len(rows) > MOST_MALFUNCTIONS:
        raise ValueError(f"malfunctions: found {len(rows)}, allowed at most {MOST_MALFUNCTIONS} at a time")
    for i in range(len(rows)):
        fault[i].n = len(effects[i])
        fault[i].effect = <FaultEffect*>own.take(fault[i].n, sizeof(FaultEffect))
        for k, (kind, (table, index, name, species), size, above, window) in enumerate(effects[i]):
            e = &fault[i].effect[k]
            e.kind = kind
            e.size = size
            e.above = above
            e.window = window
            take_hold(p, f, e, table, index, name, species)
    # nothing is wrong for a moment, so that the new ones begin from what is healthy
    shown[...] = 0.0
    malfunctions_apply(x.fault, x.row, x.n, &last, book)
    x.n = len(rows)
    for i in range(x.n):
        x.fault[i] = fault[i]
        shown[i] = rows[i]
        for k in range(x.fault[i].n):
            e = &x.fault[i].effect[k]
            e.first = not held_before(x, e)
            if e.kind < RATE:
                e.healthy = effect_value(e)
    malfunctions_apply(x.fault, x.row, x.n, &last, book)
    return own
