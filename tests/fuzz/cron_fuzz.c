/* cron_fuzz.c: cron expressions as anybody may write them; what is read runs, and in order.
 *
 * Input: a byte that chooses the zone, eight of an instant, the expression.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/utf8.h"
#include "lib/model/cron_read.h"
#include "lib/model/cron_simple.h"
#include "lib/model/cron_words.h"

enum { HEAD = 9, RUNS = 5 };

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static const struct zone *
zone_number(unsigned char n)
{
	static const char *const names[] = { "UTC", "Europe/Zurich", "Australia/Lord_Howe",
		"Pacific/Apia", "America/New_York", "Africa/Casablanca" };
	static struct zone *zones[sizeof names / sizeof *names];
	static struct arena *forever;
	size_t i = n % (sizeof names / sizeof *names);
	struct err e;

	if (forever == NULL)
		forever = arena_new();
	if (zones[i] == NULL && zone_load(&zones[i], forever, ZONE_FOLDER, names[i], &e) != 0)
		abort();
	return zones[i];
}

static void
check_runs(const struct cron *c, const struct zone *z, int64_t at)
{
	struct cron_run run, back;

	for (int i = 0; i < RUNS && cron_next(&run, c, z, at); i++, at = run.at) {
		if (run.at <= at || run.id[0] == '\0')
			abort();
		if (!cron_latest(&back, c, z, run.at) || back.at != run.at ||
		    strcmp(back.id, run.id) != 0)
			abort();
		if (cron_latest(&back, c, z, run.at - 1) && back.at > at)
			abort();
	}
}

static void
check_words(struct arena *a, const struct cron *c)
{
	const char *words = cron_words(a, c);
	char text[CRON_SIMPLE_SIZE];
	struct cron_simple simple;
	struct err e;

	if (words[0] < 'A' || words[0] > 'Z' || !utf8_valid(words, strlen(words)))
		abort();
	if (cron_simple_of(&simple, c) && cron_simple_text(text, &simple, &e) != 0)
		abort();
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	int64_t at;
	struct cron_due due;
	struct cron c;
	struct err e;

	if (size < HEAD)
		return 0;
	memcpy(&at, data + 1, sizeof at);
	if (cron_read(&c, arena_dupn(a, data + HEAD, size - HEAD), data[0] & 0x10, &e) != 0) {
		if (!utf8_valid(e.text, strlen(e.text)))
			abort();
		return 0;
	}
	if (cron_gap(&c) < 1 || cron_gap(&c) > 1440)
		abort();
	check_words(a, &c);
	check_runs(&c, zone_number(data[0]), at);
	/* The same again in a year that anybody has seen. */
	at %= INT64_C(4102444800000);
	check_runs(&c, zone_number(data[0]), at);
	cron_due(&due, &c, zone_number(data[0]), at, at + 7 * CALENDAR_DAY);
	if (due.due && (due.run.at <= at || due.run.at > at + 7 * CALENDAR_DAY))
		abort();
	return 0;
}
