# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
# cython: freethreading_compatible=True
"""The core: a plant as tables, and the scan that advances it.

Built once from dictionaries (plantsim/model/compose makes them), then run without Python objects, without the GIL and
without allocation. One scan: malfunctions, sequences, control, actuators, process, transmitters, alarms, meters. All units read the state and the
streams of the scan's start.
"""

from libc.stdlib cimport calloc, free
from libc.string cimport memcpy, memset

import numpy as np

from sheet cimport *
from numerics cimport INFINITE, LN10, all_finite, dot, fast_log
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
from ore cimport *
from membrane cimport *
from makeup cimport *
from duct cimport *
from cartridge cimport *
from ups cimport *
from header cimport *
from reagent cimport *
from hall cimport *
from organic cimport *
from enclosure cimport *
from clarifier cimport *
from pace cimport Pace, pace_clear, pace_gather, pace_gathered, pace_hold, pace_mean, pace_rest
from clock cimport Clock
from field cimport (
    Analyser, Button, Calculation, Drive, OnOffValve, Transmitter, Valve,
    analyser_prepare, analyser_refresh, analyser_reset, analyser_scan,
    button_refresh, button_reset, button_scan,
    calculation_prepare, calculation_refresh, calculation_reset, calculation_scan,
    drive_refresh, drive_reset, drive_scan,
    on_off_valve_refresh, on_off_valve_reset, on_off_valve_scan,
    transmitter_prepare, transmitter_refresh, transmitter_reset, transmitter_scan,
    valve_refresh, valve_reset, valve_scan,
)
from noise cimport NOISE_NUMBERS, Noise, noise_draw, noise_keep, noise_seed
from divert cimport Divert, divert_reset, divert_scan
from standby cimport Standby, standby_join, standby_scan
from control cimport Loop, loop_refresh, loop_reset, loop_scan
from condition cimport Condition
from sequence cimport Action, Programs, Sequence, Step, sequence_scan
from event cimport FROM_FEED, Event, EventLog, log_event
from alarm cimport ALARM_MEM, Alarm, alarm_scan
from interlock cimport Effect, Interlock, Matrix, matrix_scan
from malfunction cimport (
    MALFUNCTION_COLUMNS, MOST_MALFUNCTIONS, RATE, TRIGGER_COLUMNS, FaultEffect, Fault,
    effect_value, malfunction_level, malfunctions_apply, malfunctions_scan, triggers_scan,
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
include "process.pxi"
include "field.pxi"
include "logic.pxi"
include "faults.pxi"

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
    cdef readonly object malfunctions   # a row per instance, see ext/malfunction.pxd; nought behind the last
    cdef readonly object triggers       # the same of what they wait for
    cdef public int bad_state       # index of the first state that is not finite, -1 if none
    cdef Memory own
    cdef Clock clock
    cdef Process process
    cdef Rows rows
    cdef Field field
    cdef Logic logic
    cdef Faults faults
    cdef Memory faults_own
    cdef double* ring_p
    cdef long long ring_every
    cdef int n_lots
    cdef double** lots          # lots tipped, of every feed bin, and how many were reported
    cdef double* reported
    cdef EventLog log
    cdef long long read_events
    cdef object _sizes, _keep

    def __init__(self, dict spec):
        self.own = Memory()
        self._keep = []
        self.bad_state = -1
        self._take_species(spec)
        self._lay_out(spec)
        process_build(&self.process, self.own, spec, self._sizes, self._pointer(self.certificates))
        self.process.slow = self.process.s
        self.process.slow.now = self._pointer(self.gathered)
        self.process.warmth = self.process.slow.now + self.process.n_streams*self.process.s.width
        self.clock.h = spec["scan_period"]
        field_build(&self.field, self.own, spec, &self.clock)
        logic_build(&self.logic, self.own, spec)
        self.seed = spec["seed"]
        self._report_lots()
        self.log.capacity = 4096
        self.log.event = <Event*>self.own.take(self.log.capacity, sizeof(Event))

    cdef void _take_species(self, dict spec) except *:
        cdef Sheet* s = &self.process.s
        sp = spec["species"]
        s.nc = len(sp["mass"])
        s.na = sp["dissolved"]
        s.nb = spec["bins"]
        if s.nb > MAX_BINS:
            raise ValueError(f"bins: found {s.nb}, allowed at most {MAX_BINS}")
        s.width = S_MOL + s.nc + 2*CLASSES*s.nb
        s.vmol = self.own.doubles(sp["molar_volume"])
        s.mass = self.own.doubles(sp["mass"])
        s.solid = self.own.ints([0 if j < s.na else 1 for j in range(s.nc)])
        s.i_h2o = sp["index"]["H2O"]
        s.i_h = sp["index"]["H"]
        s.i_na = sp["index"]["Na"]
        s.i_cl = sp["index"]["Cl"]
        s.i_h2 = sp["index"]["H2"]
        s.i_o2 = sp["index"]["O2"]
        s.i_co2 = sp["index"]["CO2"]

    cdef void _lay_out(self, dict spec) except *:
        """Every array that is seen outside, and the pointers by which the kernels know it."""
        cdef Process* p = &self.process
        cdef Sheet* s = &p.s
        cdef int i
        p.n_streams = spec["streams"]
        powered = np.flatnonzero(spec["drive_power"])
        p.n_powered = len(powered)
        p.powered = self.own.ints(powered)
        p.power = self.own.doubles(np.array(spec["drive_power"])[powered])
        p.energy_probe = spec["energy_probe"]
        p.n_beside = len(spec["energy_beside"])
        p.beside = self.own.ints(spec["energy_beside"])
        self.streams = np.zeros((2, p.n_streams, s.width))
        self.gathered = np.zeros(p.n_streams*(s.width + 1))
        self.drive = np.zeros(max(len(spec["drive_power"]), 1))
        self.probe = np.zeros(spec["probes"])
        self.edge_in = np.zeros(s.nc)
        self.edge_out = np.zeros(s.nc)
        p.buffer[0] = self._pointer(self.streams)
        p.buffer[1] = p.buffer[0] + p.n_streams*s.width
        s.now = p.buffer[0]
        s.nxt = p.buffer[1]
        s.drive = self._pointer(self.drive)
        s.probe = self._pointer(self.probe)
        s.edge_in = self._pointer(self.edge_in)
        s.edge_out = self._pointer(self.edge_out)
        for i in range(p.n_streams):     # an empty stream has a temperature all the same
            p.buffer[0][i*s.width] = 293.15
            p.buffer[1][i*s.width] = 293.15

        self._sizes = [unit_size(d, s.na, s.nc, s.nb) for d in spec["units"]]
        self.state = np.zeros(sum(self._sizes))
        p.y = self._pointer(self.state)
        p.y_count = len(self.state)
        hoppers = sum(d["kind"] == "hopper" for d in spec["units"])
        self.certificates = np.zeros((max(hoppers, 1), HOPPER_LOTS, HOPPER_ROW + s.nc))
        self.total = np.zeros(max(len(spec["meters"]), 1))
        p.tot = self._pointer(self.total)
        # totals of the last 24 h, one row a minute, the last row being the oldest minute still needed
        self.ring = np.zeros((1441, max(len(spec["meters"]), 1)))
        self.ring_p = self._pointer(self.ring)
        self.ring_every = <long long>(60.0/<double>spec["scan_period"] + 0.5)

        self.memory = np.zeros(max(spec["memory"], 1))
        self.signal = np.array(spec["signal"], dtype=np.float64)
        self.quality = np.zeros(spec["rows"], dtype=np.uint32)
        self.external = np.zeros(spec["rows"], dtype=np.uint8)
        self.malfunctions = np.zeros((MOST_MALFUNCTIONS, MALFUNCTION_COLUMNS))
        self.triggers = np.zeros((MOST_MALFUNCTIONS, TRIGGER_COLUMNS))
        self.rows.mem = self._pointer(self.memory)
        self.rows.sig = self._pointer(self.signal)
        cdef unsigned int[::1] quality = self.quality
        self.rows.qual = &quality[0]
        cdef unsigned char[::1] external = self.external
        self.logic.programs.external = &external[0]
        self.faults.row = self._pointer(self.malfunctions)
        self.faults.trigger = self._pointer(self.triggers)

    cdef void _report_lots(self) except *:
        """Find where feed bins count the lots that they have tipped."""
        cdef int i
        cdef Unit* u
        self.lots = <double**>self.own.take(self.process.n_units, sizeof(double*))
        self.reported = <double*>self.own.take(self.process.n_units, sizeof(double))
        for i in range(self.process.n_units):
            u = &self.process.unit[i]
            if u.kind == FEED_BIN:
                self.lots[self.n_lots] = u.y + self.process.s.nc
                self.n_lots += 1

    cdef double* _pointer(self, array) except NULL:
        """Address of a contiguous float64 array that lives as long as the core."""
        cdef double[::1] flat = array.reshape(-1)
        self._keep.append(array)
        return &flat[0]

    cdef void _emit(self) noexcept nogil:
        process_emit(&self.process, self.clock.scan)

    cdef void _divert_at_rest(self) noexcept nogil:
        divert_at_rest(&self.logic, &self.field, &self.rows, self.process.s.drive, self.process.s.probe)

    cdef void _refresh(self) noexcept nogil:
        """Rows and openings from memory as it is."""
        cdef int i
        for i in range(self.n_lots):
            self.reported[i] = self.lots[i][0]
        field_refresh(&self.field, &self.clock, &self.rows, self.process.s.drive, self.process.s.probe)

    cdef void _scan(self) noexcept nogil:
        cdef int i
        cdef Process* p = &self.process
        if self.faults.n > 0:
            triggers_scan(
                self.faults.row, self.faults.trigger, self.faults.n, &self.clock, self.logic.alarm, self.rows.mem, self.rows.sig,
                self.rows.qual, &self.log
            )
            malfunctions_scan(self.faults.fault, self.faults.row, self.faults.n, &self.clock)
        logic_command(&self.logic, &self.clock, &self.rows, &self.log)
        field_actuate(&self.field, &self.clock, &self.rows, p.s.drive, p.s.probe)
        p.s.time = self.clock.time
        process_tick(p, self.clock.scan, self.clock.h, True)
        self.clock.scan += 1
        self.clock.time = self.clock.scan*self.clock.h
        field_measure(&self.field, &self.clock, &self.rows, p.s.probe)
        logic_judge(&self.logic, &self.clock, &self.rows, &self.log)
        for i in range(self.n_lots):
            if self.lots[i][0] != self.reported[i]:
                self.reported[i] = self.lots[i][0]
                log_event(&self.log, self.clock.scan, FROM_FEED, i, <int>self.reported[i])
        if self.ring_every > 0 and self.clock.scan % self.ring_every == 0:
            i = <int>((self.clock.scan//self.ring_every) % 1441)
            memcpy(self.ring_p + i*p.n_meters, p.tot, p.n_meters*sizeof(double))

    cdef bint _finite(self) noexcept nogil:
        return all_finite(self.process.y, self.process.y_count)

    def advance(self, long long scans):
        """Run `scans` scans without the GIL; fewer if a state is no longer finite (then `bad_state` names it) or if the
        event log is half full. Returns how many were run."""
        cdef long long n = 0
        with nogil:
            while n < scans:
                self._scan()
                n += 1
                # what rests does not change, unless it was put in between two calls
                if self.process.broken or n == 1 and not self._finite():
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
        for i in range(self.logic.n_alarms):
            memset(self.rows.mem + self.logic.alarm[i].mem, 0, ALARM_MEM*sizeof(double))

    def reset_field(self):
        """Instruments, actuators and loops as if all had stood still for ever: after the process state was set by hand."""
        cdef int i
        with nogil:
            self._emit()  # valves need to know what their headers give
            actuators_reset(&self.field, &self.rows, self.process.s.drive, self.process.s.probe)
            self._emit()
            self._emit()
            instruments_reset(&self.field, &self.clock, &self.rows, self.process.s.probe)
            for i in range(self.logic.n_loops - 1, -1, -1):
                loop_reset(&self.logic.loop[i], self.rows.mem, self.rows.sig, self.rows.qual)
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
            for i in range(self.field.n_analysers):
                analyser_reset(&self.field.analyser[i], &self.clock, self.rows.mem, self.rows.sig, self.rows.qual, self.process.s.probe)
            for i in range(self.field.n_calculations):
                calculation_refresh(&self.field.calculation[i], self.rows.mem, self.rows.sig, self.rows.qual)
            self._divert_at_rest()

    def refresh(self):
        """Rows and probes from state, streams and memory as they are: after a whole state was restored."""
        cdef int k
        with nogil:
            self._refresh()
            for k in range(self.process.n_units):
                if self.process.unit[k].vessel != NULL:
                    unit_observe(&self.process.unit[k], &self.process.s)
            process_weigh(&self.process, True)

    def develop(self, int unit):
        """Put a pad of heaps into its stride, see ext/heap.pxd; units of other kinds stay as they are."""
        if self.process.unit[unit].kind == HEAP:
            heap_develop(<Heap*>self.process.unit[unit].p, &self.process.s, self.process.unit[unit].y)

    def step_from_rest(self, double h):
        """One scan of length h from state and memory set by hand, without noise and with sampled analysers continuous: the
        map whose fixed point is the steady state. Streams start as the state lets them."""
        cdef double keep = self.clock.h
        cdef long long scan = self.clock.scan
        cdef int i
        with nogil:
            self.clock.settling = 1
            self.process.s.averaged = True
            self.clock.h = h
            self._refresh()
            self._emit()
            for i in range(self.logic.n_loops):
                loop_scan(&self.logic.loop[i], &self.clock, self.rows.mem, self.rows.sig, self.rows.qual)
            self._divert_at_rest()
            field_actuate(&self.field, &self.clock, &self.rows, self.process.s.drive, self.process.s.probe)
            process_tick(&self.process, scan, h, False)
            field_measure(&self.field, &self.clock, &self.rows, self.process.s.probe)
            self.clock.settling = 0
            self.process.s.averaged = False
            self.clock.h = keep
            self.clock.scan = scan

    def rates(self):
        """dy/dt of every state, in its units per second, with actuators held and streams as the state lets them: the
        plant's equations without the integrator. Stocks that only count what passes are left at 0."""
        cdef int k, i
        cdef Unit* u
        result = np.zeros(self.process.y_count)
        cdef double[::1] f = result
        with nogil:
            self._emit()
            for k in range(self.process.n_units):
                u = &self.process.unit[k]
                if u.vessel != NULL:
                    u.vessel.rhs(u.vessel.unit, &self.process.s, u.y, u.vessel.work)
                    for i in range(u.ny):
                        f[(u.y - self.process.y) + i] = u.vessel.work[i]
        return result

    cdef Vessel* _integrated(self, int unit) except NULL:
        if not 0 <= unit < self.process.n_units or self.process.unit[unit].vessel == NULL:
            raise ValueError(f"unit {unit} has no integrator")
        return self.process.unit[unit].vessel

    def derivative(self, int unit):
        """dy/dt of a unit's states, as they are, with arriving streams and openings as they are; behind them its outflows.
        This is what the integrator integrates."""
        cdef Vessel* v = self._integrated(unit)
        result = np.zeros(v.ny + v.nq)
        cdef double[::1] f = result
        v.rhs(v.unit, &self.process.s, v.y, &f[0])
        return result

    def advance_unit(self, int unit, double h):
        """One tick of h s for one unit alone, arriving streams and openings held. Returns its mean outflows."""
        cdef Vessel* v = self._integrated(unit)
        cdef int i
        vessel_advance(v, &self.process.s, h)
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
            v.rhs(v.unit, &self.process.s, v.y, &f[0])
            v.factor(v.unit, &self.process.s, v.y, gh)
            v.solve(v.unit, &x[0])
        return result

    def disturb(self, int stream, double factor):
        """Make the device of a stream deliver `factor` times what it should: wear, air lock, a wrong pump."""
        if self.process.outlets[stream] == NULL:
            raise ValueError(f"stream {stream} has no device of its own")
        self.process.outlets[stream].factor = factor

    def set_malfunctions(self, rows, effects, triggers, bint book=True):
        """Let these instances take the place of all others.

        rows: of `malfunctions`, one an instance, armed where its scan is infinite. effects: of each instance a list of (kind,
        (table, index, name, species), size, above, window) with the kinds of ext/malfunction.pxd; species is -1 where the
        number is no vector. triggers: of `triggers`, one an instance. book: an exchange of contents counts as over the
        boundary; False for a state that was restored.

        They act as they did in the last scan: what is new begins with the next.
        """
        self.faults_own = faults_replace(
            &self.faults, &self.process, &self.field, &self.clock, rows, self.malfunctions, effects, book
        )
        self.triggers[...] = 0.0
        for i, trigger in enumerate(triggers):
            self.triggers[i] = trigger

    def malfunction_levels(self):
        """How bad each instance is at present, 0..1."""
        return [malfunction_level(self.faults.row + i*MALFUNCTION_COLUMNS, &self.clock) for i in range(self.faults.n)]

    def offsets(self):
        """First state of each unit and, at the end, the number of states."""
        return np.concatenate(([0], np.cumsum(self._sizes))).astype(int).tolist()

    def effort(self):
        """Per unit with an integrator: accepted steps, rejected steps, ticks in which the smallest step was too large,
        ticks."""
        cdef int i
        cdef Vessel* v
        found = {}
        for i in range(self.process.n_units):
            if self.process.unit[i].vessel != NULL:
                v = self.process.unit[i].vessel
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
        process_gather_at_rest(&self.process, n)

    @property
    def seed(self):
        """Of all noise; it may be changed between scans."""
        return self.clock.seed

    @seed.setter
    def seed(self, unsigned long long n):
        self.clock.seed = n
        self.process.s.seed = n
        self.process.slow.seed = n
        noise_seed(&self.field.noise, n)

    def lot(self, int unit, long long number):
        """mol of every species in a kg of a lot of feed, by the feed bin that would tip it."""
        if self.process.unit[unit].kind != FEED_BIN:
            raise ValueError(f"unit {unit} is no feed bin")
        cdef double[::1] mol = np.empty(self.process.s.nc)
        lot_of(<FeedBin*>self.process.unit[unit].p, &self.process.s, number, &mol[0])
        return np.asarray(mol)

    @property
    def time(self):
        """Seconds of plant time since the start."""
        return self.clock.time

    @property
    def arriving(self):
        """The streams as they arrive in the next scan, (streams, width)."""
        return self.streams[0 if self.process.s.now == self.process.buffer[0] else 1]

    def hold_up(self):
        """mol of every species in the plant, what is under way in the streams included."""
        cdef int k, i, j
        cdef Pace* p
        cdef double unsent
        total = np.zeros(self.process.s.nc)
        cdef double[::1] n = total
        for k in range(self.process.n_units):
            unit_contents(&self.process.unit[k], &self.process.s, &n[0])
        sinks = {self.process.sink[k] for k in range(self.process.n_sinks)}
        for k in range(self.process.n_streams):
            if k not in sinks:
                for i in range(self.process.s.nc):
                    n[i] += self.clock.h*stream_now(&self.process.s, k)[S_MOL + i]
        for k in range(self.process.n_paces):
            p = &self.process.pace[k]
            for j in range(p.n_in):
                for i in range(self.process.s.nc):
                    n[i] += self.clock.h*stream_now(&self.process.slow, p.inlet[j])[S_MOL + i]
            unsent = (p.scans - 1 - pace_gathered(p, self.clock.scan))*self.clock.h
            for j in range(p.n_out):
                for i in range(self.process.s.nc):
                    n[i] += unsent*stream_now(&self.process.s, p.outlet[j])[S_MOL + i]
        return total
