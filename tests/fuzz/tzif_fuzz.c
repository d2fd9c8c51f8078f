/* tzif_fuzz.c: time zone files anybody may have made; what is taken is a zone without holes. */
#include <stdlib.h>
#include <string.h>

#include "lib/model/cron_read.h"

enum { LOOKS = 200, RUNS = 20 };

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void
check_spans(const struct zone *z)
{
	int64_t at = ZONE_BEGIN, found[2];
	struct zone_span s;

	for (int i = 0; i < LOOKS && at < ZONE_END; i++, at = s.until) {
		int n;

		zone_span(&s, z, at);
		if (s.from != at || s.until <= s.from || strlen(s.name) > 4096)
			abort();
		n = zone_instants(found, z, zone_local(z, at));
		if (n < 0 || n > 2 || (n == 2 && found[0] >= found[1]))
			abort();
		for (int j = 0; j < n; j++)
			if (zone_local(z, found[j]) != zone_local(z, at))
				abort();
	}
}

/* Even where local time jumps about, runs rise, and are found in both directions. */
static void
check_runs(const struct zone *z, const char *text)
{
	struct cron_run run, back;
	struct cron c;
	struct err e;
	int64_t at = 0;

	if (cron_read(&c, text, 0, &e) != 0)
		abort();
	for (int i = 0; i < RUNS && cron_next(&run, &c, z, at); i++, at = run.at) {
		if (run.at <= at)
			abort();
		if (!cron_latest(&back, &c, z, run.at) || back.at != run.at)
			abort();
		if (cron_latest(&back, &c, z, run.at - 1) && back.at > at)
			abort();
	}
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	struct zone *z;
	struct err e;

	if (zone_read(&z, a, "Made/Up", data, size, &e) != 0)
		return 0;
	check_spans(z);
	check_runs(z, "30 2 * * *");
	check_runs(z, "*/30 * * * *");
	return 0;
}
