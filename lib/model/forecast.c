/* forecast.c: how long it takes to be back, told from how long it took before. */
#include "lib/model/forecast.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static int
by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

struct forecast
forecast_of(const int64_t *ms, size_t count)
{
	size_t n = count < FORECAST_PAST ? count : FORECAST_PAST;
	int64_t sorted[FORECAST_PAST];

	if (n == 0)
		return (struct forecast){ 0, 0, 0, 0 };
	memcpy(sorted, ms, n * sizeof *ms);
	qsort(sorted, n, sizeof *sorted, by_value);
	return (struct forecast){ sorted[n / 2], sorted[0], sorted[n - 1], n };
}

/* One unit for all numbers of a sentence, the one that suits the longest. */
static const struct unit {
	const char *one, *many;
	int64_t ms;
} units[] = {
	{ "hour", "hours", 3600000 }, { "minute", "minutes", 60000 }, { "second", "seconds", 1000 },
};
enum { UNITS = sizeof units / sizeof *units };

/* Rounded up, never 0. */
static int64_t
in(const struct unit *u, int64_t ms)
{
	int64_t n = (ms + u->ms - 1) / u->ms;

	return n > 0 ? n : 1;
}

char *
forecast_words(struct arena *a, const struct forecast *f)
{
	static const char *const numbers[FORECAST_PAST + 1] = {
		[2] = "two", [3] = "three", [4] = "four", [5] = "five",
	};
	const struct unit *u = &units[0];
	int64_t about;

	if (f->count == 0)
		return NULL;
	while (u < &units[UNITS - 1] && f->most_ms < 2 * u->ms)
		u++;
	about = in(u, f->median_ms);
	if (f->count == 1)
		return arena_printf(a, "Back in about %" PRId64 " %s, as the one time before.",
		    about, about == 1 ? u->one : u->many);
	if (in(u, f->least_ms) == in(u, f->most_ms))
		return arena_printf(a, "Back in about %" PRId64 " %s; the last %s took as long.",
		    about, about == 1 ? u->one : u->many, numbers[f->count]);
	return arena_printf(a,
	    "Back in about %" PRId64 " %s; the last %s took %" PRId64 " to %" PRId64 ".", about,
	    about == 1 ? u->one : u->many, numbers[f->count], in(u, f->least_ms),
	    in(u, f->most_ms));
}
