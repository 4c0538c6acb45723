"""Memory that lives as long as the object that took it."""

cimport cython


@cython.no_gc       # it holds numbers alone: no circle, and nothing that may be cleared before it has freed the blocks
cdef class Memory:
    """Owns C memory: everything is zeroed at birth and freed with the object."""
    cdef list blocks

    def __cinit__(self):
        self.blocks = []

    cdef void* take(self, size_t count, size_t size) except NULL:
        cdef void* p = calloc(count if count else 1, size)
        if p == NULL:
            raise MemoryError()
        self.blocks.append(<size_t>p)
        return p

    cdef double* doubles(self, values) except NULL:
        cdef double* p = <double*>self.take(len(values), sizeof(double))
        cdef int i
        for i in range(len(values)):
            p[i] = values[i]
        return p

    cdef int* ints(self, values) except NULL:
        cdef int* p = <int*>self.take(len(values), sizeof(int))
        cdef int i
        for i in range(len(values)):
            p[i] = values[i]
        return p

    def __dealloc__(self):
        cdef size_t p
        for p in self.blocks:
            free(<void*>p)
