"""The process: all units with the streams between them, what is measured of both, and the totals that meters count."""

cdef struct Weighted:       # a measured quantity of a stream or of what a unit holds
    int kind                # WEIGHTED_*
    int source              # stream, or unit
    double* top             # weights per species
    double* bottom
    int first, count        # species that have weights lie there
    int probe
    const Pace* pace        # of the unit that sends the stream, NULL: it sends something else in every scan

cdef enum:
    WEIGHTED_STREAM_SLOT = 0        # value of the stream's slot `source*width + offset`
    WEIGHTED_STREAM_SUM = 1         # sum w n
    WEIGHTED_STREAM_PER_VOLUME = 2  # sum w n / Q
    WEIGHTED_STREAM_RATIO = 3       # sum w n / sum w' n
    WEIGHTED_UNIT_PER_VOLUME = 4    # sum w n / V

cdef struct Meter:          # total += tick * probe * factor
    int probe
    double factor
    int shown               # probe that shows the total, -1: none


cdef struct Process:
    Sheet s
    Sheet slow              # as units with longer steps see it: `now` is what they gathered
    int n_units, n_streams, n_weighted, n_meters, n_sinks
    Unit* unit
    Weighted* weighted
    Meter* meter
    int* sink               # streams that leave the plant
    Outlet** outlets        # every outlet that a disturbance may touch, by stream
    double* buffer[2]       # the two stream buffers
    int n_paces
    Pace* pace
    double* warmth          # of what was gathered, per stream
    double* y
    int y_count
    double* tot
    double* power           # W at full output of the actuators that take any
    int* powered            # which they are
    int n_powered, energy_probe
    int* beside             # probes of W that come to what the drives take
    int n_beside
    bint broken             # a unit that stepped in the last scan has a state that is not finite


cdef void mark_used(Sheet* s, const Unit* u) noexcept:
    """Note which streams carry particles in bins, what leaves mills and leach tanks, and which nothing undissolved at all."""
    cdef const Tank* tank
    cdef const Store* store
    cdef int i
    if u.kind == STORE:
        store = <Store*>u.p
        for i in range(store.n_out):
            s.used[store.outlet[i].stream] = S_MOL + s.na
    elif u.kind == SX_CIRCUIT:
        s.used[(<SxCircuit*>u.p).liquor] = S_MOL + s.na
    elif u.kind == MILL:
        s.used[(<Mill*>u.p).outlet] = s.width
    elif u.kind == LEACH_TANK:
        tank = &(<LeachTank*>u.p).tank
        for i in range(tank.n_out):
            s.used[tank.outlet[i].stream] = s.width


cdef void share_work(Process* p, Memory own) except *:
    """Give all vessels one place to work in: nothing there outlasts a step."""
    cdef int i, most = 0
    cdef double* work
    for i in range(p.n_units):
        if p.unit[i].vessel != NULL:
            most = max(most, p.unit[i].vessel.ny + p.unit[i].vessel.nq)
    work = <double*>own.take(3*most, sizeof(double))
    for i in range(p.n_units):
        if p.unit[i].vessel != NULL:
            p.unit[i].vessel.work = work


cdef void process_build(Process* p, Memory own, dict spec, list sizes, double* certificate) except *:
    """Units, weighted quantities, paces and meters. The arrays are there by then, the states behind `y` in the order of
    the units, of `sizes` each. certificate: of the first hopper."""
    cdef int i, k, n = 0
    cdef dict d
    cdef Making making
    p.n_units = len(sizes)
    p.unit = <Unit*>own.take(p.n_units, sizeof(Unit))
    p.outlets = <Outlet**>own.take(p.n_streams, sizeof(Outlet*))
    making.s = &p.s
    making.outlets = p.outlets
    making.certificate = certificate
    for i, d in enumerate(spec["units"]):
        p.unit[i].y = p.y + n
        p.unit[i].ny = sizes[i]
        n += sizes[i]
        build_unit(&p.unit[i], &making, own, d)
    for i in range(p.n_units):
        if p.unit[i].kind == FILTER_PRESS:
            hold_back(&p.unit[i], &making)
    share_work(p, own)

    p.sink = own.ints(spec["sinks"])
    p.n_sinks = len(spec["sinks"])
    p.n_weighted = len(spec["weighted"])
    p.weighted = <Weighted*>own.take(p.n_weighted, sizeof(Weighted))
    for i, d in enumerate(spec["weighted"]):
        p.weighted[i].kind = d["kind"]
        p.weighted[i].source = d["source"]
        p.weighted[i].top = own.doubles(d["top"])
        p.weighted[i].bottom = own.doubles(d["bottom"])
        used = np.flatnonzero(np.abs(d["top"]) + np.abs(d["bottom"])) if d["kind"] != WEIGHTED_STREAM_SLOT else []
        p.weighted[i].first = min(used) if len(used) else 0
        p.weighted[i].count = max(used) + 1 - min(used) if len(used) else 0
        p.weighted[i].probe = d["probe"]
    p.s.used = own.ints([S_MOL + p.s.nc]*p.n_streams)
    for i in range(p.n_units):
        mark_used(&p.s, &p.unit[i])
    p.n_paces = len(spec["paces"])
    p.pace = <Pace*>own.take(p.n_paces, sizeof(Pace))
    for i, d in enumerate(spec["paces"]):
        p.pace[i].unit = d["unit"]
        p.pace[i].scans = d["scans"]
        p.pace[i].phase = i % <int>d["scans"]
        p.pace[i].n_in = len(d["inlets"])
        p.pace[i].inlet = own.ints(d["inlets"])
        p.pace[i].n_out = len(d["outlets"])
        p.pace[i].outlet = own.ints(d["outlets"])
        p.unit[p.pace[i].unit].pace = &p.pace[i]
        for k in range(p.n_weighted):
            if WEIGHTED_STREAM_SUM <= p.weighted[k].kind <= WEIGHTED_STREAM_RATIO and p.weighted[k].source in d["outlets"]:
                p.weighted[k].pace = &p.pace[i]

    p.n_meters = len(spec["meters"])
    p.meter = <Meter*>own.take(p.n_meters, sizeof(Meter))
    for i, d in enumerate(spec["meters"]):
        p.meter[i] = d


cdef void process_swap(Process* p, double tick) noexcept nogil:
    """What was sent arrives; what arrives in no unit has left the plant."""
    cdef double* x = p.s.now
    cdef int k, i
    p.s.now = p.s.nxt
    p.s.nxt = x
    for k in range(p.n_sinks):
        x = stream_now(&p.s, p.sink[k]) + S_MOL
        for i in range(p.s.nc):
            p.s.edge_out[i] += tick*x[i]


cdef void process_weigh(Process* p, bint all_of_them) noexcept nogil:
    """Streams and contents as instruments would see them; of streams that did not change the reading stands, unless all of
    them are asked for."""
    cdef Weighted* w
    cdef const double* x
    cdef double top, bottom
    cdef int k
    for k in range(p.n_weighted):
        w = &p.weighted[k]
        if w.pace != NULL and w.pace.rests and not all_of_them:
            continue
        if w.kind == WEIGHTED_STREAM_SLOT:
            p.s.probe[w.probe] = p.s.now[w.source]
            continue
        x = p.unit[w.source].y if w.kind == WEIGHTED_UNIT_PER_VOLUME else stream_now(&p.s, w.source) + S_MOL
        top = dot(w.top + w.first, x + w.first, w.count)
        if w.kind == WEIGHTED_STREAM_SUM:
            p.s.probe[w.probe] = top
            continue
        bottom = dot(w.bottom + w.first, x + w.first, w.count)
        if bottom > 1e-15:
            p.s.probe[w.probe] = top/bottom
        # an empty line keeps its last reading


cdef void process_tick(Process* p, long long scan, double tick, bint paced) noexcept nogil:
    """One tick of all units; paced: of those only whose step ends in this scan, `scan` being over. Tells in `broken`
    whether one of them no longer has finite states."""
    cdef int k
    cdef Unit* u
    cdef double watts = 0.0
    cdef bint sound
    p.slow.nxt = p.s.nxt
    p.broken = False
    for k in range(p.n_paces):
        p.pace[k].rests = paced and pace_gathered(&p.pace[k], scan) != p.pace[k].scans - 1
    for k in range(p.n_units):
        u = &p.unit[k]
        sound = False
        if paced and u.pace != NULL:
            pace_gather(u.pace, &p.s, p.slow.now, p.warmth)
            if u.pace.rests:
                pace_hold(u.pace, &p.s)
                continue
            pace_mean(u.pace, &p.s, p.slow.now, p.warmth)
            sound = vessel_advance(u.vessel, &p.slow, u.pace.scans*tick)
            unit_leave(u, &p.slow, u.pace.scans*tick)
            pace_clear(u.pace, &p.s, p.slow.now, p.warmth)
        elif u.vessel != NULL:
            sound = vessel_advance(u.vessel, &p.s, tick)
            unit_leave(u, &p.s, tick)
        else:
            unit_step(u, &p.s, tick)
        if not sound:
            p.broken |= not all_finite(u.y, u.ny)
    process_swap(p, tick)
    for k in range(p.n_units):
        u = &p.unit[k]
        if u.vessel != NULL and not (u.pace != NULL and u.pace.rests):
            unit_observe(u, &p.s)
    process_weigh(p, False)
    for k in range(p.n_powered):
        watts += p.power[k]*p.s.drive[p.powered[k]]
    for k in range(p.n_beside):
        watts += p.s.probe[p.beside[k]]
    p.s.probe[p.energy_probe] = watts
    for k in range(p.n_meters):
        p.tot[k] += tick*p.s.probe[p.meter[k].probe]*p.meter[k].factor
        if p.meter[k].shown >= 0:
            p.s.probe[p.meter[k].shown] = p.tot[k]


cdef void process_emit(Process* p, long long scan) noexcept nogil:
    """Fill the streams with what the present state lets out, for a state that was set by hand."""
    cdef int k, turn
    cdef Unit* u
    cdef Vessel* v
    # a filter after a tank before a circuit: three turns carry a flow past every chain of memoryless units
    for turn in range(3):
        for k in range(p.n_units):
            u = &p.unit[k]
            v = u.vessel
            if v != NULL:
                v.rhs(v.unit, &p.s, v.y, v.work)
                memcpy(v.q, v.work + v.ny, v.nq*sizeof(double))
                unit_leave(u, &p.s, 0.0)
            else:
                unit_step(u, &p.s, 0.0)
        process_swap(p, 0.0)
    for k in range(p.n_units):
        if p.unit[k].vessel != NULL:
            unit_observe(&p.unit[k], &p.s)
    process_weigh(p, True)
    process_gather_at_rest(p, scan)


cdef void process_gather_at_rest(Process* p, long long scan) noexcept nogil:
    cdef int k
    for k in range(p.n_paces):
        pace_rest(&p.pace[k], &p.s, p.slow.now, p.warmth, scan)
