/* forecast.h: how long it takes to be back, told from how long it took before. */
#ifndef LIB_MODEL_FORECAST_H
#define LIB_MODEL_FORECAST_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"

enum { FORECAST_PAST = 5 };

struct forecast {
	int64_t median_ms, least_ms, most_ms;
	size_t count;                 /* of the times it rests on; 0: nothing is known */
};

/* Of the last times, at most FORECAST_PAST; of an even number the longer of the two in the middle:
 * better too long than too short. */
struct forecast forecast_of(const int64_t *ms, size_t count);

/* "Back in about 14 minutes; the last five took 12 to 15." NULL when nothing is known. */
char *forecast_words(struct arena *a, const struct forecast *f);

#endif
