/* A Modbus client by libmodbus: requests line by line on standard input, an answer line for each.
 *
 *     client tcp HOST PORT | client rtu DEVICE
 *
 * A request is a unit, a function code, an address and what the function takes: a count, or values to write; 22 takes
 * the masks AND and OR, 23 the address and count to read and then the address to write and its values. "float" in the
 * place of a function reads a value of two holding registers, "float-input" of two input registers, high word first.
 * The answer is what was read, "done", or "exception CODE: TEXT".
 */
#include <errno.h>
#include <modbus/modbus.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 2048 };

static int numbers(char *rest, int *found)
{
    int n = 0;
    for (char *word = strtok(rest, " \n"); word != NULL && n < MOST; word = strtok(NULL, " \n"))
        found[n++] = atoi(word);
    return n;
}

static void print_bits(const uint8_t *bits, int n)
{
    for (int i = 0; i < n; i++)
        printf("%s%d", i ? " " : "", bits[i]);
    printf("\n");
}

static void print_registers(const uint16_t *registers, int n)
{
    for (int i = 0; i < n; i++)
        printf("%s%u", i ? " " : "", registers[i]);
    printf("\n");
}

static void answer(modbus_t *line, const char *function, const int *x, int n)
{
    static uint8_t bits[MOST];
    static uint16_t registers[MOST], written[MOST];
    int code = atoi(function), got = -1, first = code == 23 ? 3 : 1;

    errno = 0;
    for (int i = first; i < n; i++) {
        bits[i - first] = x[i] != 0;
        written[i - first] = (uint16_t)x[i];
    }
    if (strncmp(function, "float", 5) == 0) {
        got = function[5] ? modbus_read_input_registers(line, x[0], 2, registers)
                          : modbus_read_registers(line, x[0], 2, registers);
        if (got == 2) {
            printf("%.9g\n", modbus_get_float_abcd(registers));
            return;
        }
    } else if (code == 1 || code == 2) {
        got = code == 1 ? modbus_read_bits(line, x[0], x[1], bits) : modbus_read_input_bits(line, x[0], x[1], bits);
        if (got >= 0) {
            print_bits(bits, got);
            return;
        }
    } else if (code == 3 || code == 4 || code == 23) {
        if (code == 3)
            got = modbus_read_registers(line, x[0], x[1], registers);
        else if (code == 4)
            got = modbus_read_input_registers(line, x[0], x[1], registers);
        else
            got = modbus_write_and_read_registers(line, x[2], n - 3, written, x[0], x[1], registers);
        if (got >= 0) {
            print_registers(registers, got);
            return;
        }
    } else if (code == 5) {
        got = modbus_write_bit(line, x[0], x[1]);
    } else if (code == 6) {
        got = modbus_write_register(line, x[0], (uint16_t)x[1]);
    } else if (code == 15) {
        got = modbus_write_bits(line, x[0], n - 1, bits);
    } else if (code == 16) {
        got = modbus_write_registers(line, x[0], n - 1, written);
    } else if (code == 22) {
        got = modbus_mask_write_register(line, x[0], (uint16_t)x[1], (uint16_t)x[2]);
    }
    if (got >= 0)
        printf("done\n");
    else
        printf("exception %d: %s\n", errno - MODBUS_ENOBASE, modbus_strerror(errno));
}

int main(int count, char **words)
{
    modbus_t *line = NULL;
    char request[16 * MOST], function[16];
    int x[MOST], unit, used;

    if (count == 4 && strcmp(words[1], "tcp") == 0)
        line = modbus_new_tcp(words[2], atoi(words[3]));
    else if (count == 3 && strcmp(words[1], "rtu") == 0)
        line = modbus_new_rtu(words[2], 19200, 'E', 8, 1);
    if (line == NULL) {
        fprintf(stderr, "usage: client tcp HOST PORT | client rtu DEVICE\n");
        return 2;
    }
    modbus_set_slave(line, 1); /* a serial line is not opened without one */
    modbus_set_response_timeout(line, 10, 0);
    if (modbus_connect(line) == -1) {
        fprintf(stderr, "%s\n", modbus_strerror(errno));
        return 1;
    }
    while (fgets(request, sizeof request, stdin) != NULL) {
        if (sscanf(request, "%d %15s%n", &unit, function, &used) != 2)
            return 2;
        modbus_set_slave(line, unit);
        int n = numbers(request + used, x);
        answer(line, function, x, n);
        fflush(stdout);
    }
    modbus_close(line);
    modbus_free(line);
    return 0;
}
