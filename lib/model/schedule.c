/* schedule.c: one schedule, and when it is due. */
#include "lib/model/schedule.h"

#include "lib/model/cron_read.h"
#include "lib/model/name.h"
#include "lib/model/retain_rule.h"
#include "lib/model/spread.h"
#include "lib/model/word.h"

static const char *const notify_words[NOTIFIES] = {
	[NOTIFY_CHANNELS] = "channels",
	[NOTIFY_NEVER] = "never",
	[NOTIFY_FAILURE] = "failure",
	[NOTIFY_ALWAYS] = "always",
};

const char *
schedule_notify_name(enum schedule_notify notify)
{
	return word_of(notify_words, NOTIFIES, (int)notify);
}

bool
schedule_notify_parse(enum schedule_notify *ret, const char *name)
{
	int found = word_find(notify_words, NOTIFIES, name);

	if (found < 0)
		return false;
	*ret = (enum schedule_notify)found;
	return true;
}

size_t
schedule_check(struct field_error out[SCHEDULE_ERRORS_MAX], struct arena *a,
    const struct schedule *s)
{
	struct retain_rule rule;
	struct zone *zone;
	struct cron c;
	struct err why;
	size_t n = 0;

	if (name_check_title("Name", s->name, &why) != 0)
		out[n++] = (struct field_error){ "name", arena_dup(a, why.text) };
	if (cron_read(&c, s->cron, SCHEDULE_SHORTEST, &why) != 0)
		out[n++] = (struct field_error){ "cron", arena_dup(a, why.text) };
	if (*s->zone != '\0' && zone_load(&zone, a, ZONE_FOLDER, s->zone, &why) != 0)
		out[n++] = (struct field_error){ "zone", arena_dup(a, why.text) };
	if (s->spread_min < 0 || s->spread_min > SPREAD_MAX)
		out[n++] = (struct field_error){ "spread",
			arena_printf(a, "Spread must be 0 to %d minutes", SPREAD_MAX) };
	if (s->keep != NULL && *s->keep != '\0' &&
	    retain_rule_parse_keeps(&rule, s->keep, &why) != 0)
		out[n++] = (struct field_error){ "keep", arena_dup(a, why.text) };
	return n;
}

/* The next run behind an instant, with its spread; 0: there is none. */
static int64_t
next_after(const struct cron *c, const struct zone *z, int64_t after, int64_t spread)
{
	struct cron_run run;

	return cron_next(&run, c, z, after) ? run.at + spread : 0;
}

int
schedule_turn(struct schedule_turn *ret, const struct schedule *s,
    const struct schedule_target *t, int64_t now, struct err *e)
{
	struct schedule_turn turn = { .handled = t->handled };
	int64_t since = t->handled, at;
	struct cron_due due;
	struct cron c;

	if (cron_read(&c, s->cron, 0, e) != 0)
		return -1;
	turn.spread = spread_minutes(s->uuid, t->uuid, s->spread_min) * CALENDAR_MINUTE;
	at = now - turn.spread;
	if (!s->enabled) {
		*ret = turn;
		return 0;
	}
	if (s->paused_until > now) {
		turn.next = next_after(&c, t->zone, s->paused_until, turn.spread);
		*ret = turn;
		return 0;
	}
	if (since < s->paused_until)
		since = s->paused_until;
	cron_due(&due, &c, t->zone, since, at);
	turn.due = due.due;
	turn.run = due.run;
	turn.missed = due.missed;
	turn.handled = due.handled;
	turn.next = next_after(&c, t->zone, due.handled > at ? due.handled : at, turn.spread);
	*ret = turn;
	return 0;
}
