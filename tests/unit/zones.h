/* zones.h: zones of the system and local times as text, for the tests of schedules. */
#ifndef TESTS_UNIT_ZONES_H
#define TESTS_UNIT_ZONES_H

#include <stdio.h>

#include "lib/base/arena.h"
#include "lib/model/calendar.h"
#include "lib/model/zone.h"

/* Each such test has an arena of its own as its state. */
#define IN_ARENA(test) cmocka_unit_test_setup_teardown(test, zones_begin, zones_end)

static UNUSED int
zones_begin(void **state)
{
	*state = arena_new();
	return 0;
}

static UNUSED int
zones_end(void **state)
{
	arena_free(*state);
	return 0;
}

static UNUSED struct zone *
zone_of(struct arena *a, const char *name)
{
	struct zone *z = NULL;
	struct err e;

	if (zone_load(&z, a, ZONE_FOLDER, name, &e) != 0)
		fail_msg("%s", e.text);
	return z;
}

/* "2026-03-29T02:30" as a local time; as an instant it is read in UTC. */
static UNUSED int64_t
local_of(const char *text)
{
	int year, month, day, hour, minute;

	if (sscanf(text, "%d-%d-%dT%d:%d", &year, &month, &day, &hour, &minute) != 5)
		fail_msg("no such time: %s", text);
	return calendar_day(year, month, day) * CALENDAR_DAY + hour * CALENDAR_HOUR +
	    minute * CALENDAR_MINUTE;
}

#endif
