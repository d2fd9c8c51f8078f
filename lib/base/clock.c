/* clock.c: what time it is, and a seam for tests. */
#include "lib/base/clock.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

static int64_t
skew(void)
{
	static int64_t ms;
	static int known;
	const char *text;

	if (!known) {
		text = getenv("LAZARETTE_CLOCK_SKEW");
		ms = text ? strtoll(text, NULL, 10) : 0;
		known = 1;
	}
	return ms;
}

static int64_t
read_clock(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t
clock_now(void)
{
	return read_clock(CLOCK_REALTIME) + skew();
}

int64_t
clock_mono(void)
{
	return read_clock(CLOCK_BOOTTIME);
}

int64_t
clock_lap(int64_t *since)
{
	int64_t before = *since;

	*since = clock_mono();
	return *since - before;
}

void
clock_sleep(int64_t ms)
{
	struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = (ms % 1000) * 1000000 };

	while (nanosleep(&t, &t) != 0 && errno == EINTR)
		continue;
}

static bool
split(struct tm *tm, int64_t ms)
{
	time_t seconds = (time_t)(ms / 1000);

	return gmtime_r(&seconds, tm) != NULL;
}

void
clock_iso(char out[CLOCK_ISO_SIZE], int64_t ms)
{
	struct tm tm;

	if (!split(&tm, ms) || strftime(out, CLOCK_ISO_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		out[0] = '\0';
}

void
clock_compact(char out[CLOCK_ISO_SIZE], int64_t ms)
{
	struct tm tm;

	if (!split(&tm, ms) || strftime(out, CLOCK_ISO_SIZE, "%Y%m%dT%H%M%SZ", &tm) == 0)
		out[0] = '\0';
}
