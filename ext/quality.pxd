# cython: language_level=3, cdivision=True
"""Quality of a row of the process image: OPC UA status codes (Part 4, 7.39; Part 8, 6.3), severity in the two top bits."""

cdef extern from *:
    """
    #define GOOD 0x00000000u
    #define GOOD_LOCAL_OVERRIDE 0x00960000u       /* held by an interlock */
    #define UNCERTAIN 0x40000000u
    #define UNCERTAIN_SENSOR 0x40930000u          /* Uncertain_SensorNotAccurate */
    #define UNCERTAIN_RANGE 0x40940000u           /* Uncertain_EngineeringUnitsExceeded */
    #define BAD_SENSOR_FAILURE 0x808C0000u
    #define BAD_OUT_OF_SERVICE 0x808D0000u
    #define BAD_NO_COMMUNICATION 0x80310000u
    """
    const unsigned int GOOD, GOOD_LOCAL_OVERRIDE, UNCERTAIN, UNCERTAIN_SENSOR, UNCERTAIN_RANGE
    const unsigned int BAD_SENSOR_FAILURE, BAD_OUT_OF_SERVICE, BAD_NO_COMMUNICATION


cdef inline bint is_bad(unsigned int quality) noexcept nogil:
    return quality >= 0x80000000u


cdef inline bint is_good(unsigned int quality) noexcept nogil:
    return quality < 0x40000000u
