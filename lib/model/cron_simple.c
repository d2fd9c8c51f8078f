/* cron_simple.c: the schedules that a form with a few pickers can make, as cron expressions. */
#include "lib/model/cron_simple.h"

#include <assert.h>
#include <stdio.h>

#include "lib/model/cron_read.h"
#include "lib/model/word.h"

static const char *const everies[CRON_EVERIES] = { "hour", "day", "week", "month" };

const char *
cron_simple_name(enum cron_every every)
{
	return word_of(everies, CRON_EVERIES, (int)every);
}

bool
cron_simple_parse(enum cron_every *ret, const char *name)
{
	int found = word_find(everies, CRON_EVERIES, name);

	if (found >= 0)
		*ret = (enum cron_every)found;
	return found >= 0;
}

int
cron_simple_text(char out[CRON_SIMPLE_SIZE], const struct cron_simple *s, struct err *e)
{
	char text[64], day[16] = "L";
	struct cron c;
	int n;

	if (s->day != CRON_LAST_DAY)
		snprintf(day, sizeof day, "%d", s->day);
	switch (s->every) {
	case CRON_EVERY_HOUR:
		snprintf(text, sizeof text, "%d * * * *", s->minute);
		break;
	case CRON_EVERY_DAY:
		snprintf(text, sizeof text, "%d %d * * *", s->minute, s->hour);
		break;
	case CRON_EVERY_WEEK:
		snprintf(text, sizeof text, "%d %d * * %d", s->minute, s->hour, s->weekday);
		break;
	case CRON_EVERY_MONTH:
		snprintf(text, sizeof text, "%d %d %s * *", s->minute, s->hour, day);
		break;
	case CRON_EVERIES:
		return err_set(e, ERR_INPUT, "Choose hour, day, week or month");
	}
	/* The reader has the sentences; what it takes is short. */
	if (cron_read(&c, text, 0, e) != 0)
		return -1;
	n = snprintf(out, CRON_SIMPLE_SIZE, "%s", text);
	assert(n < CRON_SIMPLE_SIZE);
	return 0;
}

/* The only member of a set, or -1. */
static int
only(uint64_t set)
{
	int n = 0;

	if (set == 0 || (set & (set - 1)) != 0)
		return -1;
	while ((set >> n & 1) == 0)
		n++;
	return n;
}

static bool
same(const struct cron *a, const struct cron *b)
{
	return a->minutes == b->minutes && a->hours == b->hours && a->days == b->days &&
	    a->months == b->months && a->weekdays == b->weekdays &&
	    a->last_weekdays == b->last_weekdays && a->fixed == b->fixed && a->either == b->either;
}

/* Guess the fields for each shape, and see whether its expression means the same. */
bool
cron_simple_of(struct cron_simple *ret, const struct cron *c)
{
	struct cron_simple found = CRON_SIMPLE_DEFAULT;
	int hour = only(c->hours), weekday = only(c->weekdays), day = only(c->days);

	found.minute = only(c->minutes);
	found.hour = hour >= 0 ? hour : found.hour;
	found.weekday = weekday >= 0 ? weekday : found.weekday;
	found.day = day >= 0 ? day : found.day;
	for (int every = 0; every < CRON_EVERIES; every++) {
		char text[CRON_SIMPLE_SIZE];
		struct cron meant;
		struct err e;

		found.every = (enum cron_every)every;
		if (cron_simple_text(text, &found, &e) == 0 &&
		    cron_read(&meant, text, 0, &e) == 0 && same(&meant, c)) {
			*ret = found;
			return true;
		}
	}
	return false;
}
