/* zoneset.c: time zones by name, each read from the system once. */
#include "lib/model/zoneset.h"

#include <string.h>

int
zoneset_find(struct zone **ret, struct zoneset *set, const char *name, struct err *e)
{
	for (size_t i = 0; i < set->count; i++)
		if (strcmp(zone_name(set->items[i]), name) == 0) {
			*ret = set->items[i];
			return 0;
		}
	if (zone_load(ret, set->arena, ZONE_FOLDER, name, e) != 0)
		return -1;
	if (set->count < ZONESET_MAX)
		set->items[set->count++] = *ret;
	return 0;
}

struct zone *
zoneset_any(struct zoneset *set, const char *name)
{
	struct zone *zone;
	struct err e;

	return zoneset_find(&zone, set, name, &e) == 0 || zoneset_find(&zone, set, "UTC", &e) == 0
	    ? zone
	    : zone_utc(set->arena);
}
