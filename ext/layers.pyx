# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""The field and control layers without a process: a face for tests and for trying out a loop.

Every table is a block of C structs filled from a list of dicts, one key a field; the kernels see nothing but the block.
"""

from array import array as new_array

from cpython.array cimport array
from libc.stdlib cimport calloc, free

from alarm cimport ALARM_MEM, Alarm, alarm_scan
from interlock cimport INTERLOCK_MEM, Effect, Interlock, Matrix, matrix_scan
from event cimport Event, EventLog
from clock cimport Clock
from control cimport LOOP_MEM, Loop, loop_refresh, loop_reset, loop_scan
from field cimport (
    ANALYSER_MEM, Analyser, analyser_prepare, analyser_refresh, analyser_reset, analyser_scan,
    CALCULATION_MEM, Calculation, calculation_prepare, calculation_refresh, calculation_reset, calculation_scan,
    DRIVE_MEM, Drive, drive_refresh, drive_reset, drive_scan,
    OnOffValve, on_off_valve_refresh, on_off_valve_reset, on_off_valve_scan,
    TRANSMITTER_MEM, Transmitter, transmitter_prepare, transmitter_refresh, transmitter_reset, transmitter_scan,
    VALVE_MEM, Valve, valve_refresh, valve_reset, valve_scan,
)
from noise cimport NOISE_NUMBERS, Noise, noise_draw, noise_keep, noise_seed
from numerics cimport fast_exp, fast_log, fast_log10, lag_step, normal_quantile, random_normal, random_uniform

MEMORY = {
    "transmitter": TRANSMITTER_MEM,
    "analyser": ANALYSER_MEM,
    "calculation": CALCULATION_MEM,
    "valve": VALVE_MEM,
    "on_off_valve": VALVE_MEM,
    "drive": DRIVE_MEM,
    "loop": LOOP_MEM,
    "alarm": ALARM_MEM,
    "interlock": INTERLOCK_MEM,
    "effect": 0,
}
"""Doubles of memory that a row of each table takes, from its `mem` on."""

ctypedef fused Row:
    Transmitter
    Analyser
    Calculation
    Valve
    OnOffValve
    Drive
    Loop
    Alarm
    Interlock
    Effect


cdef class Block:
    """Zeroed memory for `count` items of `size` bytes, freed with its owner."""

    cdef void* data
    cdef readonly Py_ssize_t count

    def __cinit__(self, Py_ssize_t count, size_t size):
        self.count = count
        self.data = calloc(count if count > 0 else 1, size)
        if self.data == NULL:
            raise MemoryError

    def __dealloc__(self):
        free(self.data)


cdef Block fill(list rows, Row* kind):
    """A block of the structs that `rows` describe; `kind` only names their type. A field left out is a ValueError."""
    cdef Block block = Block(len(rows), sizeof(Row))
    cdef Row* out = <Row*>block.data
    cdef Py_ssize_t i
    for i in range(block.count):
        out[i] = rows[i]
    return block


cdef class Layers:
    """Rows (sig, qual), memory (mem), openings (drive) and tables of devices.

    tables: lists of dicts under the names of MEMORY; rows, memory, drives: how many of each; scan_period in s.
    sig, qual, mem and drive are memoryviews of the kernels' own numbers: read and write them between scans.
    """

    cdef Block _events
    cdef array _sig, _qual, _mem, _drive
    cdef Block _transmitters, _analysers, _calculations, _valves, _on_off_valves, _drives, _loops, _alarms, _interlocks, _effects, _groups
    cdef Block _kept
    cdef Noise _noise
    cdef Matrix _matrix
    cdef Clock clock
    cdef EventLog log
    cdef readonly object sig, qual, mem, drive

    def __init__(self, dict tables, int rows, int memory, int drives=0, double scan_period=0.1,
                 unsigned long long seed=1, int log=64):
        cdef Py_ssize_t i
        self._sig = new_array("d", bytes(8*rows))
        self._qual = new_array("I", bytes(4*rows))
        self._mem = new_array("d", bytes(8*memory))
        self._drive = new_array("d", bytes(8*drives))
        self.sig = memoryview(self._sig)        # while these exist, the arrays cannot be moved
        self.qual = memoryview(self._qual)
        self.mem = memoryview(self._mem)
        self.drive = memoryview(self._drive)
        self._events = Block(log, sizeof(Event))
        self._transmitters = fill(tables.get("transmitter", []), <Transmitter*>NULL)
        self._analysers = fill(tables.get("analyser", []), <Analyser*>NULL)
        self._calculations = fill(tables.get("calculation", []), <Calculation*>NULL)
        self._valves = fill(tables.get("valve", []), <Valve*>NULL)
        self._on_off_valves = fill(tables.get("on_off_valve", []), <OnOffValve*>NULL)
        self._drives = fill(tables.get("drive", []), <Drive*>NULL)
        self._loops = fill(tables.get("loop", []), <Loop*>NULL)
        self._alarms = fill(tables.get("alarm", []), <Alarm*>NULL)
        self._interlocks = fill(tables.get("interlock", []), <Interlock*>NULL)
        self._effects = fill(tables.get("effect", []), <Effect*>NULL)
        self._matrix.interlock = <Interlock*>self._interlocks.data
        self._matrix.count = <int>self._interlocks.count
        self._matrix.effect = <Effect*>self._effects.data
        self._matrix.groups = 1 + max([row["group"] for row in tables.get("interlock", [])], default=-1)
        self._groups = Block(self._matrix.groups, sizeof(int))
        self._matrix.tripped = <int*>self._groups.data
        self.clock.h = scan_period
        self.clock.seed = seed
        self.log.event = <Event*>self._events.data
        self.log.capacity = log
        for i in range(self._transmitters.count):
            transmitter_prepare(&(<Transmitter*>self._transmitters.data)[i], scan_period)
        self._kept = Block(NOISE_NUMBERS*self._transmitters.count, sizeof(double))
        noise_keep(&self._noise, <double*>self._kept.data, <int>self._transmitters.count)
        for i in range(self._transmitters.count):
            self._noise.key[i] = (<Transmitter*>self._transmitters.data)[i].key
        noise_seed(&self._noise, seed)
        for i in range(self._analysers.count):
            analyser_prepare(&(<Analyser*>self._analysers.data)[i], scan_period)
        for i in range(self._calculations.count):
            calculation_prepare(&(<Calculation*>self._calculations.data)[i], scan_period)

    @property
    def time(self):
        """Plant time since the start, s."""
        return self.clock.time

    @property
    def settling(self):
        """Whether the steady state is being solved for."""
        return self.clock.settling != 0

    @settling.setter
    def settling(self, bint settling):
        self.clock.settling = settling

    def scan(self, const double[::1] probe, Py_ssize_t n=1):
        """n scans with the true values held: instruments, control, actuators, alarms."""
        cdef const double* true_values = &probe[0]
        cdef Py_ssize_t k
        with nogil:
            for k in range(n):
                self.clock.scan += 1
                self.clock.time = self.clock.scan*self.clock.h
                self._advance(true_values)

    cdef void _advance(self, const double* probe) noexcept nogil:
        cdef double* sig = self._sig.data.as_doubles
        cdef unsigned int* qual = self._qual.data.as_uints
        cdef double* mem = self._mem.data.as_doubles
        cdef double* drive = self._drive.data.as_doubles
        cdef Py_ssize_t i
        noise_draw(&self._noise, self.clock.scan)
        for i in range(self._transmitters.count):
            transmitter_scan(&(<Transmitter*>self._transmitters.data)[i], &self.clock, self._noise.z[i], mem, sig, qual, probe)
        for i in range(self._analysers.count):
            analyser_scan(&(<Analyser*>self._analysers.data)[i], &self.clock, NULL, mem, sig, qual, probe)
        for i in range(self._calculations.count):
            calculation_scan(&(<Calculation*>self._calculations.data)[i], mem, sig, qual)
        for i in range(self._loops.count):
            loop_scan(&(<Loop*>self._loops.data)[i], &self.clock, mem, sig, qual)
        matrix_scan(&self._matrix, &self.clock, mem, sig, qual, &self.log)
        for i in range(self._valves.count):
            valve_scan(&(<Valve*>self._valves.data)[i], &self.clock, mem, sig, drive, probe)
        for i in range(self._on_off_valves.count):
            on_off_valve_scan(&(<OnOffValve*>self._on_off_valves.data)[i], &self.clock, mem, sig, drive, probe)
        for i in range(self._drives.count):
            drive_scan(&(<Drive*>self._drives.data)[i], &self.clock, mem, sig, drive, probe)
        for i in range(self._alarms.count):
            alarm_scan(&(<Alarm*>self._alarms.data)[i], <int>i, &self.clock, mem, sig, qual, &self.log)

    def reset(self, const double[::1] probe):
        """Memory as if everything had stood for ever at these true values and the commands in the rows."""
        cdef double* sig = self._sig.data.as_doubles
        cdef unsigned int* qual = self._qual.data.as_uints
        cdef double* mem = self._mem.data.as_doubles
        cdef double* drive = self._drive.data.as_doubles
        cdef Py_ssize_t i
        for i in range(self._transmitters.count):
            transmitter_reset(&(<Transmitter*>self._transmitters.data)[i], mem, sig, qual, &probe[0])
        for i in range(self._analysers.count):
            analyser_reset(&(<Analyser*>self._analysers.data)[i], &self.clock, mem, sig, qual, &probe[0])
        for i in range(self._calculations.count):
            calculation_reset(&(<Calculation*>self._calculations.data)[i], mem, sig, qual)
        for i in range(self._loops.count - 1, -1, -1):
            loop_reset(&(<Loop*>self._loops.data)[i], mem, sig, qual)
        for i in range(self._valves.count):
            valve_reset(&(<Valve*>self._valves.data)[i], mem, sig, drive, &probe[0])
        for i in range(self._on_off_valves.count):
            on_off_valve_reset(&(<OnOffValve*>self._on_off_valves.data)[i], mem, sig, drive, &probe[0])
        for i in range(self._drives.count):
            drive_reset(&(<Drive*>self._drives.data)[i], mem, sig, drive, NULL)

    def refresh(self):
        """Write all rows and openings from the memory, without letting time pass."""
        cdef double* sig = self._sig.data.as_doubles
        cdef unsigned int* qual = self._qual.data.as_uints
        cdef double* mem = self._mem.data.as_doubles
        cdef double* drive = self._drive.data.as_doubles
        cdef Py_ssize_t i
        for i in range(self._transmitters.count):
            transmitter_refresh(&(<Transmitter*>self._transmitters.data)[i], mem, sig, qual)
        for i in range(self._analysers.count):
            analyser_refresh(&(<Analyser*>self._analysers.data)[i], &self.clock, mem, sig, qual)
        for i in range(self._calculations.count):
            calculation_refresh(&(<Calculation*>self._calculations.data)[i], mem, sig, qual)
        for i in range(self._loops.count):
            loop_refresh(&(<Loop*>self._loops.data)[i], mem, sig, qual)
        for i in range(self._valves.count):
            valve_refresh(&(<Valve*>self._valves.data)[i], mem, sig, drive, NULL)
        for i in range(self._on_off_valves.count):
            on_off_valve_refresh(&(<OnOffValve*>self._on_off_valves.data)[i], mem, sig, drive, NULL)
        for i in range(self._drives.count):
            drive_refresh(&(<Drive*>self._drives.data)[i], mem, sig, drive)

    def set_instrument_mode(self, str table, Py_ssize_t index, int mode):
        """Malfunction of a "transmitter" or "analyser": 0 none, 1 frozen, 2 failed."""
        if table == "transmitter" and 0 <= index < self._transmitters.count:
            (<Transmitter*>self._transmitters.data)[index].mode = mode
        elif table == "analyser" and 0 <= index < self._analysers.count:
            (<Analyser*>self._analysers.data)[index].mode = mode
        else:
            raise IndexError(f"no {table} {index}")

    def set_fault(self, Py_ssize_t index, bint fault):
        """Trip a drive, or end the fault."""
        if not 0 <= index < self._drives.count:
            raise IndexError(f"no drive {index}")
        (<Drive*>self._drives.data)[index].fault = fault

    def events(self):
        """What is still in the ring, oldest first: (scan, source, index, what) each."""
        cdef long long k, first = max(0, self.log.count - self.log.capacity)
        cdef Event e
        out = []
        for k in range(first, self.log.count):
            e = self.log.event[k % self.log.capacity]
            out.append((e.scan, e.source, e.index, e.what))
        return out


def exp(double x):
    """e^x by the core's own function."""
    return fast_exp(x)


def log(double x):
    """Natural logarithm by the core's own function."""
    return fast_log(x)


def log10(double x):
    """Decimal logarithm by the core's own function."""
    return fast_log10(x)


def lag(double h, double time):
    """1 - e^(-h/time)."""
    return lag_step(h, time)


def quantile(double p):
    """Inverse of the standard normal distribution function, 0 < p < 1."""
    return normal_quantile(p)


def uniform(unsigned long long seed, unsigned long long key, unsigned long long scan):
    """The uniform number on (0, 1) of that key in that scan."""
    return random_uniform(seed, key, scan)


def normal(unsigned long long seed, unsigned long long key, unsigned long long scan):
    """The standard normal number of that key in that scan."""
    return random_normal(seed, key, scan)
