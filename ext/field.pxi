"""The field: instruments and actuators, between the process and the rows of the image."""

cdef struct Rows:           # what instruments and control remember, and the rows that are seen outside
    double* mem
    double* sig
    unsigned int* qual

cdef struct Field:
    int n_transmitters, n_analysers, n_calculations, n_valves, n_on_off, n_motors, n_buttons, n_standbys
    Transmitter* transmitter
    Noise noise             # of the transmitters, and behind them of the analysers that do not sample
    Analyser* analyser
    Calculation* calculation
    Valve* valve
    OnOffValve* on_off
    Drive* motor
    Button* button
    Standby* standby        # pairs of machines on one line


cdef void field_build(Field* f, Memory own, dict spec, const Clock* clock) except *:
    cdef int i, n
    f.n_transmitters = len(spec["transmitters"])
    f.transmitter = <Transmitter*>own.take(f.n_transmitters, sizeof(Transmitter))
    for i in range(f.n_transmitters):
        f.transmitter[i] = spec["transmitters"][i]
        transmitter_prepare(&f.transmitter[i], clock.h)
    f.n_analysers = len(spec["analysers"])
    f.analyser = <Analyser*>own.take(f.n_analysers, sizeof(Analyser))
    for i in range(f.n_analysers):
        f.analyser[i] = spec["analysers"][i]
        analyser_prepare(&f.analyser[i], clock.h)
    n = f.n_transmitters + sum([d["sample"] <= 0.0 for d in spec["analysers"]])
    noise_keep(&f.noise, <double*>own.take(NOISE_NUMBERS*n, sizeof(double)), n)
    for i in range(f.n_transmitters):
        f.noise.key[i] = f.transmitter[i].key
    n = f.n_transmitters
    for i in range(f.n_analysers):
        if f.analyser[i].sample <= 0.0:
            f.noise.key[n] = f.analyser[i].key
            n += 1
    f.n_calculations = len(spec["calculations"])
    f.calculation = <Calculation*>own.take(f.n_calculations, sizeof(Calculation))
    for i in range(f.n_calculations):
        f.calculation[i] = spec["calculations"][i]
        calculation_prepare(&f.calculation[i], clock.h)
    f.n_valves = len(spec["valves"])
    f.valve = <Valve*>own.take(f.n_valves, sizeof(Valve))
    for i in range(f.n_valves):
        f.valve[i] = spec["valves"][i]
    f.n_on_off = len(spec["on_off_valves"])
    f.on_off = <OnOffValve*>own.take(f.n_on_off, sizeof(OnOffValve))
    for i in range(f.n_on_off):
        f.on_off[i] = spec["on_off_valves"][i]
    f.n_motors = len(spec["motors"])
    f.motor = <Drive*>own.take(f.n_motors, sizeof(Drive))
    for i in range(f.n_motors):
        f.motor[i] = spec["motors"][i]
    f.n_buttons = len(spec["buttons"])
    f.button = <Button*>own.take(f.n_buttons, sizeof(Button))
    for i in range(f.n_buttons):
        f.button[i] = spec["buttons"][i]
    f.n_standbys = len(spec["standbys"])
    f.standby = <Standby*>own.take(f.n_standbys, sizeof(Standby))
    for i in range(f.n_standbys):
        f.standby[i] = spec["standbys"][i]


cdef void field_actuate(Field* f, const Clock* clock, const Rows* r, double* drive, const double* probe) noexcept nogil:
    cdef int i
    for i in range(f.n_valves):
        valve_scan(&f.valve[i], clock, r.mem, r.sig, drive, probe)
    for i in range(f.n_on_off):
        on_off_valve_scan(&f.on_off[i], clock, r.mem, r.sig, drive, probe)
    for i in range(f.n_motors):
        drive_scan(&f.motor[i], clock, r.mem, r.sig, drive, probe)
    for i in range(f.n_buttons):
        button_scan(&f.button[i], r.mem, r.sig, drive)
    for i in range(f.n_standbys):
        standby_join(&f.standby[i], drive)


cdef void field_measure(Field* f, const Clock* clock, const Rows* r, const double* probe) noexcept nogil:
    cdef int i
    cdef const Analyser* a
    cdef const double* normal = f.noise.z + f.n_transmitters
    if not clock.settling:
        noise_draw(&f.noise, clock.scan)
    for i in range(f.n_transmitters):
        transmitter_scan(&f.transmitter[i], clock, f.noise.z[i], r.mem, r.sig, r.qual, probe)
    for i in range(f.n_analysers):
        a = &f.analyser[i]
        analyser_scan(a, clock, normal if a.sample <= 0.0 else NULL, r.mem, r.sig, r.qual, probe)
        normal += a.sample <= 0.0
    for i in range(f.n_calculations):
        calculation_scan(&f.calculation[i], r.mem, r.sig, r.qual)


cdef void field_refresh(Field* f, const Clock* clock, const Rows* r, double* drive, const double* probe) noexcept nogil:
    """Rows and openings from memory as it is."""
    cdef int i
    for i in range(f.n_transmitters):
        transmitter_refresh(&f.transmitter[i], r.mem, r.sig, r.qual)
    for i in range(f.n_analysers):
        analyser_refresh(&f.analyser[i], clock, r.mem, r.sig, r.qual)
    for i in range(f.n_calculations):
        calculation_refresh(&f.calculation[i], r.mem, r.sig, r.qual)
    for i in range(f.n_valves):
        valve_refresh(&f.valve[i], r.mem, r.sig, drive, probe)
    for i in range(f.n_on_off):
        on_off_valve_refresh(&f.on_off[i], r.mem, r.sig, drive, probe)
    for i in range(f.n_motors):
        drive_refresh(&f.motor[i], r.mem, r.sig, drive)
    for i in range(f.n_buttons):
        button_refresh(&f.button[i], drive)
    for i in range(f.n_standbys):
        standby_join(&f.standby[i], drive)


cdef void actuators_reset(Field* f, const Rows* r, double* drive, const double* probe) noexcept nogil:
    """Actuators as if they had stood where their commands are for ever."""
    cdef int i
    for i in range(f.n_valves):
        valve_reset(&f.valve[i], r.mem, r.sig, drive, probe)
    for i in range(f.n_on_off):
        on_off_valve_reset(&f.on_off[i], r.mem, r.sig, drive, probe)
    for i in range(f.n_motors):
        drive_reset(&f.motor[i], r.mem, r.sig, drive, probe)
    for i in range(f.n_buttons):
        button_reset(&f.button[i], r.mem, r.sig, drive)
    for i in range(f.n_standbys):
        standby_join(&f.standby[i], drive)


cdef void instruments_reset(Field* f, const Clock* clock, const Rows* r, const double* probe) noexcept nogil:
    """Instruments as if what they measure had been so for ever."""
    cdef int i
    for i in range(f.n_transmitters):
        transmitter_reset(&f.transmitter[i], r.mem, r.sig, r.qual, probe)
    for i in range(f.n_analysers):
        analyser_reset(&f.analyser[i], clock, r.mem, r.sig, r.qual, probe)
    for i in range(f.n_calculations):
        calculation_reset(&f.calculation[i], r.mem, r.sig, r.qual)
