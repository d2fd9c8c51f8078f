/* cron_oracle_test.c: the next run in seven years beside an oracle that asks Python's zoneinfo
 * (cron_oracle.py). With ALL=1 in the environment after each minute of them, which takes long.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/model/cron.h"
#include "lib/model/cron_read.h"
#include "lib/util/proc.h"
#include "tests/unit/zones.h"

static const char *const zone_names[] = { "Europe/Berlin", "America/New_York",
	"Australia/Lord_Howe", "Pacific/Apia", "Asia/Kolkata", "UTC" };
enum { ZONES = sizeof zone_names / sizeof *zone_names };

/* With ALL=1 the first few are asked for after each minute. */
static const char *const texts[] = { "30 2 * * *", "30 * * * *", "15,45 1-3 * * *",
	"15 2 1,15 * mon-wed", "30 1,2 * * *", "0 2,3 * * *", "15 0 * * *", "59 23 * * *",
	"45 1-3 * * sun", "30 2 L * *", "30 2 * mar,oct 0L", "0 12 29 2 *", "*/30 */5 * * *",
	"*/20 2 * * *", "0 */6 * * *", "*/45 1-3 */9 4,10,11 *" };
enum { TEXTS = sizeof texts / sizeof *texts, EACH = 4, OUTPUT_MAX = 64 << 20 };

/* All runs of a schedule, minutes since 1970: up to the first behind the seven years. */
struct runs {
	int64_t *at;
	size_t count;
};

/* What the oracle says of each of these under its rule, right or a wrong one. */
static struct runs *
ask(struct arena *a, const char *rule, const char *zone, const char *const *wanted, size_t count)
{
	const char *argv[TEXTS + 5] = { "/usr/bin/python3", "tests/unit/cron_oracle.py", rule,
		zone };
	struct proc_spec spec = { .argv = argv, .stdin_fd = -1 };
	struct runs *found = arena_array(a, count, sizeof *found);
	struct buf text = BUF_INIT;
	struct err e;
	char *p;

	for (size_t i = 0; i < count; i++)
		argv[4 + i] = wanted[i];
	if (proc_output(&text, OUTPUT_MAX, &spec, &e) != 0)
		fail_msg("%s", e.text);
	p = arena_dupn(a, text.p, text.n);
	buf_release(&text);
	for (size_t i = 0; i < count; i++) {
		found[i].count = (size_t)strtoull(p, &p, 10);
		assert_true(found[i].count > 0);
		found[i].at = arena_array(a, found[i].count, sizeof *found[i].at);
		for (size_t k = 0; k < found[i].count; k++)
			found[i].at[k] = strtoll(p, &p, 10);
	}
	assert_string_equal(p, "\n");
	return found;
}

/* A schedule, and what is known of it. */
struct beside {
	const char *text;
	const struct zone *z;
	const struct runs *runs;
	int stride;
};

/* Which minute is looked at next: one by the stride, before or of a run, or within three hours of a
 * change of the clock. `next` is the first run behind the minute. */
static int64_t
following(const struct beside *b, int64_t minute, size_t next, struct zone_span *span)
{
	const int64_t near = 3 * CALENDAR_HOUR, before = b->runs->at[next] - 1;
	int64_t now = minute * CALENDAR_MINUTE, soonest = (minute / b->stride + 1) * b->stride;
	int64_t change;

	if (now >= span->until)
		zone_span(span, b->z, now);
	change = (span->until - near) / CALENDAR_MINUTE;
	if (minute == before || minute >= change || now < span->from + near)
		return minute + 1;
	soonest = before < soonest ? before : soonest;
	return change < soonest ? change : soonest;
}

/* The first minute of the seven years after which another run comes than the oracle's; -1: none.
 * *asked grows by how many minutes were looked at. */
static int64_t
differs(const struct beside *b, int64_t *asked)
{
	const int64_t end = calendar_day(2031, 1, 1) * 1440;
	const struct runs *r = b->runs;
	struct zone_span span = { .until = INT64_MIN };
	struct cron_run run;
	struct cron c;
	struct err e;
	size_t next = 0;

	if (cron_read(&c, b->text, 0, &e) != 0)
		fail_msg("%s: %s", b->text, e.text);
	assert_true(r->at[r->count - 1] >= end);
	for (int64_t minute = calendar_day(2024, 1, 1) * 1440 - 1; minute < end;
	    minute = following(b, minute, next, &span)) {
		while (r->at[next] <= minute)
			next++;
		++*asked;
		if (!cron_next(&run, &c, b->z, minute * CALENDAR_MINUTE) ||
		    run.at != r->at[next] * CALENDAR_MINUTE)
			return minute;
	}
	return -1;
}

/* Primes, so that all minutes of an hour and all hours of a day come up. The search for a run that
 * is months away takes long. */
static int
stride_of(size_t text, const struct runs *runs)
{
	if (getenv("ALL") != NULL)
		return text < EACH ? 1 : 97;
	return runs->count < 1000 ? 3001 : 317;
}

static const char *
time_text(struct arena *a, int64_t minute)
{
	char *text = arena_alloc(a, CALENDAR_TEXT_SIZE);

	calendar_text(text, minute * CALENDAR_MINUTE);
	return text;
}

static void
T38_the_next_run_in_seven_years_is_the_oracles(void **state)
{
	for (size_t i = 0; i < ZONES; i++) {
		const struct runs *all = ask(*state, "right", zone_names[i], texts, TEXTS);
		int64_t asked = 0, minute;

		for (size_t k = 0; k < TEXTS; k++) {
			const struct beside b = { texts[k], zone_of(*state, zone_names[i]),
				&all[k], stride_of(k, &all[k]) };

			minute = differs(&b, &asked);
			if (minute >= 0)
				fail_msg("%s in %s: the run after %s UTC is another", texts[k],
				    zone_names[i], time_text(*state, minute));
		}
		/* No run is passed over, nor is what may lie between two of them. */
		assert_true(asked > 200000);
	}
}

/* Control: an oracle that is wrong where the clock changes, by an hour or less, is found out at
 * the first run before which it is. */
static void
T38_an_oracle_that_is_wrong_when_clocks_change_is_found_out(void **state)
{
	static const struct {
		const char *rule, *zone, *text, *after;
	} cases[] = {
		/* 02:30 is skipped on 31 March 2024: it runs at 03:00 and not at 03:30. */
		{ "late", "Europe/Berlin", "30 2 * * *", "2024-03-30T01:30" },
		{ "late", "America/New_York", "30 2 * * *", "2024-03-09T07:30" },
		{ "late", "Australia/Lord_Howe", "15 2 * * *", "2024-10-04T15:45" },
		/* It comes twice on 27 October and runs the first time, not an hour later. */
		{ "second", "Europe/Berlin", "30 2 * * *", "2024-10-26T00:30" },
		{ "second", "America/New_York", "30 1 * * *", "2024-11-02T05:30" },
		{ "second", "Australia/Lord_Howe", "45 1 * * *", "2024-04-05T14:45" },
		{ "once", "Europe/Berlin", "30 * * * *", "2024-10-27T00:30" },
		{ "once", "America/New_York", "*/30 * * * *", "2024-11-03T05:30" },
		{ "once", "Australia/Lord_Howe", "45 * * * *", "2024-04-06T14:45" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int64_t asked = 0;
		const struct beside b = { cases[i].text, zone_of(*state, cases[i].zone),
			ask(*state, cases[i].rule, cases[i].zone, &cases[i].text, 1), 317 };

		assert_string_equal(time_text(*state, differs(&b, &asked)), cases[i].after);
	}
	/* Where no clock changes none of these mistakes can be made. */
	for (size_t i = 0; i < 3; i++) {
		int64_t asked = 0;
		const char *text = "30 2 * * *", *rule = cases[3 * i].rule;
		const struct beside b = { text, zone_of(*state, "Asia/Kolkata"),
			ask(*state, rule, "Asia/Kolkata", &text, 1), 317 };

		assert_int_equal(differs(&b, &asked), -1);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ARENA(T38_the_next_run_in_seven_years_is_the_oracles),
		IN_ARENA(T38_an_oracle_that_is_wrong_when_clocks_change_is_found_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
