# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
# cython: freethreading_compatible=True
"""The core: a plant as tables, and the scan that advances it.

Built once from dictionaries (plantsim/model/compose makes them), then run without Python objects, without the GIL and
without allocation. One scan: malfunctions, sequences, control, actuators, process, transmitters, alarms, meters. All units read the state and the
streams of the scan's start.
"""

from libc.stdlib cimport calloc, free
from libc.string cimport memcpy, memset
from libc.math cimport fabs

import numpy as np

from sheet cimport *
from numerics cimport INFINITE, all_finite, dot, fast_log
from vessel cimport *
from tank cimport *
from feed cimport *
from leach cimport *
from reactor cimport *
from speciation cimport *
from filter cimport *
from press cimport *
from sx cimport *
from crystalliser cimport *
from thermal cimport *
from storage cimport *
from scrubber cimport *
from carbonate cimport *
from heap cimport *
from bicarbonate cimport *
from membrane cimport *
from pace cimport Pace, pace_clear, pace_gather, pace_gathered, pace_hold, pace_mean, pace_rest
from clock cimport Clock
from field cimport (
    Analyser, Calculation, Drive, OnOffValve, Transmitter, Valve,
    analyser_prepare, analyser_refresh, analyser_reset, analyser_scan,
    calculation_prepare, calculation_refresh, calculation_reset, calculation_scan,
    drive_refresh, drive_reset, drive_scan,
    on_off_valve_refresh, on_off_valve_reset, on_off_valve_scan,
    transmitter_prepare, transmitter_refresh, transmitter_reset, transmitter_scan,
    valve_refresh, valve_reset, valve_scan,
)
from noise cimport NOISE_NUMBERS, Noise, noise_draw, noise_keep, noise_seed
from divert cimport Divert, divert_reset, divert_scan
from control cimport Loop, loop_refresh, loop_reset, loop_scan
from condition cimport Condition
from sequence cimport Action, Programs, Sequence, Step, sequence_scan
from event cimport FROM_FEED, Event, EventLog, log_event
from alarm cimport ALARM_MEM, Alarm, alarm_scan
from interlock cimport Effect, Interlock, Matrix, matrix_scan
from malfunction cimport (
    MALFUNCTION_COLUMNS, MOST_MALFUNCTIONS, RATE, FaultEffect, Fault,
    effect_value, malfunction_level, malfunctions_apply, malfunctions_scan,
)

cdef extern from *:
    """
    #if defined(__x86_64__) && defined(__GNUC__)
    #define PLANTSIM_HAS_AVX2() __builtin_cpu_supports("avx2")
    #else
    #define PLANTSIM_HAS_AVX2() 0
    #endif
    """
    int PLANTSIM_HAS_AVX2() noexcept


def has_avx2():
    """Whether this machine's vectors are those of AVX2."""
    return PLANTSIM_HAS_AVX2() != 0


include "memory.pxi"
include "units.pxi"
include "build.pxi"
include "faults.pxi"

cdef struct Weighted:       # a measured quantity of a stream or of what a unit holds
    int kind                # WEIGHTED_*
    int source              # stream, or unit
    double* top             # weights per species
    double* bottom
    int first, count        # species that have weights lie there
    int probe

cdef enum:
    WEIGHTED_STREAM_SLOT = 0        # value of the stream's slot `source*width + offset`
    WEIGHTED_STREAM_SUM = 1         # sum w n
    WEIGHTED_STREAM_PER_VOLUME = 2  # sum w n / Q
    WEIGHTED_STREAM_RATIO = 3       # sum w n / sum w' n
    WEIGHTED_UNIT_PER_VOLUME = 4    # sum w n / V
    WEIGHTED_DRIVE = 5              # w[0] times an actuator's opening

cdef struct Meter:          # total += tick * probe * factor
    int probe
    double factor
    int shown               # probe that shows the total, -1: none


cdef class Core:
    """A plant. `spec` is what compose() returns; see there for its keys.

    state, streams, gathered, memory, signal, quality, drive, probe, total, certificates, edge_in, edge_out: NumPy views of
    the live arrays, to be read and written between calls only. gathered: what units with longer steps have taken from their
    streams since the last one, as sums over scans, and in a last column volume flow times temperature. certificates: per
    hopper, in the order of the units, a ring of the lots it closed; ext/storage.pxd has the columns. external: per row, 1
    where an outside controller has what the plant's own sequences and divert valves would write; no part of the state.
    """
    cdef readonly object state, streams, gathered, memory, signal, quality, drive, probe, total, ring, edge_in, edge_out
    cdef readonly object certificates, external
    cdef Memory own
    cdef Sheet s
    cdef Sheet slow             # as units with longer steps see it: `now` is what they gathered
    cdef Clock clock
    cdef int n_units, n_streams, n_weighted, n_meters, n_sinks, n_outlets
    cdef Unit* unit
    cdef Weighted* weighted
    cdef Meter* meter
    cdef int* sink              # streams that leave the plant
    cdef Outlet** outlets       # every outlet that a disturbance may touch, by stream
    cdef double* buffer[2]      # the two stream buffers
    cdef int n_paces
    cdef Pace* pace
    cdef double* warmth         # of what was gathered, per stream
    cdef double* y
    cdef int y_count
    cdef double* mem
    cdef double* sig
    cdef unsigned int* qual
    cdef double* tot
    cdef double* ring_p
    cdef double* power          # W of every actuator at full output
    cdef int n_drives, energy_probe
    cdef long long ring_every
    # field and control tables
    cdef int n_transmitters, n_analysers, n_calculations, n_valves, n_on_off, n_motors, n_loops, n_alarms
    cdef Transmitter* transmitter
    cdef Noise noise            # of the transmitters
    cdef Analyser* analyser
    cdef Calculation* calculation
    cdef Valve* valve
    cdef OnOffValve* on_off
    cdef Drive* motor
    cdef Loop* loop
    cdef int n_diverts
    cdef Divert* divert
    cdef Alarm* alarm
    cdef int n_sequences
    cdef Sequence* sequence
    cdef Programs programs
    cdef Matrix matrix
    cdef int n_lots
    cdef double** lots          # lots tipped, of every feed bin, and how many were reported
    cdef double* reported
    cdef EventLog log
    cdef long long read_events
    cdef readonly object malfunctions   # a row per instance, see ext/malfunction.pxd; nought behind the last
    cdef double* fault_rows
    cdef Fault fault[MOST_MALFUNCTIONS]
    cdef int n_faults
    cdef Memory faults_own
    cdef bint broken                # a unit that stepped in the last scan has a state that is not finite
    cdef public int bad_state       # index of the first state that is not finite, -1 if none
    cdef object _sizes, _keep

    def __init__(self, dict spec):
        cdef int i, n
        cdef dict d
        cdef Making making
        self.own = Memory()
        self._keep = []
        self.bad_state = -1
        cdef Memory own = self.own
        sp = spec["species"]
        self.s.nc = len(sp["mass"])
        self.s.na = sp["dissolved"]
        self.s.nb = spec["bins"]
        if self.s.nb > MAX_BINS:
            raise ValueError(f"bins: found {self.s.nb}, allowed at most {MAX_BINS}")
        self.s.width = S_MOL + self.s.nc + 2*CLASSES*self.s.nb
        self.s.vmol = own.doubles(sp["molar_volume"])
        self.s.mass = own.doubles(sp["mass"])
        self.s.solid = own.ints([0 if j < self.s.na else 1 for j in range(self.s.nc)])
        self.s.i_h2o = sp["index"]["H2O"]
        self.s.i_h = sp["index"]["H"]
        self.s.i_na = sp["index"]["Na"]
        self.s.i_cl = sp["index"]["Cl"]
        self.s.i_h2 = sp["index"]["H2"]
        self.s.i_o2 = sp["index"]["O2"]
        self.s.i_co2 = sp["index"]["CO2"]

        self.n_streams = spec["streams"]
        self.n_drives = len(spec["drive_power"])
        self.streams = np.zeros((2, self.n_streams, self.s.width))
        self.gathered = np.zeros(self.n_streams*(self.s.width + 1))
        self.drive = np.zeros(max(self.n_drives, 1))
        self.probe = np.zeros(spec["probes"])
        self.edge_in = np.zeros(self.s.nc)
        self.edge_out = np.zeros(self.s.nc)
        self.buffer[0] = self._pointer(self.streams)
        self.buffer[1] = self.buffer[0] + self.n_streams*self.s.width
        self.s.now = self.buffer[0]
        self.s.nxt = self.buffer[1]
        self.s.drive = self._pointer(self.drive)
        self.s.probe = self._pointer(self.probe)
        self.s.edge_in = self._pointer(self.edge_in)
        self.s.edge_out = self._pointer(self.edge_out)
        self.power = own.doubles(spec["drive_power"])
        self.energy_probe = spec["energy_probe"]
        for i in range(self.n_streams):     # an empty stream has a temperature all the same
            self.buffer[0][i*self.s.width] = 293.15
            self.buffer[1][i*self.s.width] = 293.15

        sizes = [unit_size(d, self.s.na, self.s.nc, self.s.nb) for d in spec["units"]]
        self._sizes = sizes
        self.n_units = len(sizes)
        self.state = np.zeros(sum(sizes))
        self.y = self._pointer(self.state)
        self.y_count = len(self.state)
        self.unit = <Unit*>own.take(self.n_units, sizeof(Unit))
        self.outlets = <Outlet**>own.take(self.n_streams, sizeof(Outlet*))
        making.s = &self.s
        making.outlets = self.outlets
        hoppers = sum(d["kind"] == "hopper" for d in spec["units"])
        self.certificates = np.zeros((max(hoppers, 1), HOPPER_LOTS, HOPPER_ROW + self.s.nc))
        making.certificate = self._pointer(self.certificates)
        n = 0
        for i, d in enumerate(spec["units"]):
            self.unit[i].y = self.y + n
            self.unit[i].ny = sizes[i]
            n += sizes[i]
            build_unit(&self.unit[i], &making, own, d)
        for i in range(self.n_units):
            if self.unit[i].kind == FILTER_PRESS:
                hold_back(&self.unit[i], &making)

        self.sink = own.ints(spec["sinks"])
        self.n_sinks = len(spec["sinks"])
        self.n_weighted = len(spec["weighted"])
        self.weighted = <Weighted*>own.take(self.n_weighted, sizeof(Weighted))
        for i, d in enumerate(spec["weighted"]):
            self.weighted[i].kind = d["kind"]
            self.weighted[i].source = d["source"]
            self.weighted[i].top = own.doubles(d["top"])
            self.weighted[i].bottom = own.doubles(d["bottom"])
            used = np.flatnonzero(np.abs(d["top"]) + np.abs(d["bottom"])) if d["kind"] != WEIGHTED_STREAM_SLOT else []
            self.weighted[i].first = min(used) if len(used) else 0
            self.weighted[i].count = max(used) + 1 - min(used) if len(used) else 0
            self.weighted[i].probe = d["probe"]
        self.s.used = own.ints([S_MOL + self.s.nc]*self.n_streams)
        for i in range(self.n_units):
            self._mark_particles(&self.unit[i])
        self.slow = self.s
        self.slow.now = self._pointer(self.gathered)
        self.warmth = self.slow.now + self.n_streams*self.s.width
        self.n_paces = len(spec["paces"])
        self.pace = <Pace*>own.take(self.n_paces, sizeof(Pace))
        for i, d in enumerate(spec["paces"]):
            self.pace[i].unit = d["unit"]
            self.pace[i].scans = d["scans"]
            self.pace[i].phase = i % <int>d["scans"]
            self.pace[i].n_in = len(d["inlets"])
            self.pace[i].inlet = own.ints(d["inlets"])
            self.pace[i].n_out = len(d["outlets"])
            self.pace[i].outlet = own.ints(d["outlets"])
            self.unit[self.pace[i].unit].pace = &self.pace[i]

        self.n_meters = len(spec["meters"])
        self.meter = <Meter*>own.take(self.n_meters, sizeof(Meter))
        for i, d in enumerate(spec["meters"]):
            self.meter[i] = d
        self.total = np.zeros(max(self.n_meters, 1))
        self.tot = self._pointer(self.total)
        # totals of the last 24 h, one row a minute, the last row being the oldest minute still needed
        self.ring = np.zeros((1441, max(self.n_meters, 1)))
        self.ring_p = self._pointer(self.ring)
        self._build_field(spec)

    cdef void _build_field(self, dict spec) except *:
        cdef int i
        cdef Memory own = self.own
        rows = spec["rows"]
        self.memory = np.zeros(max(spec["memory"], 1))
        self.signal = np.array(spec["signal"], dtype=np.float64)
        self.quality = np.zeros(rows, dtype=np.uint32)
        self.external = np.zeros(rows, dtype=np.uint8)
        self.mem = self._pointer(self.memory)
        self.sig = self._pointer(self.signal)
        cdef unsigned int[::1] quality = self.quality
        self.qual = &quality[0]
        cdef unsigned char[::1] external = self.external
        self.programs.external = &external[0]
        self.clock.h = spec["scan_period"]
        self.seed = spec["seed"]
        self.ring_every = <long long>(60.0/self.clock.h + 0.5)

        self.n_transmitters = len(spec["transmitters"])
        self.transmitter = <Transmitter*>own.take(self.n_transmitters, sizeof(Transmitter))
        for i in range(self.n_transmitters):
            self.transmitter[i] = spec["transmitters"][i]
            transmitter_prepare(&self.transmitter[i], self.clock.h)
        noise_keep(&self.noise, <double*>own.take(NOISE_NUMBERS*self.n_transmitters, sizeof(double)), self.n_transmitters)
        for i in range(self.n_transmitters):
            self.noise.key[i] = self.transmitter[i].key
        noise_seed(&self.noise, self.clock.seed)
        self.n_analysers = len(spec["analysers"])
        self.analyser = <Analyser*>own.take(self.n_analysers, sizeof(Analyser))
        for i in range(self.n_analysers):
            self.analyser[i] = spec["analysers"][i]
            analyser_prepare(&self.analyser[i], self.clock.h)
        self.n_calculations = len(spec["calculations"])
        self.calculation = <Calculation*>own.take(self.n_calculations, sizeof(Calculation))
        for i in range(self.n_calculations):
            self.calculation[i] = spec["calculations"][i]
            calculation_prepare(&self.calculation[i], self.clock.h)
        self.n_valves = len(spec["valves"])
        self.valve = <Valve*>own.take(self.n_valves, sizeof(Valve))
        for i in range(self.n_valves):
            self.valve[i] = spec["valves"][i]
        self.n_on_off = len(spec["on_off_valves"])
        self.on_off = <OnOffValve*>own.take(self.n_on_off, sizeof(OnOffValve))
        for i in range(self.n_on_off):
            self.on_off[i] = spec["on_off_valves"][i]
        self.n_motors = len(spec["motors"])
        self.motor = <Drive*>own.take(self.n_motors, sizeof(Drive))
        for i in range(self.n_motors):
            self.motor[i] = spec["motors"][i]
        self.n_loops = len(spec["loops"])
        self.loop = <Loop*>own.take(self.n_loops, sizeof(Loop))
        for i in range(self.n_loops):
            self.loop[i] = spec["loops"][i]
        self.n_diverts = len(spec["diverts"])
        self.divert = <Divert*>own.take(self.n_diverts, sizeof(Divert))
        for i in range(self.n_diverts):
            self.divert[i] = spec["diverts"][i]
        self.n_alarms = len(spec["alarms"])
        self.alarm = <Alarm*>own.take(self.n_alarms, sizeof(Alarm))
        for i in range(self.n_alarms):
            self.alarm[i] = spec["alarms"][i]
        self.n_sequences = len(spec["sequences"])
        self.sequence = <Sequence*>own.take(self.n_sequences, sizeof(Sequence))
        for i in range(self.n_sequences):
            self.sequence[i] = spec["sequences"][i]
        self.programs.step = <Step*>own.take(len(spec["steps"]), sizeof(Step))
        for i, d in enumerate(spec["steps"]):
            self.programs.step[i] = d
        self.programs.action = <Action*>own.take(len(spec["actions"]), sizeof(Action))
        for i, d in enumerate(spec["actions"]):
            self.programs.action[i] = d
        self.programs.check = <Condition*>own.take(len(spec["checks"]), sizeof(Condition))
        for i, d in enumerate(spec["checks"]):
            self.programs.check[i] = d
        self.matrix.count = len(spec["interlocks"])
        self.matrix.interlock = <Interlock*>own.take(self.matrix.count, sizeof(Interlock))
        for i in range(self.matrix.count):
            self.matrix.interlock[i] = spec["interlocks"][i]
        self.matrix.effect = <Effect*>own.take(len(spec["effects"]), sizeof(Effect))
        for i, d in enumerate(spec["effects"]):
            self.matrix.effect[i] = d
        self.matrix.groups = 1 + max([d["group"] for d in spec["interlocks"]], default=-1)
        self.matrix.tripped = <int*>own.take(self.matrix.groups, sizeof(int))
        self.lots = <double**>own.take(self.n_units, sizeof(double*))
        self.reported = <double*>own.take(self.n_units, sizeof(double))
        for i in range(self.n_units):
            if self.unit[i].kind == FEED_BIN:
                self.lots[self.n_lots] = self.unit[i].y + self.unit[i].ny - 1
                self.n_lots += 1
        self.malfunctions = np.zeros((MOST_MALFUNCTIONS, MALFUNCTION_COLUMNS))
        self.fault_rows = self._pointer(self.malfunctions)
        self.log.capacity = 4096
        self.log.event = <Event*>own.take(self.log.capacity, sizeof(Event))

    cdef void _mark_particles(self, const Unit* u) noexcept:
        """Note which streams carry particles in bins: what leaves mills and leach tanks."""
        cdef const Tank* tank
        cdef int i
        if u.kind == MILL:
            self.s.used[(<Mill*>u.p).outlet] = self.s.width
        elif u.kind == LEACH_TANK:
            tank = &(<LeachTank*>u.p).tank
            for i in range(tank.n_out):
                self.s.used[tank.outlet[i].stream] = self.s.width

    cdef double* _pointer(self, array) except NULL:
        """Address of a contiguous float64 array that lives as long as the core."""
        cdef double[::1] flat = array.reshape(-1)
        self._keep.append(array)
        return &flat[0]

    # ------------------------------------------------------------------ process

    cdef void _swap(self, double tick) noexcept nogil:
        """What was sent arrives; what arrives in no unit has left the plant."""
        cdef double* x = self.s.now
        cdef int k, i
        self.s.now = self.s.nxt
        self.s.nxt = x
        for k in range(self.n_sinks):
            x = stream_now(&self.s, self.sink[k]) + S_MOL
            for i in range(self.s.nc):
                self.s.edge_out[i] += tick*x[i]

    cdef void _weigh(self) noexcept nogil:
        """Streams and contents as instruments would see them."""
        cdef Weighted* w
        cdef const double* x
        cdef double top, bottom
        cdef int k
        for k in range(self.n_weighted):
            w = &self.weighted[k]
            if w.kind == WEIGHTED_STREAM_SLOT:
                self.s.probe[w.probe] = self.s.now[w.source]
                continue
            if w.kind == WEIGHTED_DRIVE:
                self.s.probe[w.probe] = w.top[0]*self.s.drive[w.source]
                continue
            x = self.unit[w.source].y if w.kind == WEIGHTED_UNIT_PER_VOLUME else stream_now(&self.s, w.source) + S_MOL
            top = dot(w.top + w.first, x + w.first, w.count)
            if w.kind == WEIGHTED_STREAM_SUM:
                self.s.probe[w.probe] = top
                continue
            bottom = dot(w.bottom + w.first, x + w.first, w.count)
            if bottom > 1e-15:
                self.s.probe[w.probe] = top/bottom
            # an empty line keeps its last reading

    cdef bint _resting(self, const Unit* u, bint paced) noexcept nogil:
        """Whether the unit's step does not end in this scan."""
        return paced and u.pace != NULL and pace_gathered(u.pace, self.clock.scan) != u.pace.scans - 1

    cdef void _process(self, double tick, bint paced) noexcept nogil:
        """One tick of all units; paced: of those only whose step ends in this scan. Tells in `broken` whether one of them
        no longer has finite states."""
        cdef int k
        cdef Unit* u
        cdef double watts = 0.0
        self.slow.nxt = self.s.nxt
        self.broken = False
        for k in range(self.n_units):
            u = &self.unit[k]
            if paced and u.pace != NULL:
                pace_gather(u.pace, &self.s, self.slow.now, self.warmth)
                if self._resting(u, paced):
                    pace_hold(u.pace, &self.s)
                    continue
                pace_mean(u.pace, &self.s, self.slow.now, self.warmth)
                vessel_advance(u.vessel, &self.slow, u.pace.scans*tick)
                unit_leave(u, &self.slow, u.pace.scans*tick)
                pace_clear(u.pace, &self.s, self.slow.now, self.warmth)
            elif u.vessel != NULL:
                vessel_advance(u.vessel, &self.s, tick)
                unit_leave(u, &self.s, tick)
            else:
                unit_step(u, &self.s, tick)
            self.broken |= not all_finite(u.y, u.ny)
        self._swap(tick)
        for k in range(self.n_units):
            if self.unit[k].vessel != NULL and not self._resting(&self.unit[k], paced):
                unit_observe(&self.unit[k], &self.s)
        self._weigh()
        for k in range(self.n_drives):
            watts += self.power[k]*self.s.drive[k]
        self.s.probe[self.energy_probe] = watts
        for k in range(self.n_meters):
            self.tot[k] += tick*self.s.probe[self.meter[k].probe]*self.meter[k].factor
            if self.meter[k].shown >= 0:
                self.s.probe[self.meter[k].shown] = self.tot[k]

    cdef void _emit(self) noexcept nogil:
        """Fill the streams with what the present state lets out, for a state that was set by hand."""
        cdef int k, turn
        cdef Unit* u
        cdef Vessel* v
        # a filter after a tank before a circuit: three turns carry a flow past every chain of memoryless units
        for turn in range(3):
            for k in range(self.n_units):
                u = &self.unit[k]
                v = u.vessel
                if v != NULL:
                    v.rhs(v.unit, &self.s, v.y, v.work)
                    memcpy(v.q, v.work + v.ny, v.nq*sizeof(double))
                    unit_leave(u, &self.s, 0.0)
                else:
                    unit_step(u, &self.s, 0.0)
            self._swap(0.0)
        for k in range(self.n_units):
            if self.unit[k].vessel != NULL:
                unit_observe(&self.unit[k], &self.s)
        self._weigh()
        self._gather_at_rest()

    cdef void _gather_at_rest(self) noexcept nogil:
        cdef int k
        for k in range(self.n_paces):
            pace_rest(&self.pace[k], &self.s, self.slow.now, self.warmth, self.clock.scan)

    # ------------------------------------------------------------------ field and control

    cdef void _actuate(self) noexcept nogil:
        cdef int i
        for i in range(self.n_valves):
            valve_scan(&self.valve[i], &self.clock, self.mem, self.sig, self.s.drive)
        for i in range(self.n_on_off):
            on_off_valve_scan(&self.on_off[i], &self.clock, self.mem, self.sig, self.s.drive)
        for i in range(self.n_motors):
            drive_scan(&self.motor[i], &self.clock, self.mem, self.sig, self.s.drive)

    cdef void _measure(self) noexcept nogil:
        cdef int i
        if not self.clock.settling:
            noise_draw(&self.noise, self.clock.scan)
        for i in range(self.n_transmitters):
            transmitter_scan(&self.transmitter[i], &self.clock, self.noise.z[i], self.mem, self.sig, self.qual, self.s.probe)
        for i in range(self.n_analysers):
            analyser_scan(&self.analyser[i], &self.clock, self.mem, self.sig, self.qual, self.s.probe)
        for i in range(self.n_calculations):
            calculation_scan(&self.calculation[i], self.mem, self.sig, self.qual)

    cdef void _divert_at_rest(self) noexcept nogil:
        """Divert valves as the present results would have them for ever."""
        cdef int i
        for i in range(self.n_diverts):
            divert_reset(&self.divert[i], self.mem, self.sig, self.qual)
        for i in range(self.n_on_off if self.n_diverts else 0):
            on_off_valve_reset(&self.on_off[i], self.mem, self.sig, self.s.drive)

    cdef void _refresh(self) noexcept nogil:
        """Rows and openings from memory as it is."""
        cdef int i
        for i in range(self.n_lots):
            self.reported[i] = self.lots[i][0]
        for i in range(self.n_transmitters):
            transmitter_refresh(&self.transmitter[i], self.mem, self.sig, self.qual)
        for i in range(self.n_analysers):
            analyser_refresh(&self.analyser[i], &self.clock, self.mem, self.sig, self.qual)
        for i in range(self.n_calculations):
            calculation_refresh(&self.calculation[i], self.mem, self.sig, self.qual)
        for i in range(self.n_valves):
            valve_refresh(&self.valve[i], self.mem, self.sig, self.s.drive)
        for i in range(self.n_on_off):
            on_off_valve_refresh(&self.on_off[i], self.mem, self.sig, self.s.drive)
        for i in range(self.n_motors):
            drive_refresh(&self.motor[i], self.mem, self.sig, self.s.drive)

    cdef void _scan(self) noexcept nogil:
        cdef int i
        if self.n_faults > 0:
            malfunctions_scan(self.fault, self.fault_rows, self.n_faults, &self.clock)
        for i in range(self.n_sequences):
            sequence_scan(&self.sequence[i], &self.programs, &self.clock, self.mem, self.sig, self.qual)
        for i in range(self.n_loops):
            loop_scan(&self.loop[i], &self.clock, self.mem, self.sig, self.qual)
        for i in range(self.n_diverts):
            divert_scan(&self.divert[i], self.mem, self.sig, self.qual, self.programs.external)
        matrix_scan(&self.matrix, &self.clock, self.mem, self.sig, self.qual, &self.log)
        self._actuate()
        self.s.time = self.clock.time
        self._process(self.clock.h, True)
        self.clock.scan += 1
        self.clock.time = self.clock.scan*self.clock.h
        self._measure()
        for i in range(self.n_alarms):
            alarm_scan(&self.alarm[i], i, &self.clock, self.mem, self.sig, self.qual, &self.log)
        for i in range(self.n_lots):
            if self.lots[i][0] != self.reported[i]:
                self.reported[i] = self.lots[i][0]
                log_event(&self.log, self.clock.scan, FROM_FEED, i, <int>self.reported[i])
        if self.ring_every > 0 and self.clock.scan % self.ring_every == 0:
            i = <int>((self.clock.scan//self.ring_every) % 1441)
            memcpy(self.ring_p + i*self.n_meters, self.tot, self.n_meters*sizeof(double))

    cdef bint _finite(self) noexcept nogil:
        return all_finite(self.y, self.y_count)

    def advance(self, long long scans):
        """Run `scans` scans without the GIL; fewer if a state is no longer finite (then `bad_state` names it) or if the
        event log is half full. Returns how many were run."""
        cdef long long n = 0
        with nogil:
            while n < scans:
                self._scan()
                n += 1
                # what rests does not change, unless it was put in between two calls
                if self.broken or n == 1 and not self._finite():
                    break
                if 2*(self.log.count - self.read_events) > self.log.capacity:
                    break
        if not self._finite():
            self.bad_state = int(np.flatnonzero(~np.isfinite(self.state))[0])
        return n

    def events(self):
        """What happened since the last call: (scan, source, index, what), in order. See ext/event.pxd."""
        cdef Event* e
        found = []
        while self.read_events < self.log.count:
            e = &self.log.event[self.read_events % self.log.capacity]
            found.append((e.scan, e.source, e.index, e.what))
            self.read_events += 1
        return found

    def reset_alarms(self):
        """Alarms as if none had ever come."""
        cdef int i
        for i in range(self.n_alarms):
            memset(self.mem + self.alarm[i].mem, 0, ALARM_MEM*sizeof(double))

    def reset_field(self):
        """Instruments, actuators and loops as if all had stood still for ever: after the process state was set by hand."""
        cdef int i
        with nogil:
            for i in range(self.n_valves):
                valve_reset(&self.valve[i], self.mem, self.sig, self.s.drive)
            for i in range(self.n_on_off):
                on_off_valve_reset(&self.on_off[i], self.mem, self.sig, self.s.drive)
            for i in range(self.n_motors):
                drive_reset(&self.motor[i], self.mem, self.sig, self.s.drive)
            self._emit()
            self._emit()
            for i in range(self.n_transmitters):
                transmitter_reset(&self.transmitter[i], self.mem, self.sig, self.qual, self.s.probe)
            for i in range(self.n_analysers):
                analyser_reset(&self.analyser[i], &self.clock, self.mem, self.sig, self.qual, self.s.probe)
            for i in range(self.n_calculations):
                calculation_reset(&self.calculation[i], self.mem, self.sig, self.qual)
            for i in range(self.n_loops - 1, -1, -1):
                loop_reset(&self.loop[i], self.mem, self.sig, self.qual)
            self._divert_at_rest()

    def emit(self):
        """Streams, probes and rows that follow from state and memory as they are."""
        with nogil:
            self._refresh()
            self._emit()

    def settle_samples(self):
        """Analysers as if they had sampled the present state all along."""
        cdef int i
        self.clock.scan = 0
        self.clock.time = 0.0
        with nogil:
            self._emit()
            for i in range(self.n_analysers):
                analyser_reset(&self.analyser[i], &self.clock, self.mem, self.sig, self.qual, self.s.probe)
            for i in range(self.n_calculations):
                calculation_refresh(&self.calculation[i], self.mem, self.sig, self.qual)
            self._divert_at_rest()

    def refresh(self):
        """Rows and probes from state, streams and memory as they are: after a whole state was restored."""
        cdef int k
        with nogil:
            self._refresh()
            for k in range(self.n_units):
                if self.unit[k].vessel != NULL:
                    unit_observe(&self.unit[k], &self.s)
            self._weigh()

    def develop(self, int unit):
        """Put a pad of heaps into its stride, see ext/heap.pxd; units of other kinds stay as they are."""
        if self.unit[unit].kind == HEAP:
            heap_develop(<Heap*>self.unit[unit].p, &self.s, self.unit[unit].y)

    def step_from_rest(self, double h):
        """One scan of length h from state and memory set by hand, without noise and with sampled analysers continuous: the
        map whose fixed point is the steady state. Streams start as the state lets them."""
        cdef double keep = self.clock.h
        cdef long long scan = self.clock.scan
        cdef int i
        with nogil:
            self.clock.settling = 1
            self.s.averaged = True
            self.clock.h = h
            self._refresh()
            self._emit()
            for i in range(self.n_loops):
                loop_scan(&self.loop[i], &self.clock, self.mem, self.sig, self.qual)
            self._divert_at_rest()
            self._actuate()
            self._process(h, False)
            self._measure()
            self.clock.settling = 0
            self.s.averaged = False
            self.clock.h = keep
            self.clock.scan = scan

    def rates(self):
        """dy/dt of every state, in its units per second, with actuators held and streams as the state lets them: the
        plant's equations without the integrator. Stocks that only count what passes are left at 0."""
        cdef int k, i
        cdef Unit* u
        result = np.zeros(self.y_count)
        cdef double[::1] f = result
        with nogil:
            self._emit()
            for k in range(self.n_units):
                u = &self.unit[k]
                if u.vessel != NULL:
                    u.vessel.rhs(u.vessel.unit, &self.s, u.y, u.vessel.work)
                    for i in range(u.ny):
                        f[(u.y - self.y) + i] = u.vessel.work[i]
        return result

    cdef Vessel* _integrated(self, int unit) except NULL:
        if not 0 <= unit < self.n_units or self.unit[unit].vessel == NULL:
            raise ValueError(f"unit {unit} has no integrator")
        return self.unit[unit].vessel

    def derivative(self, int unit):
        """dy/dt of a unit's states, as they are, with arriving streams and openings as they are; behind them its outflows.
        This is what the integrator integrates."""
        cdef Vessel* v = self._integrated(unit)
        result = np.zeros(v.ny + v.nq)
        cdef double[::1] f = result
        v.rhs(v.unit, &self.s, v.y, &f[0])
        return result

    def advance_unit(self, int unit, double h):
        """One tick of h s for one unit alone, arriving streams and openings held. Returns its mean outflows."""
        cdef Vessel* v = self._integrated(unit)
        cdef int i
        vessel_advance(v, &self.s, h)
        result = np.zeros(v.nq)
        for i in range(v.nq):
            result[i] = v.q[i]
        return result

    def relax(self, int unit, double gh, b):
        """(I - gh A)^-1 b, A being the chemistry's Jacobian that the integrator uses at the present state [1/s]. b has the
        unit's derivatives and, behind them, its outflows."""
        cdef Vessel* v = self._integrated(unit)
        result = np.array(b, dtype=np.float64)
        if result.shape != (v.ny + v.nq,):
            raise ValueError(f"b: found shape {result.shape}, allowed ({v.ny + v.nq},)")
        cdef double[::1] x = result
        cdef double[::1] f = np.empty(v.ny + v.nq)
        if v.factor != NULL:
            v.rhs(v.unit, &self.s, v.y, &f[0])
            v.factor(v.unit, &self.s, v.y, gh)
            v.solve(v.unit, &x[0])
        return result

    def disturb(self, int stream, double factor):
        """Make the device of a stream deliver `factor` times what it should: wear, air lock, a wrong pump."""
        if self.outlets[stream] == NULL:
            raise ValueError(f"stream {stream} has no device of its own")
        self.outlets[stream].factor = factor

    def set_malfunctions(self, rows, effects, bint book=True):
        """Let these instances take the place of all others.

        rows: of `malfunctions`, one an instance. effects: of each instance a list of (kind, (table, index, name, species),
        size, above, window) with the kinds of ext/malfunction.pxd; species is -1 where the number is no vector. book: an
        exchange of contents counts as over the boundary; False for a state that was restored.

        They act as they did in the last scan: what is new begins with the next.
        """
        cdef int i, k
        cdef FaultEffect* e
        cdef Fault fault[MOST_MALFUNCTIONS]
        cdef Memory own = Memory()
        cdef Clock last = self.clock
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
                self._take_hold(e, table, index, name, species)
        # nothing is wrong for a moment, so that the new ones begin from what is healthy
        self.malfunctions[...] = 0.0
        malfunctions_apply(self.fault, self.fault_rows, self.n_faults, &last, book)
        self.faults_own = own
        self.n_faults = len(rows)
        for i in range(self.n_faults):
            self.fault[i] = fault[i]
            self.malfunctions[i] = rows[i]
            for k in range(self.fault[i].n):
                e = &self.fault[i].effect[k]
                e.first = not self._held_before(e)
                if e.kind != RATE:
                    e.healthy = effect_value(e)
        malfunctions_apply(self.fault, self.fault_rows, self.n_faults, &last, book)

    cdef bint _held_before(self, const FaultEffect* e) noexcept:
        """Whether an effect before it acts on the same number."""
        cdef int i, k
        cdef const FaultEffect* other
        for i in range(self.n_faults):
            for k in range(self.fault[i].n):
                other = &self.fault[i].effect[k]
                if other == e:
                    return False
                if other.x == e.x and other.flag == e.flag and other.kind != RATE:
                    return True
        return False

    cdef void _take_hold(self, FaultEffect* e, str table, int index, str name, int species) except *:
        cdef bint known = True
        if table == "unit" and species < 0:
            e.x = unit_number(&self.unit[index], name)
        elif table == "unit":
            e.x = unit_array(&self.unit[index], name) + species
            if self.unit[index].kind == STORE:
                e.contents = self.unit[index].y
                e.booked = self.s.edge_in + species
        elif table == "state":
            e.x = self.unit[index].y + species
        elif table == "edge_in":
            e.x = self.s.edge_in + species
        elif table == "edge_out":
            e.x = self.s.edge_out + species
        elif table == "stream":
            if self.outlets[index] == NULL:
                raise ValueError(f"stream {index} has no device of its own")
            e.x = &self.outlets[index].factor
        elif table == "transmitters":
            known = on_transmitter(e, &self.transmitter[index], name)
        elif table == "analysers":
            known = on_analyser(e, &self.analyser[index], name)
        elif table == "valves":
            known = on_valve(e, &self.valve[index], name)
        elif table == "on_off_valves":
            known = on_on_off_valve(e, &self.on_off[index], name)
        elif table == "motors":
            known = on_motor(e, &self.motor[index], name)
        else:
            known = False
        if not known:
            raise ValueError(f"{table} {index} has no {name}")

    def malfunction_levels(self):
        """How bad each instance is at present, 0..1."""
        return [malfunction_level(self.fault_rows + i*MALFUNCTION_COLUMNS, &self.clock) for i in range(self.n_faults)]

    def offsets(self):
        """First state of each unit and, at the end, the number of states."""
        return np.concatenate(([0], np.cumsum(self._sizes))).astype(int).tolist()

    def effort(self):
        """Per unit with an integrator: accepted steps, rejected steps, ticks in which the smallest step was too large,
        ticks."""
        cdef int i
        cdef Vessel* v
        found = {}
        for i in range(self.n_units):
            if self.unit[i].vessel != NULL:
                v = self.unit[i].vessel
                found[i] = (v.steps, v.rejected, v.floored, v.ticks)
        return found

    @property
    def scan(self):
        """Scans since the start."""
        return self.clock.scan

    @scan.setter
    def scan(self, long long n):
        self.clock.scan = n
        self.clock.time = n*self.clock.h
        self._gather_at_rest()

    @property
    def seed(self):
        """Of all noise; it may be changed between scans."""
        return self.clock.seed

    @seed.setter
    def seed(self, unsigned long long n):
        self.clock.seed = n
        self.s.seed = n
        self.slow.seed = n
        noise_seed(&self.noise, n)

    def lot(self, int unit, long long number):
        """mol of every species in a kg of a lot of feed, by the feed bin that would tip it."""
        if self.unit[unit].kind != FEED_BIN:
            raise ValueError(f"unit {unit} is no feed bin")
        cdef double[::1] mol = np.empty(self.s.nc)
        lot_of(<FeedBin*>self.unit[unit].p, &self.s, number, &mol[0])
        return np.asarray(mol)

    @property
    def time(self):
        """Seconds of plant time since the start."""
        return self.clock.time

    @property
    def arriving(self):
        """The streams as they arrive in the next scan, (streams, width)."""
        return self.streams[0 if self.s.now == self.buffer[0] else 1]

    def hold_up(self):
        """mol of every species in the plant, what is under way in the streams included."""
        cdef int k, i, j
        cdef Pace* p
        cdef double unsent
        total = np.zeros(self.s.nc)
        cdef double[::1] n = total
        for k in range(self.n_units):
            unit_contents(&self.unit[k], &self.s, &n[0])
        sinks = {self.sink[k] for k in range(self.n_sinks)}
        for k in range(self.n_streams):
            if k not in sinks:
                for i in range(self.s.nc):
                    n[i] += self.clock.h*stream_now(&self.s, k)[S_MOL + i]
        for k in range(self.n_paces):
            p = &self.pace[k]
            for j in range(p.n_in):
                for i in range(self.s.nc):
                    n[i] += self.clock.h*stream_now(&self.slow, p.inlet[j])[S_MOL + i]
            unsent = (p.scans - 1 - pace_gathered(p, self.clock.scan))*self.clock.h
            for j in range(p.n_out):
                for i in range(self.s.nc):
                    n[i] += unsent*stream_now(&self.s, p.outlet[j])[S_MOL + i]
        return total
