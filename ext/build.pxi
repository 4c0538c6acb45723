"""Units from dictionaries. The keys are those that plantsim/model/compose writes; a missing one is a KeyError."""

cdef struct Making:
    Sheet* s
    Outlet** outlets        # per stream, NULL where no device sets its flow
    double* certificate     # of the next hopper


cdef void outlet_from(Outlet* o, dict d) except *:
    o.stream = d["stream"]
    o.drive = d["drive"]
    o.head = d["head"]
    o.capacity = d["capacity"]
    o.factor = 1.0
    o.gate = d["gate"]
    o.limit = NULL


cdef void tank_from(Tank* t, dict d) except *:
    cdef int i
    t.n_in = len(d["inlets"])
    t.n_out = len(d["outlets"])
    if t.n_in > MAX_IN or t.n_out > MAX_OUT:
        raise ValueError(f"a tank has at most {MAX_IN} inlets and {MAX_OUT} outlets")
    for i in range(t.n_in):
        t.inlet[i] = d["inlets"][i]
    for i in range(t.n_out):
        outlet_from(&t.outlet[i], d["outlets"][i])
    t.span = d["span"]
    t.weir = d["weir"]
    t.loss = d["loss"]
    t.ambient = d["ambient"]
    t.jacket = d["jacket"]
    t.cooling = d["cooling"]
    t.heating = d["heating"]
    t.cold = d["cold"]
    t.hot = d["hot"]
    t.cold_from = d["cold_from"]
    t.hot_from = d["hot_from"]
    t.agitator = d["agitator"]


cdef void reaction_from(Reaction* r, dict d) except *:
    cdef int i
    r.kind = d["kind"]
    r.a = d["a"]
    r.b = d["b"]
    r.z = d["z"]
    r.k = d["k"]
    r.ea = d["ea"]
    r.log_k = d["log_k"]
    r.log_k_slope = d["log_k_slope"]
    r.heat = d["heat"]
    r.oxygen = d["oxygen"]
    r.n = len(d["stoichiometry"])
    if r.n > MAX_TERMS:
        raise ValueError(f"a reaction has at most {MAX_TERMS} species")
    for i, (species, coefficient) in enumerate(d["stoichiometry"]):
        r.idx[i] = species
        r.coef[i] = coefficient


cdef Vessel* integrate(Unit* u, Making* m, Memory own, int nq, Rhs rhs, Factor factor, Solve solve, atol) except NULL:
    """Give a unit an integrator: nq flows out, absolute tolerances of its states."""
    cdef Vessel* v = <Vessel*>own.take(1, sizeof(Vessel))
    v.ny = u.ny
    v.nq = nq
    v.y = u.y
    v.q = <double*>own.take(nq, sizeof(double))
    v.atol = own.doubles(atol)
    v.unit = u.p
    v.rhs = rhs
    v.factor = factor
    v.solve = solve
    v.floor = <double*>own.take(u.ny, sizeof(double))
    for i in range(u.ny):
        v.floor[i] = -1e-9*v.atol[i]
    u.vessel = v
    return v


cdef void allow_negative(Vessel* v, int first, int step, int count) noexcept:
    """Net acidity: `count` states from `first`, one every `step`."""
    cdef int i
    for i in range(count):
        v.floor[first + i*step] = -INFINITE


cdef void register(Making* m, Outlet* o) except *:
    """Let disturbances find the outlet by its stream."""
    if m.outlets[o.stream] != NULL:
        raise ValueError(f"stream {o.stream} leaves two units")
    m.outlets[o.stream] = o


def heap_size(dict d, int na, int nc):
    """How many states a pad has; 0 of any other kind."""
    if d["kind"] != "heap":
        return 0
    cell = 1 + na + nc + d["layers"]*(na + 2*len(d["ions"]))
    return HEAP_LIQUORS*(na + nc) + nc + HP_MORE + d["cells"]*cell


def unit_size(dict d, int na, int nc, int nb):
    """How many states a unit has."""
    kind = d["kind"]
    return {
        "feed_bin": nc + 1 + (d.get("hopper", 0.0) > 0.0),
        "furnace": nc + 1,
        "mill": nc + 3,
        "leach_tank": nc + 2 + 2*CLASSES*nb,
        "reactor": nc + 1,
        "filter": 0,
        "filter_press": nc + PRESS_MORE,
        "sx_circuit": (na + len(d.get("re", ())) + 2)*sum(d.get("stages", ())) + len(d.get("re", ())) + 2
        + (d.get("at", 0.0) > 0.0) + (d.get("tank_span", 0.0) > 0.0),
        "crystalliser": nc + 5,
        "dryer": nc + 1,
        "calciner": d.get("zones", 0)*(nc + 2),
        "store": 1,
        "scrubber": nc + 1,
        "carbonate_tank": nc + CARBONATE_MORE,
        "hopper": 2*nc + HOPPER_MORE,
        "heap": heap_size(d, na, nc),
        "bicarbonate_tank": nc + 1,
        "ore_tank": nc + 1,
        "membrane": 0,
        "duct": 0,
        "cartridge": nc + 1,
        "makeup_tank": nc + 1,
        "ups": 1,
        "water_circuit": 2,
        "gas_main": 1,
        "reagent_tank": 3,
        "hall": 2,
        "organic_store": 1,
        "enclosure": 1,
        "clarifier": 0,
    }[kind]


cdef void build_feed_bin(Unit* u, Making* m, Memory own, dict d) except *:
    cdef FeedBin* bin_
    u.kind = FEED_BIN
    bin_ = <FeedBin*>own.take(1, sizeof(FeedBin))
    u.p = bin_
    outlet_from(&bin_.outlet, d["outlet"])
    register(m, &bin_.outlet)
    bin_.per_kg = own.doubles(d["per_kg"])
    bin_.n_ways = len(d["ways"])
    bin_.ways = own.doubles([x for way in d["ways"] for x in way])
    bin_.fresh = <double*>own.take(m.s.nc, sizeof(double))
    bin_.extra = <double*>own.take(m.s.nc, sizeof(double))
    bin_.refill_at = d["refill_at"]
    bin_.lot = d["lot"]
    bin_.temperature = d["temperature"]
    bin_.hopper = d["hopper"]
    bin_.gate = d["gate"]
    bin_.refill = d["refill"]
    bin_.probe = d["probe"]


cdef void build_furnace(Unit* u, Making* m, Memory own, dict d) except *:
    cdef Furnace* furnace
    cdef int nc = m.s.nc
    u.kind = FURNACE
    furnace = <Furnace*>own.take(1, sizeof(Furnace))
    u.p = furnace
    furnace.inlet = d["inlet"]
    furnace.outlet = d["outlet"]
    furnace.residence = d["residence"]
    furnace.heat_capacity = d["heat_capacity"]
    furnace.power = d["power"]
    furnace.loss = d["loss"]
    furnace.ambient = d["ambient"]
    furnace.solids_cp = d["solids_cp"]
    furnace.field = d["field"]
    furnace.field_scale = d["field_scale"]
    furnace.heater = d["heater"]
    furnace.probe = d["probe"]
    integrate(u, m, own, nc, furnace_rhs, NULL, NULL, [1e-3]*nc + [1.0])
    allow_negative(u.vessel, m.s.i_h, 1, 1)


cdef void build_mill(Unit* u, Making* m, Memory own, dict d) except *:
    cdef Mill* mill
    cdef int nc = m.s.nc, nb = m.s.nb
    cdef int i
    u.kind = MILL
    mill = <Mill*>own.take(1, sizeof(Mill))
    u.p = mill
    mill.inlet = d["inlet"]
    mill.outlet = d["outlet"]
    mill.residence = d["residence"]
    mill.kind = own.ints(d["class_of"])
    mill.rich = d["rich"]
    mill.rich_share = d["rich_share"]
    mill.d80 = d["d80"]
    mill.classifier_normal = d["classifier_normal"]
    mill.classifier_lag = d["classifier_lag"]
    mill.feed_d80 = d["feed_d80"]
    mill.work_index = d["work_index"]
    mill.idle_power = d["idle_power"]
    mill.casing = d["casing"]
    mill.leak = d["leak"]
    mill.purge = d["purge"]
    for i in range(64):
        mill.table[i] = d["table"][i]
    mill.bin_width = d["bin_width"]
    mill.motor = d["motor"]
    mill.classifier = d["classifier"]
    mill.nitrogen = d["nitrogen"]
    mill.airlock = d["airlock"]
    mill.gate = d["gate"]
    mill.cooling = d["cooling"]
    mill.warmth = d["warmth"]
    mill.ambient = d["ambient"]
    mill.vibration = d["vibration"]
    mill.wear = 1.0
    mill.probe = d["probe"]
    integrate(u, m, own, nc + 2*CLASSES*nb, mill_rhs, NULL, NULL, [1e-3]*nc + [1e-6, 1e-3, 1.0])
    allow_negative(u.vessel, m.s.i_h, 1, 1)


cdef void build_leach_tank(Unit* u, Making* m, Memory own, dict d) except *:
    cdef LeachTank* leach
    cdef int nc = m.s.nc, nb = m.s.nb
    cdef int i
    u.kind = LEACH_TANK
    leach = <LeachTank*>own.take(1, sizeof(LeachTank))
    u.p = leach
    tank_from(&leach.tank, d["tank"])
    for i in range(leach.tank.n_out):
        register(m, &leach.tank.outlet[i])
    for i in range(leach.tank.n_in):
        leach.powder[i] = d["powder"][i]
    leach.activation = d["activation"]
    for i in range(CLASSES*nb):
        leach.shrink[i] = d["rate"][i // nb]/d["bin_width"]
        leach.edge[i] = i % nb
        leach.mean[i] = evenly_filled(i % nb)
    leach.kind = own.ints(d["class_of"])
    leach.rich = d["rich"]
    leach.product = own.ints(d["product"])
    leach.n_product = own.doubles(d["n_product"])
    leach.n_acid = own.doubles(d["n_acid"])
    leach.n_hydrogen = own.doubles(d["n_hydrogen"])
    leach.n_water = own.doubles(d["n_water"])
    leach.heat = own.doubles(d["heat"])
    leach.headspace = d["headspace"]
    leach.vent = d["vent"]
    leach.sweep = d["sweep"]
    leach.sweep_capacity = d["sweep_capacity"]
    leach.water_vapour = d["water_vapour"]
    leach.acid_vapour = d["acid_vapour"]
    leach.heat_dilution = d["heat_dilution"]
    leach.purge = d["purge"]
    leach.purge_capacity = d["purge_capacity"]
    leach.draught = d["draught"]
    leach.breathing = d["breathing"]
    leach.surface = d["surface"]
    leach.foam_life = d["foam_life"]
    leach.dome = d["dome"]
    leach.current = d["current"]
    leach.current_idle = d["current_idle"]
    leach.drag = d["drag"]
    leach.probe = d["probe"]
    i = 2*CLASSES*nb
    integrate(u, m, own, nc + i + 4, leach_rhs, NULL, NULL, [1e-3]*nc + [1.0] + [1e-4]*i + [1e-2])
    allow_negative(u.vessel, m.s.i_h, 1, 1)


cdef void speciation_from(Speciation* u, Making* m, Memory own, dict d) except *:
    cdef int j
    u.i_fe3 = d["fe3"]
    u.i_h = m.s.i_h
    u.i_cl = m.s.i_cl
    u.i_na = m.s.i_na
    u.weight = own.doubles(d["weight"])
    u.n = len(d["iron"])
    if u.n > MAX_COMPLEXES:
        raise ValueError(f"iron has at most {MAX_COMPLEXES} complexes")
    for j in range(u.n):
        u.iron[j] = d["iron"][j]
        u.hydroxide[j] = d["hydroxide"][j]
        u.chloride[j] = d["chloride"][j]
        if not all(0 <= power < N_POWERS for power in (u.iron[j], u.hydroxide[j], u.chloride[j])):
            raise ValueError(f"a complex has at most {N_POWERS - 1} of an ion")
        u.iron2[j] = u.iron[j]**2
        u.iron_hydroxide[j] = u.iron[j]*u.hydroxide[j]
        u.iron_chloride[j] = u.iron[j]*u.chloride[j]
        u.hydroxide2[j] = u.hydroxide[j]**2
        u.hydroxide_chloride[j] = u.hydroxide[j]*u.chloride[j]
        u.chloride2[j] = u.chloride[j]**2
        u.ln_k[j] = LN10*d["log10_k"][j]
        u.slope[j] = LN10*d["slope_k"][j]
    for j in range(N_FREE + u.n):
        u.charge2[j] = d["charge"][j]**2
        u.size[j] = d["size"][j]
    u.pair = 10.0**d["pair_log10_k"]
    u.pair_slope = LN10*d["pair_slope_k"]
    for j in range(3):
        u.a[j] = d["a"][j]
        u.b[j] = d["b"][j]
        u.bdot[j] = d["bdot"][j]


cdef void build_reactor(Unit* u, Making* m, Memory own, dict d) except *:
    cdef Reactor* reactor
    cdef int nc = m.s.nc
    cdef int i, j, k
    u.kind = REACTOR
    reactor = <Reactor*>own.take(1, sizeof(Reactor))
    u.p = reactor
    tank_from(&reactor.tank, d["tank"])
    for i in range(reactor.tank.n_out):
        register(m, &reactor.tank.outlet[i])
    reactor.n_rx = len(d["reactions"])
    if reactor.n_rx > MAX_RX:
        raise ValueError(f"a reactor has at most {MAX_RX} reactions")
    for i in range(reactor.n_rx):
        reaction_from(&reactor.rx[i], d["reactions"][i])
    reactor.by_a = <double*>own.take(reactor.n_rx*reactor.n_rx, sizeof(double))
    reactor.by_b = <double*>own.take(reactor.n_rx*reactor.n_rx, sizeof(double))
    for i in range(reactor.n_rx):
        for j in range(reactor.n_rx):
            k = i*reactor.n_rx + j
            reactor.by_a[k] = effect(&reactor.rx[j], reactor.rx[i].a)
            reactor.by_b[k] = effect(&reactor.rx[j], reactor.rx[i].b) if reactor.rx[i].b >= 0 else 0.0
    reactor.i_fe2 = d["fe2"]
    reactor.i_fe3 = d["fe3"]
    reactor.i_h = m.s.i_h
    reactor.i_boron = d["boron"]
    reactor.probe = d["probe"]
    reactor.n_dissolved = m.s.na
    if reactor.n_rx:
        speciation_from(&reactor.medium, m, own, d["speciation"])
        for j in range(reactor.n_rx):
            reactor.acid_made[j] = effect(&reactor.rx[j], m.s.i_h)
            reactor.iron_made[j] = effect(&reactor.rx[j], reactor.i_fe3)
            for i in range(m.s.na):
                reactor.strength_made[j] += reactor.medium.weight[i]*effect(&reactor.rx[j], i)
        # what decides on hydrolysis is acid down to 1e-7 mol/L
        tolerance = [1e-3]*nc + [1.0]
        tolerance[m.s.i_h] = 1e-4*reactor.tank.span
        integrate(u, m, own, nc + 1, reactor_rhs, reactor_factor, reactor_solve, tolerance)
    else:
        integrate(u, m, own, nc + 1, reactor_rhs, NULL, NULL, [1e-3]*nc + [1.0])
    allow_negative(u.vessel, m.s.i_h, 1, 1)


cdef void filter_from(Filter* filter_, dict d) except *:
    filter_.inlet = d["inlet"]
    filter_.wash = d["wash"]
    filter_.filtrate = d["filtrate"]
    filter_.cake = d["cake"]
    filter_.moisture = d["moisture"]
    filter_.density = d["density"]
    filter_.efficiency = d["efficiency"]
    filter_.passing = d["passing"]
    filter_.probe = d["probe"]


cdef void belt_from(Filter* filter_, Making* m, dict d) except *:
    filter_.belt = d["belt"]
    filter_.belt_normal = d["belt_normal"]
    filter_.load = d["load"]
    filter_.vacuum = d["vacuum"]
    filter_.chloride = m.s.i_cl


cdef void build_filter(Unit* u, Making* m, Memory own, dict d) except *:
    u.kind = FILTER
    u.p = own.take(1, sizeof(Filter))
    filter_from(<Filter*>u.p, d)
    belt_from(<Filter*>u.p, m, d)


cdef void build_filter_press(Unit* u, Making* m, Memory own, dict d) except *:
    cdef FilterPress* press
    u.kind = FILTER_PRESS
    press = <FilterPress*>own.take(1, sizeof(FilterPress))
    u.p = press
    filter_from(&press.average, d)
    press.closing = d["closing"]
    press.feed = d["feed"]
    press.blow = d["blow"]
    press.area = d["area"]
    press.chambers = d["chambers"]
    press.solids_density = d["solids_density"]
    press.porosity = d["porosity"]
    press.resistance = d["resistance"]
    press.cloth = d["cloth"]
    press.blinding = d["blinding"]
    press.rinse = d["rinse"]
    press.viscosity = d["viscosity"]
    press.pump = d["pump"]
    press.air = d["air"]
    press.blow_time = d["blow_time"]
    press.discharge = d["discharge"]
    press.divert = d["divert"]
    press.back = d["back"]
    press.bleed = d["bleed"]
    press.bridge = d["bridge"]
    press.ntu = d["ntu"]
    press.skip = d["skip"]


cdef void hold_back(Unit* u, Making* m) except *:
    """Let the pump before a press give no more than the press takes; a press on the bench may have none."""
    cdef Outlet* pump = m.outlets[(<FilterPress*>u.p).average.inlet]
    if pump != NULL:
        pump.limit = u.y + m.s.nc + P_TAKES


cdef void build_sx_circuit(Unit* u, Making* m, Memory own, dict d) except *:
    cdef SxCircuit* sx
    cdef int i, n, bank
    u.kind = SX_CIRCUIT
    sx = <SxCircuit*>own.take(1, sizeof(SxCircuit))
    u.p = sx
    sx.n_extract, sx.n_scrub, sx.n_strip = d["stages"]
    sx.feed = d["feed"]
    sx.scrub = d["scrub"]
    sx.strip = d["strip"]
    sx.soda = d["soda"]
    sx.raffinate = d["raffinate"]
    sx.liquor = d["liquor"]
    sx.organic = d["organic"]
    sx.organic_capacity = d["organic_capacity"]
    sx.organic_factor = 1.0
    sx.mixer = d["mixer"]
    sx.contact = 1.0
    sx.n_re = len(d["re"])
    if sx.n_re > MAX_RE or sx_stages(sx) > MAX_STAGES:
        raise ValueError(f"a circuit has at most {MAX_STAGES} stages and {MAX_RE} extracted metals")
    for i in range(sx.n_re):
        sx.re[i] = d["re"][i]
        sx.k_ex[i] = d["k_ex"][i]
        sx.z[i] = d["charge"][i]
        sx.order[i] = d["order"][i]
        sx.ln_k[i] = fast_log(sx.k_ex[i])
        sx.order_by_dose[i] = d["order_by_dose"][i]
        sx.power_of_dose[i] = d["power_of_dose"][i]
    sx.law = d["law"]
    sx.dose_per_free = d["dose_per_free"]
    sx.bound = 1.0 if sx.law == LAW_DIMER else 0.5
    sx.sulfate = d["sulfate"]
    sx.ka2 = d["ka2"]
    sx.k_na = d["k_na"]
    sx.extractant = d["extractant"]
    sx.entrainment = d["entrainment"]
    sx.carried_aq, sx.carried_org = d["carry_over"]
    sx.depth = d["depth"]
    sx.organic_density = d["organic_density"]
    sx.travel = d["travel"]
    sx.molar_mass = m.s.mass
    sx.crud_formed = 0.0
    sx.crud_pump = d["crud_pump"]
    for i in range(3):
        sx.v_aq[i] = d["v_aq"][i]
        sx.v_org[i] = d["v_org"][i]
        sx.area[i] = d["area"][i]
        sx.capacity[i] = d["capacity"][i]
        sx.width[i] = d["width"][i]
        sx.weir[i] = d["weir"][i]
        sx.end_weir[i] = d["end_weir"][i]
    sx.transfer_na = d["transfer_na"]
    sx.tank_volume = d["tank_volume"]
    sx.tank_span = d["tank_span"]
    sx.fresh = d["fresh"]
    sx.evaporation = d["evaporation"]
    sx.at = d.get("at", 0.0)
    sx.loss = d.get("loss", 0.0)
    sx.ambient = d.get("ambient", 0.0)
    sx.heater = d.get("heater", -1)
    sx.power = d.get("power", 0.0)
    sx.stirring = d.get("stirring", 0.0)
    sx.profile = d["profile"]
    n = sx_stages(sx)
    sx.per_aq = <double*>own.take(n, sizeof(double))
    sx.per_org = <double*>own.take(n, sizeof(double))
    sx.per_area = <double*>own.take(n, sizeof(double))
    sx.phi = <double*>own.take(n, sizeof(double))
    sx.kt = <double*>own.take(n, sizeof(double))
    for i in range(n):
        bank = sx_bank(sx, i)
        sx.per_aq[i] = 1.0/sx.v_aq[bank]
        sx.per_org[i] = 1.0/sx.v_org[bank]
        sx.per_area[i] = 1.0/sx.area[bank]
        sx.phi[i] = sx.v_org[bank]/sx.v_aq[bank]
        sx.kt[i] = d["transfer"][bank]
        sx.banks_capacity += 1e-3*(RHO_CP*sx.v_aq[bank] + ORGANIC_CP*sx.v_org[bank])
    sx.slope = <double*>own.take(5*n*(sx.n_re + 1), sizeof(double))
    sx.inverse = <double*>own.take(4*n, sizeof(double))
    sx.na_aq = m.s.na
    sx.i_h = m.s.i_h
    sx.i_na = m.s.i_na
    sx.probe = d["probe"]
    floors = [1e-5]*u.ny
    if sx.at > 0.0:
        floors[sx_behind_crud(sx)] = 1.0
    integrate(u, m, own, 2*m.s.na, sx_rhs, sx_factor, sx_solve, floors)
    allow_negative(u.vessel, sx.i_h*n, 1, n)
    allow_negative(u.vessel, (sx.na_aq + sx.n_re + 1)*n, 1, n)      # an interface at the floor needs no finer steps


cdef void build_crystalliser(Unit* u, Making* m, Memory own, dict d) except *:
    cdef Crystalliser* cr
    cdef int nc = m.s.nc
    cdef int i
    u.kind = CRYSTALLISER
    cr = <Crystalliser*>own.take(1, sizeof(Crystalliser))
    u.p = cr
    tank_from(&cr.tank, d["tank"])
    for i in range(cr.tank.n_out):
        register(m, &cr.tank.outlet[i])
    cr.n_re = len(d["re"])
    cr.n_trace = len(d["trace"])
    if cr.n_re > 12 or cr.n_trace > 12:
        raise ValueError("a crystalliser has at most 12 rare earths and 12 trace metals")
    for i in range(cr.n_re):
        cr.re[i] = d["re"][i]
        cr.solid[i] = d["solid"][i]
        cr.log_ksp[i] = d["log_ksp"][i]
    for i in range(cr.n_trace):
        cr.trace[i] = d["trace"][i]
        cr.trace_solid[i] = d["trace_solid"][i]
        cr.trace_oxalate[i] = d["trace_oxalate"][i]
        cr.trace_water[i] = d["trace_water"][i]
        cr.lambda_[i] = d["lambda"][i]
    cr.i_ox = d["oxalate"]
    cr.kb = d["kb"]
    cr.kg = d["kg"]
    cr.shape = d["shape"]
    cr.density = d["density"]
    cr.heat = d["heat"]
    cr.at = d.get("at", 0.0)
    cr.k1 = d["k1"]
    cr.k2 = d["k2"]
    cr.probe = d["probe"]
    cr.by_over = <double*>own.take(u.ny, sizeof(double))
    integrate(u, m, own, nc, crystalliser_rhs, crystalliser_factor, crystalliser_solve, [1e-3]*nc + [1.0] + [1e-2]*4)
    allow_negative(u.vessel, m.s.i_h, 1, 1)


cdef void build_dryer(Unit* u, Making* m, Memory own, dict d) except *:
    cdef Dryer* dryer
    cdef int nc = m.s.nc
    u.kind = DRYER
    dryer = <Dryer*>own.take(1, sizeof(Dryer))
    u.p = dryer
    dryer.inlet = d["inlet"]
    dryer.outlet = d["outlet"]
    dryer.residence = d["residence"]
    dryer.rate = d["rate"]
    dryer.power = d["power"]
    dryer.efficiency = d["efficiency"]
    dryer.heat_capacity = d["heat_capacity"]
    dryer.loss = d["loss"]
    dryer.ambient = d["ambient"]
    dryer.heater = d["heater"]
    dryer.drive = d["drive"]
    dryer.probe = d["probe"]
    integrate(u, m, own, nc + 1, dryer_rhs, NULL, NULL, [1e-3]*nc + [1.0])
    allow_negative(u.vessel, m.s.i_h, 1, 1)


cdef void build_calciner(Unit* u, Making* m, Memory own, dict d) except *:
    cdef Calciner* kiln
    cdef int nc = m.s.nc
    cdef int i
    u.kind = CALCINER
    kiln = <Calciner*>own.take(1, sizeof(Calciner))
    u.p = kiln
    kiln.inlet = d["inlet"]
    kiln.outlet = d["outlet"]
    kiln.zones = d["zones"]
    if kiln.zones > MAX_ZONES or len(d["chains"]) > 12 or len(d["simple"]) > 12:
        raise ValueError(f"a calciner has at most {MAX_ZONES} zones and 12 oxalates of each sort")
    kiln.residence = d["residence"]
    kiln.speed_normal = d["speed_normal"]
    for i in range(3):
        kiln.a[i] = d["a"][i]
        kiln.ea[i] = d["ea"][i]
    kiln.n_chain = len(d["chains"])
    for i, c in enumerate(d["chains"]):
        kiln.chain[i] = c
    kiln.n_simple = len(d["simple"])
    for i, c in enumerate(d["simple"]):
        kiln.simple[i] = c
    kiln.i_ox = d["oxalate"]
    kiln.volatile = own.doubles(d["volatile"])
    for i in range(kiln.zones):
        kiln.heater[i] = d["heaters"][i]
    kiln.power = d["power"]
    kiln.wall_capacity = d["wall_capacity"]
    kiln.bed_capacity = d["bed_capacity"]
    kiln.solids_cp = d["solids_cp"]
    kiln.film = d["film"]
    kiln.radiation = d["radiation"]
    kiln.shell = d["shell"]
    kiln.gas = d["gas"]
    kiln.fan = d["fan"]
    kiln.exhaust = d["exhaust"]
    kiln.draft = d["draft"]
    kiln.idle_current = d["idle_current"]
    kiln.load_current = d["load_current"]
    kiln.ambient = d["ambient"]
    kiln.tube = d["tube"]
    kiln.probe = d["probe"]
    integrate(u, m, own, nc + 3, calciner_rhs, calciner_factor, calciner_solve, ([1e-3]*nc + [1.0, 1.0])*kiln.zones)
    allow_negative(u.vessel, m.s.i_h, nc + 2, kiln.zones)


cdef void build_scrubber(Unit* u, Making* m, Memory own, dict d) except *:
    cdef Scrubber* scrubber
    cdef int nc = m.s.nc, i
    u.kind = SCRUBBER
    scrubber = <Scrubber*>own.take(1, sizeof(Scrubber))
    u.p = scrubber
    tank_from(&scrubber.tank, d["tank"])
    for i in range(scrubber.tank.n_out):
        register(m, &scrubber.tank.outlet[i])
    scrubber.n_gas = len(d["gas"])
    if scrubber.n_gas > MAX_IN:
        raise ValueError(f"a scrubber has at most {MAX_IN} streams of gas")
    for i in range(scrubber.n_gas):
        scrubber.gas[i] = d["gas"][i]
    scrubber.pump = d["pump"]
    scrubber.fan = d["fan"]
    scrubber.recirculation = d["recirculation"]
    scrubber.air = d["air"]
    scrubber.units = d["transfer_units"]
    scrubber.drop = d["drop"]
    scrubber.carbonic = d["carbonic"]
    scrubber.probe = d["probe"]
    integrate(u, m, own, nc + 3, scrubber_rhs, NULL, NULL, [1e-3]*nc + [1.0])
    allow_negative(u.vessel, m.s.i_h, 1, 1)


cdef void build_carbonate_tank(Unit* u, Making* m, Memory own, dict d) except *:
    cdef CarbonateTank* tank
    cdef Carbonate* row
    cdef int nc = m.s.nc, i
    u.kind = CARBONATE_TANK
    tank = <CarbonateTank*>own.take(1, sizeof(CarbonateTank))
    u.p = tank
    tank_from(&tank.tank, d["tank"])
    for i in range(tank.tank.n_out):
        register(m, &tank.tank.outlet[i])
    tank.n = len(d["carbonates"])
    if tank.n > MAX_CARBONATES:
        raise ValueError(f"a carbonate tank has at most {MAX_CARBONATES} solids")
    for i, one in enumerate(d["carbonates"]):
        row = &tank.row[i]
        row.solid = one["solid"]
        row.metal = one["metal"]
        row.n_metal = one["n_metal"]
        row.n_carbonate = one["n_carbonate"]
        row.n_water = one["n_water"]
        row.n_acid = one["n_acid"]
        row.log_k = one["log_k"]
        row.precipitates = one["precipitates"]
        row.carried = one["carried"]
    tank.shrink = d["shrink"]
    tank.activation = d["activation"]
    tank.radius = d["radius"]
    tank.rate = d["rate"]
    tank.heat = d["heat"]
    tank.strip = d["strip"]
    tank.surface = d["surface"]
    tank.froth_life = d["froth_life"]
    tank.headspace = d["headspace"]
    tank.sweep = d["sweep"]
    tank.sweep_capacity = d["sweep_capacity"]
    tank.i_carbonate = d["carbonate"]
    tank.probe = d["probe"]
    tolerance = [1e-3]*nc + [1.0, 1.0, 1e-2, 1e-2]
    integrate(u, m, own, nc + 1, carbonate_rhs, NULL, NULL, tolerance)
    allow_negative(u.vessel, m.s.i_h, 1, 1)


cdef void build_store(Unit* u, Making* m, Memory own, dict d) except *:
    cdef Store* store
    cdef int i
    u.kind = STORE
    store = <Store*>own.take(1, sizeof(Store))
    u.p = store
    store.n_out = len(d["outlets"])
    if store.n_out > 12:
        raise ValueError("a store has at most 12 outlets")
    for i in range(store.n_out):
        outlet_from(&store.outlet[i], d["outlets"][i])
        register(m, &store.outlet[i])
    store.molar = own.doubles(d["molar"])
    store.temperature = d["temperature"]
    store.span = d["span"]
    store.refill_at = d["refill_at"]
    store.delivery = d["delivery"]
    store.probe = d["probe"]


cdef void build_ups(Unit* u, Memory own, dict d) except *:
    cdef Ups* ups
    u.kind = UPS
    ups = <Ups*>own.take(1, sizeof(Ups))
    u.p = ups
    ups.n_loads = len(d["loads"])
    ups.load = own.ints(d["loads"])
    ups.power = own.doubles(d["power"])
    ups.mains = 1.0
    ups.capacity = d["capacity"]
    ups.charger = d["charger"]
    ups.probe = d["probe"]


cdef void consumers_from(Consumers* c, Memory own, dict d) except *:
    c.n = len(d["drives"])
    c.drive = own.ints(d["drives"])
    c.draw = own.doubles(d["draws"])


cdef void build_water_circuit(Unit* u, Making* m, Memory own, dict d) except *:
    cdef WaterCircuit* water
    u.kind = WATER_CIRCUIT
    water = <WaterCircuit*>own.take(1, sizeof(WaterCircuit))
    u.p = water
    consumers_from(&water.to, own, d)
    water.pump = d["pump"]
    water.heater = d["heater"]
    water.exchange = own.doubles(d["exchange"])
    water.warm = own.ints(d["warm"])
    water.shut_off = d["shut_off"]
    water.pressure = d["pressure"]
    water.flow = d["flow"]
    water.lag = d["lag"]
    water.power = d["power"]
    water.capacity = d["capacity"]
    water.cooler = d["cooler"]
    water.cooled_to = d["cooled_to"]
    water.loss = d["loss"]
    water.ambient = d["ambient"]
    water.supply = 1.0
    water.probe = d["probe"]
    integrate(u, m, own, 0, water_rhs, NULL, NULL, [1e3, 1.0])


cdef void build_gas_main(Unit* u, Making* m, Memory own, dict d) except *:
    cdef GasMain* gas
    u.kind = GAS_MAIN
    gas = <GasMain*>own.take(1, sizeof(GasMain))
    u.p = gas
    consumers_from(&gas.to, own, d)
    gas.set_point = d["set_point"]
    gas.band = d["band"]
    gas.most = d["most"]
    gas.use = d["use"]
    gas.pressure = d["pressure"]
    gas.fails_below = d["fails_below"]
    gas.volume = d["volume"]
    gas.supply = 1.0
    gas.probe = d["probe"]
    integrate(u, m, own, 0, gas_rhs, NULL, NULL, [1e3])


cdef void build_reagent_tank(Unit* u, Making* m, Memory own, dict d) except *:
    cdef ReagentTank* tank
    cdef int i
    u.kind = REAGENT_TANK
    tank = <ReagentTank*>own.take(1, sizeof(ReagentTank))
    u.p = tank
    tank.n_out = len(d["outlets"])
    if tank.n_out > MAX_OUT:
        raise ValueError(f"a reagent tank has at most {MAX_OUT} outlets")
    for i in range(tank.n_out):
        outlet_from(&tank.outlet[i], d["outlets"][i])
        register(m, &tank.outlet[i])
    tank.per = own.doubles(d["per"])
    tank.solute_volume = d["solute_volume"]
    tank.solute_mass = d["solute_mass"]
    tank.span = d["span"]
    tank.refill_at = d["refill_at"]
    tank.reagent = d["reagent"]
    tank.water = d["water"]
    tank.batch = d["batch"]
    tank.batch_capacity = d["batch_capacity"]
    tank.loss = d["loss"]
    tank.ambient = d["ambient"]
    tank.heater = d["heater"]
    tank.power = d["power"]
    tank.decay = d["decay"]
    tank.activation = d["activation"]
    tank.heat = d["heat"]
    tank.probe = d["probe"]


cdef void build_hall(Unit* u, Memory own, dict d) except *:
    cdef Hall* hall
    u.kind = HALL
    hall = <Hall*>own.take(1, sizeof(Hall))
    u.p = hall
    hall.volume = d["volume"]
    hall.exchange = d["exchange"]
    hall.evaporation = d["evaporation"]
    hall.wet = d["wet"]
    hall.drained = d["drained"]
    hall.leak_at = d["leak_at"]
    hall.background = d["background"]
    hall.ambient = d["ambient"]
    hall.n = len(d["vapour"])
    hall.vapour = own.ints(d["vapour"])
    hall.dome = own.ints(d["dome"])
    hall.fugitive = d["fugitive"]
    hall.lids = d["lids"]
    hall.probe = d["probe"]


cdef void build_organic_store(Unit* u, Making* m, Memory own, dict d) except *:
    cdef OrganicStore* store
    cdef int i
    u.kind = ORGANIC_STORE
    store = <OrganicStore*>own.take(1, sizeof(OrganicStore))
    u.p = store
    store.n_out = len(d["outlets"])
    if store.n_out > MAX_OUT:
        raise ValueError(f"a store of organic has at most {MAX_OUT} outlets")
    for i in range(store.n_out):
        store.level[i] = d["levels"][i]
        outlet_from(&store.outlet[i], d["outlets"][i])
        register(m, &store.outlet[i])
    store.pump = d["pump"]
    store.temperature = d["temperature"]
    store.span = d["span"]
    store.refill_at = d["refill_at"]
    store.delivery = d["delivery"]
    store.probe = d["probe"]


cdef void build_enclosure(Unit* u, Memory own, dict d) except *:
    cdef Enclosure* enclosure
    u.kind = ENCLOSURE
    enclosure = <Enclosure*>own.take(1, sizeof(Enclosure))
    u.p = enclosure
    enclosure.fan = d["fan"]
    enclosure.n_mixers = len(d["mixers"])
    enclosure.mixer = own.ints(d["mixers"])
    enclosure.organic = own.ints(d["organic"])
    enclosure.at = own.doubles(d["warm_at"])
    enclosure.volume = d["volume"]
    enclosure.air = d["air"]
    enclosure.draught = d["draught"]
    enclosure.vapour = d["vapour"]
    enclosure.still = d["still"]
    enclosure.limit = d["limit"]
    enclosure.probe = d["probe"]


cdef void build_hopper(Unit* u, Making* m, Memory own, dict d) except *:
    cdef Hopper* hopper
    u.kind = HOPPER
    hopper = <Hopper*>own.take(1, sizeof(Hopper))
    u.p = hopper
    hopper.inlet = d["inlet"]
    hopper.divert = d["divert"]
    hopper.close = d["close"]
    hopper.bag_at = d["bag_at"]
    hopper.oxide = own.doubles(d["oxide"])
    hopper.pure = own.doubles(d["pure"])
    hopper.spec = d["spec"]
    hopper.size = d["size"]
    hopper.size_ratio = d["size_ratio"]
    hopper.probe = d["probe"]
    hopper.certificate = m.certificate
    m.certificate += HOPPER_LOTS*(HOPPER_ROW + m.s.nc)


cdef void build_heap(Unit* u, Making* m, Memory own, dict d) except *:
    cdef Heap* heap
    cdef Exchange* x
    cdef int i
    u.kind = HEAP
    heap = <Heap*>own.take(1, sizeof(Heap))
    u.p = heap
    heap.ore = d["ore"]
    for i in range(HEAP_LIQUORS):
        heap.inlet[i] = d["inlets"][i]
        heap.outlet[i] = d["outlets"][i]
        heap.flux[i] = d["flux"][i]
    heap.cells = d["cells"]
    heap.layers = d["layers"]
    if heap.cells > MAX_PLACES or len(d["ions"]) > MAX_IONS or len(d["phases"]) != heap.cells:
        raise ValueError(f"a pad has at most {MAX_PLACES} cells, a phase for each place, and {MAX_IONS} ions")
    for i in range(heap.cells):
        heap.phase[i] = d["phases"][i]
    heap.area = d["area"]
    heap.height = d["height"]
    heap.cell_mass = d["cell_mass"]
    heap.moisture = d["moisture"]
    heap.conductivity = d["conductivity"]
    heap.exponent = d["exponent"]
    heap.saturated = d["saturated"]
    heap.residual = d["residual"]
    heap.deepest = d["deepest"]
    heap.rain = d["rain"]
    heap.evaporation = d["evaporation"]
    heap.step = d["step"]
    heap.temperature = d["temperature"]
    heap.slot = d["slot"]
    heap.liquor = own.doubles([n for liquor in d["liquors"] for n in liquor[:m.s.na]])
    heap.per_kg = own.doubles([*d["per_kg"], *[0.0]*m.s.nc])
    x = &heap.x
    x.n = len(d["ions"])
    for i, ion in enumerate(d["ions"]):
        x.ion[i] = ion["ion"]
        x.bound[i] = ion["bound"]
        x.slow[i] = ion["slow"]
        x.z[i] = ion["charge"]
        x.k[i] = ion["selectivity"]
        x.beta[i] = ion["sulfate"]
    x.i_nh4 = d["nh4"]
    x.i_so4 = d["so4"]
    x.i_c = d["carbonate"]
    x.i_al = d["aluminium"]
    x.i_gibbsite = d["gibbsite"]
    x.rate = d["rate"]
    x.strength = d["strength"]
    x.slow_rate = d["slow_rate"]
    x.acid_rate = d["acid_rate"]
    x.log_gibbsite = d["log_gibbsite"]
    heap.work = <double*>own.take(3*m.s.na, sizeof(double))
    heap.probe = d["probe"]


cdef void build_bicarbonate_tank(Unit* u, Making* m, Memory own, dict d) except *:
    cdef BicarbonateTank* tank
    cdef int nc = m.s.nc, i
    u.kind = BICARBONATE_TANK
    tank = <BicarbonateTank*>own.take(1, sizeof(BicarbonateTank))
    u.p = tank
    tank_from(&tank.tank, d["tank"])
    for i in range(tank.tank.n_out):
        register(m, &tank.tank.outlet[i])
    tank.n_re = len(d["re"])
    tank.n_oh = len(d["hydroxides"])
    if tank.n_re > MAX_EARTHS or tank.n_oh > MAX_HYDROXIDES:
        raise ValueError(f"a carbonate tank has at most {MAX_EARTHS} rare earths and {MAX_HYDROXIDES} hydroxides")
    for i in range(tank.n_re):
        tank.re[i] = d["re"][i]
        tank.carbonate[i] = d["carbonate"][i]
        tank.adsorbed[i] = d["adsorbed"][i]
        tank.k_re[i] = d["k_re"][i]
    tank.k_least = min(d["k_re"])
    tank.water = d["water"]
    tank.rate = d["rate"]
    for i, hydroxide in enumerate(d["hydroxides"]):
        tank.metal[i] = hydroxide["metal"]
        tank.hydroxide[i] = hydroxide["solid"]
        tank.log_sat[i] = hydroxide["log_sat"]
        tank.oh_rate[i] = hydroxide["rate"]
    tank.adsorption = d["adsorption"]
    tank.adsorption_ph = d["adsorption_ph"]
    tank.k1 = d["k1"]
    tank.k2 = d["k2"]
    tank.kn = d["kn"]
    tank.ks = d["ks"]
    tank.kw = d["kw"]
    tank.strip = d["strip"]
    tank.air_co2 = d["air_co2"]
    tank.air = d["air"]
    tank.i_c = d["c"]
    tank.i_n = d["n"]
    tank.i_s = d["s"]
    tank.probe = d["probe"]
    tolerance = [1e-3]*nc + [1.0]
    tolerance[m.s.i_h] = 1e-4*tank.tank.span
    integrate(u, m, own, nc + 2, bicarbonate_rhs, NULL, NULL, tolerance)
    allow_negative(u.vessel, m.s.i_h, 1, 1)


cdef void build_membrane(Unit* u, Making* m, Memory own, dict d) except *:
    cdef Membrane* membrane
    u.kind = MEMBRANE
    membrane = <Membrane*>own.take(1, sizeof(Membrane))
    u.p = membrane
    membrane.inlet = d["inlet"]
    membrane.permeate = d["permeate"]
    membrane.retentate = d["retentate"]
    membrane.recovery = d["recovery"]
    membrane.rejection = d["rejection"]
    membrane.probe = d["probe"]


cdef void build_duct(Unit* u, Making* m, Memory own, dict d) except *:
    cdef Duct* duct
    u.kind = DUCT
    duct = <Duct*>own.take(1, sizeof(Duct))
    u.p = duct
    duct.fan = d["fan"]
    duct.capacity = d["capacity"]
    duct.n = len(d["hydrogen"])
    duct.hydrogen = own.ints(d["hydrogen"])
    duct.gas = own.ints(d["gas"])
    duct.probe = d["probe"]


cdef void build_cartridge(Unit* u, Making* m, Memory own, dict d) except *:
    cdef Cartridge* cartridge
    u.kind = CARTRIDGE
    cartridge = <Cartridge*>own.take(1, sizeof(Cartridge))
    u.p = cartridge
    cartridge.inlet = d["inlet"]
    cartridge.outlet = d["outlet"]
    cartridge.change = d["change"]
    cartridge.area = d["area"]
    cartridge.clean = d["clean"]
    cartridge.resistance = d["resistance"]
    cartridge.viscosity = d["viscosity"]
    cartridge.catches = d["catches"]
    cartridge.relief = d["relief"]
    cartridge.probe = d["probe"]


cdef void build_clarifier(Unit* u, Memory own, dict d) except *:
    cdef Clarifier* clarifier
    u.kind = CLARIFIER
    clarifier = <Clarifier*>own.take(1, sizeof(Clarifier))
    u.p = clarifier
    clarifier.inlet = d["inlet"]
    clarifier.out = d["out"]
    clarifier.hold = d["hold"]
    clarifier.sludge = d["sludge"]
    clarifier.discharge = d["discharge"]
    clarifier.passing = d["passing"]
    clarifier.moisture = d["moisture"]
    clarifier.density = d["density"]
    clarifier.ntu = d["ntu"]
    clarifier.probe = d["probe"]


cdef void build_makeup_tank(Unit* u, Making* m, Memory own, dict d) except *:
    cdef MakeupTank* tank
    cdef int nc = m.s.nc, i
    u.kind = MAKEUP_TANK
    tank = <MakeupTank*>own.take(1, sizeof(MakeupTank))
    u.p = tank
    tank_from(&tank.tank, d["tank"])
    for i in range(tank.tank.n_out):
        register(m, &tank.tank.outlet[i])
    tank.reagent = d["reagent"]
    tank.per_mol = d["per_mol"]
    tank.a, tank.b, tank.c, tank.d = d["dilution"]
    tank.probe = d["probe"]
    integrate(u, m, own, nc, makeup_rhs, NULL, NULL, [1e-3]*nc + [1.0])
    allow_negative(u.vessel, m.s.i_h, 1, 1)


cdef void build_ore_tank(Unit* u, Making* m, Memory own, dict d) except *:
    cdef OreTank* tank
    cdef OreOxide* row
    cdef int nc = m.s.nc, i
    u.kind = ORE_TANK
    tank = <OreTank*>own.take(1, sizeof(OreTank))
    u.p = tank
    tank_from(&tank.tank, d["tank"])
    for i in range(tank.tank.n_out):
        register(m, &tank.tank.outlet[i])
    tank.n = len(d["oxides"])
    if tank.n > MAX_ORE_OXIDES:
        raise ValueError(f"an ore has at most {MAX_ORE_OXIDES} oxides that dissolve")
    for i, one in enumerate(d["oxides"]):
        row = &tank.row[i]
        row.solid = one["solid"]
        row.metal = one["metal"]
        row.n_metal = one["n_metal"]
        row.n_acid = one["n_acid"]
        row.n_water = one["n_water"]
        row.rate = one["rate"]
        row.power = one["power"]
        row.brought = one["brought"]
        row.counted = one["counted"]
    tank.tracer = d["tracer"]
    tank.sulfate = d["sulfate"]
    tank.ka2 = d["ka2"]
    tank.probe = d["probe"]
    integrate(u, m, own, nc, ore_rhs, NULL, NULL, [1e-3]*nc + [1.0])
    allow_negative(u.vessel, m.s.i_h, 1, 1)


cdef void build_unit(Unit* u, Making* m, Memory own, dict d) except *:
    """A unit from its table: parameters, connections, initial state."""
    cdef int i
    kind = d["kind"]
    initial = d["initial"]
    if len(initial) != u.ny:
        raise ValueError(f"{kind}: {len(initial)} initial states for {u.ny}")
    for i in range(u.ny):
        u.y[i] = initial[i]
    if kind == "feed_bin":
        build_feed_bin(u, m, own, d)
    elif kind == "furnace":
        build_furnace(u, m, own, d)
    elif kind == "mill":
        build_mill(u, m, own, d)
    elif kind == "leach_tank":
        build_leach_tank(u, m, own, d)
    elif kind == "reactor":
        build_reactor(u, m, own, d)
    elif kind == "filter":
        build_filter(u, m, own, d)
    elif kind == "filter_press":
        build_filter_press(u, m, own, d)
    elif kind == "sx_circuit":
        build_sx_circuit(u, m, own, d)
    elif kind == "crystalliser":
        build_crystalliser(u, m, own, d)
    elif kind == "dryer":
        build_dryer(u, m, own, d)
    elif kind == "calciner":
        build_calciner(u, m, own, d)
    elif kind == "store":
        build_store(u, m, own, d)
    elif kind == "scrubber":
        build_scrubber(u, m, own, d)
    elif kind == "carbonate_tank":
        build_carbonate_tank(u, m, own, d)
    elif kind == "hopper":
        build_hopper(u, m, own, d)
    elif kind == "heap":
        build_heap(u, m, own, d)
    elif kind == "bicarbonate_tank":
        build_bicarbonate_tank(u, m, own, d)
    elif kind == "ore_tank":
        build_ore_tank(u, m, own, d)
    elif kind == "membrane":
        build_membrane(u, m, own, d)
    elif kind == "duct":
        build_duct(u, m, own, d)
    elif kind == "cartridge":
        build_cartridge(u, m, own, d)
    elif kind == "makeup_tank":
        build_makeup_tank(u, m, own, d)
    elif kind == "ups":
        build_ups(u, own, d)
    elif kind == "water_circuit":
        build_water_circuit(u, m, own, d)
    elif kind == "gas_main":
        build_gas_main(u, m, own, d)
    elif kind == "reagent_tank":
        build_reagent_tank(u, m, own, d)
    elif kind == "hall":
        build_hall(u, own, d)
    elif kind == "organic_store":
        build_organic_store(u, m, own, d)
    elif kind == "enclosure":
        build_enclosure(u, own, d)
    elif kind == "clarifier":
        build_clarifier(u, own, d)
