"""Where malfunctions take hold: the numbers of units and devices by name."""

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
    elif u.kind == LEACH_TANK:
        leach = <LeachTank*>u.p
        if name == "water_vapour":
            return &leach.water_vapour
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
        if name == "settling":
            return &sx.capacity[0]
        if name == "weir":
            return &sx.weir[0]
        if name == "drops":
            return &sx.carried_org
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
