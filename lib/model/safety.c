/* safety.c: the answer to "am I safe?" for one environment, out of facts alone. */
#include "lib/model/safety.h"

#include <inttypes.h>

#include "lib/base/num.h"
#include "lib/model/name.h"

#define MINUTE INT64_C(60000)
#define HOUR (60 * MINUTE)

enum { QUARTER = 4 };

static const struct {
	const char *word, *name;
} states[SAFETY_STATES] = {
	[SAFETY_AT_RISK] = { "At risk", "at-risk" },
	[SAFETY_SUSPICIOUS] = { "Suspicious", "suspicious" },
	[SAFETY_LATE] = { "Late", "late" },
	[SAFETY_NONE] = { "No backup yet", "no-backup-yet" },
	[SAFETY_UNSCHEDULED] = { "At risk", "not-scheduled" },
	[SAFETY_PROTECTED] = { "Protected", "protected" },
	[SAFETY_PAUSED] = { "Paused", "paused" },
};

const char *
safety_word(enum safety_state state)
{
	return states[state].word;
}

const char *
safety_name(enum safety_state state)
{
	return states[state].name;
}

bool
safety_bad(enum safety_state state)
{
	return state <= SAFETY_LATE;
}

int64_t
safety_grace(int64_t interval_ms)
{
	int64_t grace = interval_ms / QUARTER;

	return grace < 30 * MINUTE ? 30 * MINUTE : grace > 6 * HOUR ? 6 * HOUR : grace;
}

bool
safety_too_old(const struct safety_facts *f, int64_t now)
{
	return f->rpo_ms > 0 && now - (f->good != 0 ? f->trusted_at : f->created_at) > f->rpo_ms;
}

int64_t
safety_unmet(const struct safety_facts *f, int64_t now)
{
	int64_t due = f->schedules_on > 0 ? f->unmet_at : 0;

	/* Its time is past and nobody has taken it: the worker stands still. */
	if (f->schedules_on > 0 && f->next_at > 0 && f->next_at < now &&
	    (due == 0 || f->next_at < due))
		due = f->next_at;
	return due < now ? due : 0;
}

/* How long something has been waited for: the last pause does not count. */
static int64_t
waited(const struct safety_facts *f, int64_t since, int64_t now)
{
	int64_t from = f->paused_at > since ? f->paused_at : since;
	int64_t until = f->resumed_at < now ? f->resumed_at : now;

	return now - since - (until > from ? until - from : 0);
}

/* A backup that is being made has four times as long as one that nobody has begun. */
static int64_t
patience(const struct safety_facts *f, int64_t interval_ms)
{
	int64_t grace = safety_grace(interval_ms);

	return f->coming != 0 ? QUARTER * grace : grace;
}

static bool
is_overdue(const struct safety_facts *f, int64_t due, int64_t now)
{
	return due > 0 && waited(f, due, now) > patience(f, f->interval_ms);
}

bool
safety_silent(const struct safety_facts *f, int64_t now)
{
	int64_t interval = f->silent_interval_ms;

	return interval > 0 && f->schedules_on > 0 &&
	    waited(f, f->silent_after, now) > interval + patience(f, interval);
}

static bool
is_late(const struct safety_facts *f, int64_t due, int64_t now)
{
	return due > 0 && waited(f, due, now) >
	    (f->coming != 0 ? safety_grace(f->interval_ms) : SAFETY_SLACK);
}

static bool
says(const char *text)
{
	return text != NULL && *text != '\0';
}

/* What is wrong with an environment that has a good backup; false: nothing is. */
static bool
trouble(struct safety *s, const struct safety_facts *f, int64_t now)
{
	int64_t due = safety_unmet(f, now);

	if (f->ended_failed)
		*s = (struct safety){ SAFETY_AT_RISK, CAUSE_FAILED, f->ended_at };
	else if (f->health == HEALTH_DAMAGED || f->health == HEALTH_MISSING)
		*s = (struct safety){ SAFETY_AT_RISK, CAUSE_DAMAGED, f->good_at };
	else if (is_overdue(f, due, now))
		*s = (struct safety){ SAFETY_AT_RISK, CAUSE_OVERDUE, due };
	else if (safety_too_old(f, now))
		*s = (struct safety){ SAFETY_AT_RISK, CAUSE_OLD,
			f->trusted_at > 0 ? f->trusted_at + f->rpo_ms : f->good_at };
	else if (says(f->alarm))
		*s = (struct safety){ SAFETY_AT_RISK, CAUSE_ALARM, f->alarm_at };
	else if (f->suspicious)
		*s = (struct safety){ SAFETY_SUSPICIOUS, CAUSE_SUSPICIOUS, f->odd_at };
	else if (is_late(f, due, now))
		*s = (struct safety){ SAFETY_LATE, CAUSE_LATE, due };
	else
		return false;
	return true;
}

/* There is no good backup: can there be one, and should there be one by now? */
static struct safety
without(const struct safety_facts *f, int64_t now)
{
	int64_t due = safety_unmet(f, now);

	if (f->ended_failed && f->coming == 0)
		return (struct safety){ SAFETY_AT_RISK, CAUSE_FAILED, f->ended_at };
	if (f->services == 0)
		return (struct safety){ SAFETY_NONE, CAUSE_NO_SERVICES, f->created_at };
	if (is_overdue(f, due, now))
		return (struct safety){ SAFETY_AT_RISK, CAUSE_OVERDUE, due };
	if (f->coming != 0)
		return (struct safety){ SAFETY_NONE, CAUSE_COMING, f->created_at };
	if (is_late(f, due, now))
		return (struct safety){ SAFETY_LATE, CAUSE_LATE, due };
	return (struct safety){ SAFETY_NONE, CAUSE_FIRST, f->created_at };
}

struct safety
safety_of(const struct safety_facts *f, int64_t now)
{
	struct safety s;

	if (f->paused)
		return (struct safety){ SAFETY_PAUSED, CAUSE_PAUSED, 0 };
	if (f->good == 0)
		return without(f, now);
	if (trouble(&s, f, now))
		return s;
	if (f->schedules_on == 0)
		return (struct safety){ SAFETY_UNSCHEDULED,
			f->schedules > 0 ? CAUSE_OFF : CAUSE_UNSCHEDULED, f->created_at };
	return (struct safety){ SAFETY_PROTECTED, f->uncovered_count > 0 ? CAUSE_GAP : CAUSE_GOOD,
		0 };
}

/* -- words -- */

/* "26 h 00 m", of at least a minute. */
static const char *
lasted(char out[NUM_TEXT], int64_t ms)
{
	num_duration(out, ms < MINUTE ? MINUTE : ms - ms % MINUTE);
	return out;
}

static char *
failed(struct arena *a, const struct safety_facts *f, const char *id)
{
	if (f->good == 0)
		return arena_printf(a, "The last backup, %s, failed, and there is no good one.",
		    id);
	/* Not when another service has a newer one. */
	if (f->ended < f->newest && says(f->ended_of))
		return arena_printf(a, "The last backup of %s, %s, failed.", f->ended_of, id);
	return arena_printf(a, "The last backup, %s, failed.", id);
}

static char *
old(struct arena *a, const struct safety_facts *f, int64_t now)
{
	char age[NUM_TEXT], allowed[NUM_TEXT];
	bool one = says(f->oldest);

	if (f->trusted_end == 0)
		return arena_printf(a, "There is no backup%s%s that can be trusted.",
		    one ? " of " : "", one ? f->oldest : "");
	return arena_printf(a, "The newest backup%s%s that can be trusted is %s old; %s are"
	    " allowed.", one ? " of " : "", one ? f->oldest : "",
	    lasted(age, now - f->trusted_at), lasted(allowed, f->rpo_ms));
}

static char *
due(struct arena *a, const struct safety *s, const struct safety_facts *f, int64_t now)
{
	int64_t late = waited(f, s->since, now);
	char by[NUM_TEXT], at[NUM_TEXT];

	num_date(at, s->since);
	return arena_printf(a, "The backup of %s UTC is %s %s%s%s.", at,
	    lasted(by, late), s->cause == CAUSE_LATE ? "late" : "overdue",
	    late < now - s->since ? ", without the pause" : "",
	    f->coming != 0 ? "; one is on its way" : "");
}

static char *
coming(struct arena *a, const struct safety_facts *f)
{
	char id[NAME_ID_SIZE];

	name_id(id, NAME_BACKUP, f->coming);
	return arena_printf(a, "The %s backup is on its way (%s).",
	    f->ended != 0 ? "next" : "first", id);
}

static char *
off(struct arena *a, const struct safety_facts *f)
{
	char at[NUM_TEXT];

	if (f->resumes_at == 0)
		return arena_dup(a, "Scheduled backups are off: backups are made on demand.");
	num_date(at, f->resumes_at);
	return arena_printf(a, "Scheduled backups are paused until %s UTC.", at);
}

char *
safety_reason(struct arena *a, const struct safety *s, const struct safety_facts *f, int64_t now)
{
	char good[NAME_ID_SIZE], ended[NAME_ID_SIZE], odd[NAME_ID_SIZE];

	name_id(good, NAME_BACKUP, f->good);
	name_id(ended, NAME_BACKUP, f->ended);
	name_id(odd, NAME_BACKUP, f->odd);
	switch (s->cause) {
	case CAUSE_FAILED:
		return failed(a, f, ended);
	case CAUSE_DAMAGED:
		return arena_printf(a, "The stored bytes of the last backup, %s, are %s.", good,
		    f->health == HEALTH_DAMAGED ? "damaged" : "missing");
	case CAUSE_OVERDUE:
	case CAUSE_LATE:
		return due(a, s, f, now);
	case CAUSE_OLD:
		return old(a, f, now);
	case CAUSE_ALARM:
		return arena_dup(a, f->alarm);
	case CAUSE_SUSPICIOUS:
		return says(f->odd_of)
		    ? arena_printf(a, "The last backup of %s, %s, looks wrong.", f->odd_of, odd)
		    : arena_printf(a, "The last backup, %s, looks wrong.", odd);
	case CAUSE_NO_SERVICES:
		return arena_dup(a, "Nothing has been backed up yet: it has no services.");
	case CAUSE_COMING:
		return coming(a, f);
	case CAUSE_FIRST:
		return arena_dup(a, f->schedules_on > 0
		    ? "Nothing has been backed up yet: the first run is still to come."
		    : "Nothing has been backed up yet.");
	case CAUSE_UNSCHEDULED:
		return arena_dup(a, "No schedule: backups are made on demand.");
	case CAUSE_OFF:
		return off(a, f);
	case CAUSE_GAP:
		return arena_printf(a, "Not backed up: %s. No schedule takes %s.", f->uncovered,
		    f->uncovered_count == 1 ? "it" : "them");
	case CAUSE_GOOD:
		return arena_dup(a, f->coming != 0 ? "The next backup is on its way."
		                                   : "No scheduled backup is missing.");
	case CAUSE_PAUSED:
	case CAUSES:
		break;
	}
	return arena_dup(a, "Paused: no backups can be made.");
}
