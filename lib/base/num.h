/* num.h: numbers, sizes, durations and times as people read and write them. */
#ifndef LIB_BASE_NUM_H
#define LIB_BASE_NUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/attr.h"

/* Decimal digits only, no sign, no space, within [min, max]; false leaves *ret alone. */
MUST_USE bool num_parse(int64_t *ret, const char *text, int64_t min, int64_t max);

/* "512 B", "61.1 MB", "1.20 GB": base 10, three significant digits. */
enum { NUM_TEXT = 32 };
void num_size(char out[NUM_TEXT], int64_t bytes);

/* "0.4 s", "12 s", "1 m 12 s", "3 h 05 m", "4 d 2 h" from milliseconds. */
void num_duration(char out[NUM_TEXT], int64_t ms);

/* "just now", "12 s ago", "2 hours ago", "in 22 hours" from `now`, both ms. */
void num_ago(char out[NUM_TEXT], int64_t then, int64_t now);

/* "21 Nov 2026, 02:00" in UTC. */
void num_date(char out[NUM_TEXT], int64_t ms);

/* "212 033": digits in groups of three, divided by U+202F. */
void num_count(char out[NUM_TEXT], int64_t n);

#endif
