/* clock.h: what time it is, and a seam for tests.
 *
 * Wall times are milliseconds since 1970 UTC, everywhere. LAZARETTE_CLOCK_SKEW
 * (milliseconds, read once) shifts the wall clock of a process under test. When it begins with a
 * slash it is the path of a file that holds them as an int64_t of this machine, and may change at
 * any time: then both clocks move with it, as they do when a machine has slept. A second int64_t
 * in that file moves the wall clock alone, as when it is set. A file that cannot be read, or is
 * shorter, shifts nothing.
 */
#ifndef LIB_BASE_CLOCK_H
#define LIB_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

/* Look for the seam now; else the first question does. For who gives up files before it asks. */
void clock_begin(void);
int64_t clock_now(void);       /* wall, ms UTC */
int64_t clock_mono(void);      /* CLOCK_BOOTTIME, ms: for durations and leases in one process */
/* Ms since *since, which is now then: one step after the other. */
int64_t clock_lap(int64_t *since);
void clock_sleep(int64_t ms);

enum { CLOCK_ISO_SIZE = 24 };
/* "2026-11-21T02:00:00Z" */
void clock_iso(char out[CLOCK_ISO_SIZE], int64_t ms);
/* "20261121T020000Z": for file names */
void clock_compact(char out[CLOCK_ISO_SIZE], int64_t ms);

#endif
