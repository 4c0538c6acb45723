"""The logic: sequences, loops, divert valves, standby machines, interlocks and alarms over the rows of the image."""

cdef struct Logic:
    int n_loops, n_diverts, n_standbys, n_alarms, n_sequences
    Loop* loop
    Divert* divert
    Standby* standby
    Alarm* alarm
    Sequence* sequence
    Programs programs
    Matrix matrix


cdef void logic_build(Logic* l, Memory own, dict spec) except *:
    cdef int i
    cdef dict d
    l.n_loops = len(spec["loops"])
    l.loop = <Loop*>own.take(l.n_loops, sizeof(Loop))
    for i in range(l.n_loops):
        l.loop[i] = spec["loops"][i]
    l.n_diverts = len(spec["diverts"])
    l.divert = <Divert*>own.take(l.n_diverts, sizeof(Divert))
    for i in range(l.n_diverts):
        l.divert[i] = spec["diverts"][i]
    l.n_standbys = len(spec["standbys"])
    l.standby = <Standby*>own.take(l.n_standbys, sizeof(Standby))
    for i in range(l.n_standbys):
        l.standby[i] = spec["standbys"][i]
    l.n_alarms = len(spec["alarms"])
    l.alarm = <Alarm*>own.take(l.n_alarms, sizeof(Alarm))
    for i in range(l.n_alarms):
        l.alarm[i] = spec["alarms"][i]
    l.n_sequences = len(spec["sequences"])
    l.sequence = <Sequence*>own.take(l.n_sequences, sizeof(Sequence))
    for i in range(l.n_sequences):
        l.sequence[i] = spec["sequences"][i]
    l.programs.step = <Step*>own.take(len(spec["steps"]), sizeof(Step))
    for i, d in enumerate(spec["steps"]):
        l.programs.step[i] = d
    l.programs.action = <Action*>own.take(len(spec["actions"]), sizeof(Action))
    for i, d in enumerate(spec["actions"]):
        l.programs.action[i] = d
    l.programs.check = <Condition*>own.take(len(spec["checks"]), sizeof(Condition))
    for i, d in enumerate(spec["checks"]):
        l.programs.check[i] = d
    l.matrix.count = len(spec["interlocks"])
    l.matrix.interlock = <Interlock*>own.take(l.matrix.count, sizeof(Interlock))
    for i in range(l.matrix.count):
        l.matrix.interlock[i] = spec["interlocks"][i]
    l.matrix.effect = <Effect*>own.take(len(spec["effects"]), sizeof(Effect))
    for i, d in enumerate(spec["effects"]):
        l.matrix.effect[i] = d
    l.matrix.groups = 1 + max([d["group"] for d in spec["interlocks"]], default=-1)
    l.matrix.tripped = <int*>own.take(l.matrix.groups, sizeof(int))


cdef void logic_command(Logic* l, const Clock* clock, const Rows* r, EventLog* log) noexcept nogil:
    """What the actuators are told in this scan; interlocks have the last word."""
    cdef int i
    for i in range(l.n_sequences):
        sequence_scan(&l.sequence[i], &l.programs, clock, r.mem, r.sig, r.qual)
    for i in range(l.n_loops):
        loop_scan(&l.loop[i], clock, r.mem, r.sig, r.qual)
    for i in range(l.n_diverts):
        divert_scan(&l.divert[i], r.mem, r.sig, r.qual, l.programs.external)
    for i in range(l.n_standbys):
        standby_scan(&l.standby[i], clock, r.mem, r.sig, r.qual, l.programs.external)
    matrix_scan(&l.matrix, clock, r.mem, r.sig, r.qual, log)


cdef void logic_judge(Logic* l, const Clock* clock, const Rows* r, EventLog* log) noexcept nogil:
    """Alarms by what was measured in this scan."""
    cdef int i
    for i in range(l.n_alarms):
        alarm_scan(&l.alarm[i], i, clock, r.mem, r.sig, r.qual, log)


cdef void divert_at_rest(Logic* l, Field* f, const Rows* r, double* drive, const double* probe) noexcept nogil:
    """Divert valves as the present results would have them for ever."""
    cdef int i
    for i in range(l.n_diverts):
        divert_reset(&l.divert[i], r.mem, r.sig, r.qual)
    for i in range(f.n_on_off if l.n_diverts else 0):
        on_off_valve_reset(&f.on_off[i], r.mem, r.sig, drive, probe)
