/* safety_test.c: "am I safe?" for one environment, as a table of facts and answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/model/safety.h"

#define NOW INT64_C(1800000000000)
#define MIN INT64_C(60000)
#define HOUR (60 * MIN)
#define DAY (24 * HOUR)

/* What a row begins with: a week old, two services; on a nightly schedule; backed up an hour ago;
 * and then failed. */
enum { BARE = 0, NEVER = 1, WELL = 2, GOOD = 4, FAILED = 8 };
/* What it changes of that. AGE: when the good one ended. */
enum fact { NOTHING, AGE, PAUSED, SERVICES, UNCOVERED, SCHEDULES, ON, RESUMES, NEXT, INTERVAL,
	UNMET, HEALTH, ODD, TRUSTED, COMING, RPO, ALARMED, CREATED };
enum { CHANGES = 5 };

struct row {
	const char *what;
	int base;
	struct { enum fact fact; int64_t value; } changes[CHANGES];
	enum safety_state state;
	enum safety_cause cause;
	int64_t since;
};

static const struct row rows[] = {
	/* all is well */
	{ "well", WELL | GOOD, { { 0, 0 } }, SAFETY_PROTECTED, CAUSE_GOOD, 0 },
	{ "well, never verified", WELL | GOOD, { { HEALTH, HEALTH_UNKNOWN } }, SAFETY_PROTECTED,
	    CAUSE_GOOD, 0 },
	{ "the next is on its way", WELL | GOOD, { { COMING, 6 } }, SAFETY_PROTECTED, CAUSE_GOOD,
	    0 },
	{ "within what is allowed", WELL | GOOD, { { RPO, 2 * HOUR } }, SAFETY_PROTECTED,
	    CAUSE_GOOD, 0 },
	{ "as old as is allowed", WELL | GOOD, { { RPO, HOUR + MIN } }, SAFETY_PROTECTED,
	    CAUSE_GOOD, 0 },
	{ "old, but the schedule is monthly", WELL | GOOD, { { AGE, 29 * DAY } }, SAFETY_PROTECTED,
	    CAUSE_GOOD, 0 },
	{ "no alarm text", WELL | GOOD, { { 0, 0 } }, SAFETY_PROTECTED, CAUSE_GOOD, 0 },
	{ "the run is due now", WELL | GOOD, { { AGE, DAY }, { UNMET, NOW } }, SAFETY_PROTECTED,
	    CAUSE_GOOD, 0 },
	{ "the run is due in a moment", WELL | GOOD, { { NEXT, NOW + 1 } }, SAFETY_PROTECTED,
	    CAUSE_GOOD, 0 },
	{ "one of two schedules is off", WELL | GOOD, { { SCHEDULES, 2 } }, SAFETY_PROTECTED,
	    CAUSE_GOOD, 0 },
	{ "a gap", WELL | GOOD, { { UNCOVERED, 1 } }, SAFETY_PROTECTED, CAUSE_GAP, 0 },

	/* late: past its time, within the grace of 6 hours */
	{ "a minute past", WELL | GOOD, { { AGE, DAY }, { UNMET, NOW - MIN } }, SAFETY_PROTECTED,
	    CAUSE_GOOD, 0 },
	{ "just within the slack", WELL | GOOD, { { AGE, DAY }, { UNMET, NOW - SAFETY_SLACK } },
	    SAFETY_PROTECTED, CAUSE_GOOD, 0 },
	{ "just beyond the slack", WELL | GOOD,
	    { { AGE, DAY }, { UNMET, NOW - SAFETY_SLACK - 1 } }, SAFETY_LATE, CAUSE_LATE,
	    NOW - SAFETY_SLACK - 1 },
	{ "an hour late", WELL | GOOD, { { AGE, 25 * HOUR }, { UNMET, NOW - HOUR } }, SAFETY_LATE,
	    CAUSE_LATE, NOW - HOUR },
	{ "the end of the grace", WELL | GOOD, { { AGE, 30 * HOUR }, { UNMET, NOW - 6 * HOUR } },
	    SAFETY_LATE, CAUSE_LATE, NOW - 6 * HOUR },
	{ "an hour past, and running", WELL | GOOD,
	    { { AGE, 25 * HOUR }, { UNMET, NOW - HOUR }, { COMING, 6 } }, SAFETY_PROTECTED,
	    CAUSE_GOOD, 0 },
	{ "seven hours past, and running", WELL | GOOD,
	    { { AGE, 31 * HOUR }, { UNMET, NOW - 7 * HOUR }, { COMING, 6 } }, SAFETY_LATE,
	    CAUSE_LATE, NOW - 7 * HOUR },
	{ "nobody took the run", WELL | GOOD, { { AGE, 25 * HOUR }, { NEXT, NOW - HOUR } },
	    SAFETY_LATE, CAUSE_LATE, NOW - HOUR },
	{ "hourly, ten minutes late", WELL | GOOD,
	    { { AGE, HOUR }, { INTERVAL, HOUR }, { UNMET, NOW - 10 * MIN } }, SAFETY_LATE,
	    CAUSE_LATE, NOW - 10 * MIN },
	{ "weekly, five hours late", WELL | GOOD,
	    { { AGE, 7 * DAY }, { INTERVAL, 7 * DAY }, { UNMET, NOW - 5 * HOUR } }, SAFETY_LATE,
	    CAUSE_LATE, NOW - 5 * HOUR },
	{ "the first run is late", WELL, { { UNMET, NOW - HOUR } }, SAFETY_LATE, CAUSE_LATE,
	    NOW - HOUR },
	{ "late and with a gap", WELL | GOOD,
	    { { AGE, DAY }, { UNMET, NOW - HOUR }, { UNCOVERED, 1 } }, SAFETY_LATE, CAUSE_LATE,
	    NOW - HOUR },

	/* overdue: the grace is over */
	{ "overdue", WELL | GOOD, { { AGE, 31 * HOUR }, { UNMET, NOW - 6 * HOUR - 1 } },
	    SAFETY_AT_RISK, CAUSE_OVERDUE, NOW - 6 * HOUR - 1 },
	{ "overdue by days", WELL | GOOD, { { AGE, 4 * DAY }, { UNMET, NOW - 3 * DAY } },
	    SAFETY_AT_RISK, CAUSE_OVERDUE, NOW - 3 * DAY },
	{ "running for more than a day", WELL | GOOD,
	    { { AGE, 50 * HOUR }, { UNMET, NOW - 25 * HOUR }, { COMING, 6 } }, SAFETY_AT_RISK,
	    CAUSE_OVERDUE, NOW - 25 * HOUR },
	{ "nobody took the run for long", WELL | GOOD,
	    { { AGE, 3 * DAY }, { NEXT, NOW - 2 * DAY } }, SAFETY_AT_RISK, CAUSE_OVERDUE,
	    NOW - 2 * DAY },
	{ "the earlier of both counts", WELL | GOOD,
	    { { AGE, 3 * DAY }, { NEXT, NOW - 7 * HOUR }, { UNMET, NOW - 2 * DAY } },
	    SAFETY_AT_RISK, CAUSE_OVERDUE, NOW - 2 * DAY },
	{ "hourly, 31 minutes late", WELL | GOOD,
	    { { AGE, HOUR }, { INTERVAL, HOUR }, { UNMET, NOW - 31 * MIN } }, SAFETY_AT_RISK,
	    CAUSE_OVERDUE, NOW - 31 * MIN },
	{ "no interval: half an hour", WELL | GOOD,
	    { { AGE, HOUR }, { INTERVAL, 0 }, { UNMET, NOW - 31 * MIN } }, SAFETY_AT_RISK,
	    CAUSE_OVERDUE, NOW - 31 * MIN },
	{ "the first run is overdue", WELL, { { UNMET, NOW - DAY } }, SAFETY_AT_RISK,
	    CAUSE_OVERDUE, NOW - DAY },
	{ "the first runs for two days", WELL, { { UNMET, NOW - 2 * DAY }, { COMING, 1 } },
	    SAFETY_AT_RISK, CAUSE_OVERDUE, NOW - 2 * DAY },

	/* failed */
	{ "the last failed", WELL | GOOD | FAILED, { { 0, 0 } }, SAFETY_AT_RISK, CAUSE_FAILED,
	    NOW - 2 * MIN },
	{ "failed, the next runs", WELL | GOOD | FAILED, { { COMING, 7 } }, SAFETY_AT_RISK,
	    CAUSE_FAILED, NOW - 2 * MIN },
	{ "failed on demand, without a schedule", NEVER | GOOD | FAILED, { { 0, 0 } },
	    SAFETY_AT_RISK, CAUSE_FAILED, NOW - 2 * MIN },
	{ "failed, and never a good one", NEVER | FAILED, { { 0, 0 } }, SAFETY_AT_RISK,
	    CAUSE_FAILED, NOW - 2 * MIN },
	{ "failed before overdue", WELL | GOOD | FAILED,
	    { { AGE, 4 * DAY }, { UNMET, NOW - 3 * DAY } }, SAFETY_AT_RISK, CAUSE_FAILED,
	    NOW - 2 * MIN },
	{ "failed before damaged", WELL | GOOD | FAILED, { { HEALTH, HEALTH_DAMAGED } },
	    SAFETY_AT_RISK, CAUSE_FAILED, NOW - 2 * MIN },
	{ "failed, none good, the next runs", NEVER | FAILED, { { COMING, 7 } }, SAFETY_NONE,
	    CAUSE_COMING, NOW - 7 * DAY },

	/* damaged, and older than allowed */
	{ "damaged", WELL | GOOD, { { HEALTH, HEALTH_DAMAGED } }, SAFETY_AT_RISK, CAUSE_DAMAGED,
	    NOW - HOUR },
	{ "missing", WELL | GOOD, { { HEALTH, HEALTH_MISSING } }, SAFETY_AT_RISK, CAUSE_DAMAGED,
	    NOW - HOUR },
	{ "damaged, without a schedule", NEVER | GOOD, { { HEALTH, HEALTH_DAMAGED } },
	    SAFETY_AT_RISK, CAUSE_DAMAGED, NOW - HOUR },
	{ "older than allowed", WELL | GOOD, { { AGE, 5 * HOUR }, { RPO, 4 * HOUR } },
	    SAFETY_AT_RISK, CAUSE_OLD, NOW - 5 * HOUR - MIN + 4 * HOUR },
	{ "a moment older than allowed", WELL | GOOD, { { RPO, HOUR + MIN - 1 } }, SAFETY_AT_RISK,
	    CAUSE_OLD, NOW - 1 },
	{ "old, without a schedule", NEVER | GOOD, { { AGE, 5 * HOUR }, { RPO, 4 * HOUR } },
	    SAFETY_AT_RISK, CAUSE_OLD, NOW - 5 * HOUR - MIN + 4 * HOUR },
	{ "new, but the trusted one is old", WELL | GOOD,
	    { { ODD, true }, { TRUSTED, NOW - 9 * HOUR }, { RPO, 8 * HOUR } }, SAFETY_AT_RISK,
	    CAUSE_OLD, NOW - HOUR },
	{ "none is trusted", WELL | GOOD, { { ODD, true }, { TRUSTED, 0 }, { RPO, 8 * HOUR } },
	    SAFETY_AT_RISK, CAUSE_OLD, NOW - HOUR },
	{ "overdue before old", WELL | GOOD,
	    { { AGE, 4 * DAY }, { UNMET, NOW - 3 * DAY }, { RPO, HOUR } }, SAFETY_AT_RISK,
	    CAUSE_OVERDUE, NOW - 3 * DAY },

	/* alarms and suspicion */
	{ "an alarm", WELL | GOOD, { { ALARMED, NOW - 3 * MIN } }, SAFETY_AT_RISK, CAUSE_ALARM,
	    NOW - 3 * MIN },
	{ "an alarm before suspicion", WELL | GOOD, { { ODD, true }, { ALARMED, NOW - 3 * MIN } },
	    SAFETY_AT_RISK, CAUSE_ALARM, NOW - 3 * MIN },
	{ "suspicious", WELL | GOOD, { { ODD, true } }, SAFETY_SUSPICIOUS, CAUSE_SUSPICIOUS,
	    NOW - HOUR },
	{ "suspicious, without a schedule", NEVER | GOOD, { { ODD, true } }, SAFETY_SUSPICIOUS,
	    CAUSE_SUSPICIOUS, NOW - HOUR },
	{ "suspicious before late", WELL | GOOD,
	    { { AGE, 25 * HOUR }, { ODD, true }, { UNMET, NOW - HOUR } }, SAFETY_SUSPICIOUS,
	    CAUSE_SUSPICIOUS, NOW - 25 * HOUR },
	{ "overdue before suspicious", WELL | GOOD,
	    { { AGE, 4 * DAY }, { ODD, true }, { UNMET, NOW - 3 * DAY } }, SAFETY_AT_RISK,
	    CAUSE_OVERDUE, NOW - 3 * DAY },

	/* never scheduled, off, and nothing yet */
	{ "never scheduled", NEVER | GOOD, { { 0, 0 } }, SAFETY_UNSCHEDULED, CAUSE_UNSCHEDULED,
	    NOW - 7 * DAY },
	{ "never scheduled, an old unmet run", NEVER | GOOD, { { UNMET, NOW - DAY } },
	    SAFETY_UNSCHEDULED, CAUSE_UNSCHEDULED, NOW - 7 * DAY },
	{ "all are off", NEVER | GOOD, { { SCHEDULES, 2 } }, SAFETY_UNSCHEDULED, CAUSE_OFF,
	    NOW - 7 * DAY },
	{ "off: what was due before does not count", NEVER | GOOD,
	    { { AGE, 9 * DAY }, { SCHEDULES, 1 }, { UNMET, NOW - 8 * DAY },
	    { NEXT, NOW - DAY } }, SAFETY_UNSCHEDULED, CAUSE_OFF, NOW - 7 * DAY },
	{ "paused until later", NEVER | GOOD, { { SCHEDULES, 1 }, { RESUMES, NOW + DAY } },
	    SAFETY_UNSCHEDULED, CAUSE_OFF, NOW - 7 * DAY },
	{ "off and a gap", NEVER | GOOD, { { SCHEDULES, 1 }, { UNCOVERED, 2 } },
	    SAFETY_UNSCHEDULED, CAUSE_OFF, NOW - 7 * DAY },
	{ "nothing yet", NEVER, { { 0, 0 } }, SAFETY_NONE, CAUSE_FIRST, NOW - 7 * DAY },
	{ "nothing yet, scheduled", WELL, { { 0, 0 } }, SAFETY_NONE, CAUSE_FIRST, NOW - 7 * DAY },
	{ "the first is on its way", NEVER, { { COMING, 1 } }, SAFETY_NONE, CAUSE_COMING,
	    NOW - 7 * DAY },
	{ "no services", BARE, { { CREATED, NOW - DAY } }, SAFETY_NONE, CAUSE_NO_SERVICES,
	    NOW - DAY },
	{ "no services, scheduled and overdue", WELL,
	    { { SERVICES, 0 }, { UNMET, NOW - 2 * DAY } }, SAFETY_NONE, CAUSE_NO_SERVICES,
	    NOW - 7 * DAY },
	{ "what is old says nothing without a backup", NEVER, { { RPO, HOUR } }, SAFETY_NONE,
	    CAUSE_FIRST, NOW - 7 * DAY },

	/* paused is a decision, whatever else is true */
	{ "paused", WELL | GOOD, { { PAUSED, true } }, SAFETY_PAUSED, CAUSE_PAUSED, 0 },
	{ "paused and empty", BARE, { { PAUSED, true } }, SAFETY_PAUSED, CAUSE_PAUSED, 0 },
	{ "paused and failed", WELL | GOOD | FAILED, { { PAUSED, true } }, SAFETY_PAUSED,
	    CAUSE_PAUSED, 0 },
	{ "paused and overdue", WELL | GOOD,
	    { { AGE, 4 * DAY }, { UNMET, NOW - 3 * DAY }, { PAUSED, true } }, SAFETY_PAUSED,
	    CAUSE_PAUSED, 0 },
};
enum { ROWS = sizeof rows / sizeof rows[0] };
_Static_assert(ROWS >= 60, "the table is as long as it was promised to be");

static void
age(struct safety_facts *f, int64_t ms)
{
	f->good = f->ended = 5;
	f->good_at = f->ended_at = NOW - ms;
	f->trusted_at = NOW - ms - MIN;
	f->trusted_end = NOW - ms;
	f->health = HEALTH_GOOD;
}

static void
odd(struct safety_facts *f, bool is)
{
	f->suspicious = is;
	f->odd = is ? f->good : 0;
	f->odd_at = is ? f->good_at : 0;
}

static void
change(struct safety_facts *f, enum fact fact, int64_t value)
{
	int64_t *const numbers[] = {
		[SERVICES] = &f->services, [UNCOVERED] = &f->uncovered_count,
		[SCHEDULES] = &f->schedules, [ON] = &f->schedules_on, [RESUMES] = &f->resumes_at,
		[NEXT] = &f->next_at, [INTERVAL] = &f->interval_ms, [UNMET] = &f->unmet_at,
		[TRUSTED] = &f->trusted_at, [COMING] = &f->coming, [RPO] = &f->rpo_ms,
		[ALARMED] = &f->alarm_at, [CREATED] = &f->created_at,
	};

	if (fact == NOTHING)
		return;
	if (fact == AGE)
		age(f, value);
	else if (fact == PAUSED)
		f->paused = value != 0;
	else if (fact == ODD)
		odd(f, value != 0);
	else if (fact == HEALTH)
		f->health = (enum backup_health)value;
	else
		*numbers[fact] = value;
	if (fact == TRUSTED)
		f->trusted_end = value;
	if (fact == ALARMED)
		f->alarm = "test";
}

static struct safety_facts
facts_of(const struct row *r)
{
	struct safety_facts f = { .uncovered = "media" };

	if ((r->base & (NEVER | WELL)) != 0) {
		f.created_at = NOW - 7 * DAY;
		f.services = 2;
	}
	if ((r->base & WELL) != 0) {
		f.schedules = f.schedules_on = 1;
		f.next_at = NOW + 23 * HOUR;
		f.interval_ms = DAY;
	}
	if ((r->base & GOOD) != 0)
		age(&f, HOUR);
	for (int pass = 0; pass < 2; pass++)
		for (int i = 0; i < CHANGES; i++)
			/* The age first: what is said of that backup comes on top. */
			if ((r->changes[i].fact == AGE) == (pass == 0))
				change(&f, r->changes[i].fact, r->changes[i].value);
	if ((r->base & FAILED) != 0) {
		f.ended = 6;
		f.ended_at = NOW - 2 * MIN;
		f.ended_failed = true;
	}
	return f;
}


static void
PEER_8_PLA_14_every_row_of_the_table_has_its_answer(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS; i++) {
		struct safety_facts f = facts_of(&rows[i]);
		struct safety s = safety_of(&f, NOW);

		if (s.state != rows[i].state || s.cause != rows[i].cause ||
		    s.since != rows[i].since)
			fail_msg("%s: state %d, cause %d, since %lld", rows[i].what, (int)s.state,
			    (int)s.cause, (long long)(s.since - NOW));
	}
	assert_true(ROWS >= 60);
}

/* Control: each fact of the table matters. Without it at least one row is answered otherwise. */
static void
a_rule_that_overlooks_a_fact_would_be_noticed(void **state)
{
	enum { FACTS = 13 };
	size_t changed[FACTS] = { 0 };

	(void)state;
	for (size_t i = 0; i < ROWS; i++)
		for (int k = 0; k < FACTS; k++) {
			struct safety_facts f = facts_of(&rows[i]);
			struct safety s;

			if (k == 0) f.paused = false;
			if (k == 1) f.services = 1;
			if (k == 2) f.uncovered_count = 0;
			if (k == 3) f.schedules_on = 1;
			if (k == 4) f.next_at = 0;
			if (k == 5) f.interval_ms = 0;
			if (k == 6) f.unmet_at = 0;
			if (k == 7) f.health = HEALTH_GOOD;
			if (k == 8) f.suspicious = false;
			if (k == 9) f.trusted_at = NOW;
			if (k == 10) f.ended_failed = false;
			if (k == 11) f.coming = 0;
			if (k == 12) f.alarm = NULL;
			s = safety_of(&f, NOW);
			changed[k] += s.state != rows[i].state || s.cause != rows[i].cause;
		}
	for (int k = 0; k < FACTS; k++)
		if (changed[k] == 0)
			fail_msg("fact %d changes nothing", k);
}

/* The states are in the order of the lists, and only the first three call for somebody. */
static void
the_worst_comes_first(void **state)
{
	(void)state;
	assert_true(SAFETY_AT_RISK < SAFETY_SUSPICIOUS && SAFETY_SUSPICIOUS < SAFETY_LATE);
	assert_true(SAFETY_LATE < SAFETY_NONE && SAFETY_NONE < SAFETY_UNSCHEDULED);
	assert_true(SAFETY_UNSCHEDULED < SAFETY_PROTECTED && SAFETY_PROTECTED < SAFETY_PAUSED);
	assert_true(safety_bad(SAFETY_AT_RISK) && safety_bad(SAFETY_LATE));
	assert_false(safety_bad(SAFETY_NONE) || safety_bad(SAFETY_UNSCHEDULED));
	assert_string_equal(safety_word(SAFETY_UNSCHEDULED), "At risk");
	assert_string_equal(safety_name(SAFETY_UNSCHEDULED), "not-scheduled");
}

static void
the_grace_is_a_quarter_within_bounds(void **state)
{
	(void)state;
	assert_int_equal(safety_grace(0), 30 * MIN);
	assert_int_equal(safety_grace(HOUR), 30 * MIN);
	assert_int_equal(safety_grace(4 * HOUR), HOUR);
	assert_int_equal(safety_grace(DAY), 6 * HOUR);
	assert_int_equal(safety_grace(30 * DAY), 6 * HOUR);
}

static void
a_backup_never_gets_safer_by_waiting(void **state)
{
	enum safety_state last = SAFETY_PROTECTED;
	const struct row r = { .base = WELL | GOOD, .changes = { { AGE, DAY }, { UNMET, NOW } } };
	struct safety_facts f = facts_of(&r);

	(void)state;
	for (int64_t t = 0; t < 2 * DAY; t += MIN) {
		struct safety s = safety_of(&f, NOW + t);

		assert_true(s.state <= last);
		last = s.state;
	}
	assert_int_equal(last, SAFETY_AT_RISK);
}

static void
says(const char *what, const char *want)
{
	struct arena *a = arena_new();
	const char *text = NULL;

	for (size_t i = 0; i < ROWS; i++) {
		struct safety_facts f = facts_of(&rows[i]);
		struct safety s = safety_of(&f, NOW);

		if (strcmp(rows[i].what, what) == 0)
			text = safety_reason(a, &s, &f, NOW);
	}
	assert_non_null(text);
	assert_string_equal(text, want);
	arena_free(a);
}

static void
PLA_14_each_reason_is_a_sentence(void **state)
{
	(void)state;
	says("well", "No scheduled backup is missing.");
	says("the next is on its way", "The next backup is on its way.");
	says("a gap", "Not backed up: media. No schedule takes it.");
	says("never scheduled", "No schedule: backups are made on demand.");
	says("all are off", "Scheduled backups are off: backups are made on demand.");
	says("paused until later", "Scheduled backups are paused until 16 Jan 2027, 08:00 UTC.");
	says("an hour late", "The backup of 15 Jan 2027, 07:00 UTC is 1 h 00 m late.");
	says("overdue by days", "The backup of 12 Jan 2027, 08:00 UTC is 3 d 0 h overdue.");
	says("running for more than a day",
	    "The backup of 14 Jan 2027, 07:00 UTC is 1 d 1 h overdue; one is on its way.");
	says("the last failed", "The last backup, b6, failed.");
	says("failed, and never a good one",
	    "The last backup, b6, failed, and there is no good one.");
	says("damaged", "The stored bytes of the last backup, b5, are damaged.");
	says("missing", "The stored bytes of the last backup, b5, are missing.");
	says("older than allowed", "The newest backup that can be trusted is 5 h 01 m old; 4 h 00 m"
	    " are allowed.");
	says("none is trusted", "There is no backup that can be trusted.");
	says("an alarm", "test");
	says("suspicious", "The last backup, b5, looks wrong.");
	says("no services", "Nothing has been backed up yet: it has no services.");
	says("nothing yet", "Nothing has been backed up yet.");
	says("nothing yet, scheduled",
	    "Nothing has been backed up yet: the first run is still to come.");
	says("the first is on its way", "The first backup is on its way (b1).");
	says("failed, none good, the next runs", "The next backup is on its way (b7).");
	says("paused", "Paused: no backups can be made.");
}

/* What was late before a pause is as late after it. */
static void
PEER_8_the_time_of_a_pause_is_no_lateness(void **state)
{
	const struct row r = { .base = WELL | GOOD,
		.changes = { { AGE, 3 * DAY }, { UNMET, NOW - 2 * DAY } } };
	struct safety_facts f = facts_of(&r);
	struct arena *a = arena_new();
	struct safety s;

	(void)state;
	f.ended_of = f.oldest = f.odd_of = "";
	/* An hour late it was paused, and went on ten minutes ago. */
	f.paused_at = f.unmet_at + HOUR;
	f.resumed_at = NOW - 10 * MIN;
	s = safety_of(&f, NOW);
	assert_int_equal(s.cause, CAUSE_LATE);
	assert_int_equal(s.since, f.unmet_at);
	assert_string_equal(safety_reason(a, &s, &f, NOW),
	    "The backup of 13 Jan 2027, 08:00 UTC is 1 h 10 m late, without the pause.");
	/* Seven hours, and it was overdue. */
	f.paused_at = f.unmet_at + 7 * HOUR;
	assert_int_equal(safety_of(&f, NOW).cause, CAUSE_OVERDUE);
	/* Due while it was paused, and not refused: from the resuming on. */
	f.paused_at = f.unmet_at - HOUR;
	assert_int_equal(safety_of(&f, NOW).cause, CAUSE_LATE);
	assert_int_equal(safety_of(&f, NOW + 6 * HOUR).cause, CAUSE_OVERDUE);
	/* It ended before: it has nothing to do with it. */
	f.paused_at = f.unmet_at - 2 * HOUR;
	f.resumed_at = f.unmet_at - HOUR;
	assert_int_equal(safety_of(&f, NOW).cause, CAUSE_OVERDUE);
	/* When it began is not known: an older program wrote it. */
	f.paused_at = 0;
	f.resumed_at = NOW - HOUR;
	assert_int_equal(safety_of(&f, NOW).cause, CAUSE_LATE);
	/* Silence is no shorter for it either. */
	f.silent_after = NOW - 3 * DAY;
	f.silent_interval_ms = DAY;
	f.paused_at = NOW - HOUR;
	f.resumed_at = NOW;
	assert_true(safety_silent(&f, NOW));
	f.paused_at = NOW - 3 * DAY + HOUR;
	assert_false(safety_silent(&f, NOW));
	arena_free(a);
}

static void
PLA_14_a_sentence_names_the_service_it_is_about(void **state)
{
	const struct row r = { .base = WELL | GOOD,
		.changes = { { AGE, 5 * HOUR }, { ODD, 1 }, { RPO, DAY } } };
	struct safety_facts f = facts_of(&r);
	struct arena *a = arena_new();
	struct safety s = safety_of(&f, NOW);

	(void)state;
	f.odd = 3;
	f.odd_of = "Media";
	assert_string_equal(safety_reason(a, &s, &f, NOW),
	    "The last backup of Media, b3, looks wrong.");
	s.cause = CAUSE_FAILED;
	f.ended = 4;
	f.ended_of = "Media";
	f.newest = 5;
	assert_string_equal(safety_reason(a, &s, &f, NOW), "The last backup of Media, b4, failed.");
	f.newest = 4;
	assert_string_equal(safety_reason(a, &s, &f, NOW), "The last backup, b4, failed.");
	s.cause = CAUSE_OLD;
	f.oldest = "Media";
	assert_string_equal(safety_reason(a, &s, &f, NOW), "The newest backup of Media that can be"
	    " trusted is 5 h 01 m old; 1 d 0 h are allowed.");
	f.trusted_end = 0;
	assert_string_equal(safety_reason(a, &s, &f, NOW),
	    "There is no backup of Media that can be trusted.");
	arena_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(PEER_8_PLA_14_every_row_of_the_table_has_its_answer),
		cmocka_unit_test(a_rule_that_overlooks_a_fact_would_be_noticed),
		cmocka_unit_test(the_worst_comes_first),
		cmocka_unit_test(the_grace_is_a_quarter_within_bounds),
		cmocka_unit_test(a_backup_never_gets_safer_by_waiting),
		cmocka_unit_test(PLA_14_each_reason_is_a_sentence),
		cmocka_unit_test(PEER_8_the_time_of_a_pause_is_no_lateness),
		cmocka_unit_test(PLA_14_a_sentence_names_the_service_it_is_about),
	};

	return cmocka_run_group_tests_name("safety", tests, NULL, NULL);
}
