/* owners.c: names of users and groups. */
#include "worker/archive/owners.h"

#include <grp.h>
#include <pwd.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

static void
keep(struct owners_name *slot, unsigned id, const char *name)
{
	slot->id = id;
	slot->known = true;
	snprintf(slot->name, sizeof slot->name, "%s",
	    name != NULL && strlen(name) < OWNERS_NAME ? name : "");
}

const char *
owners_user(struct owners *o, unsigned id, struct arena *a)
{
	struct owners_name *slot = &o->users[id % OWNERS_KEPT];

	if (!slot->known || slot->id != id) {
		const struct passwd *found = getpwuid(id);

		keep(slot, id, found != NULL ? found->pw_name : NULL);
	}
	return arena_dup(a, slot->name);
}

const char *
owners_group(struct owners *o, unsigned id, struct arena *a)
{
	struct owners_name *slot = &o->groups[id % OWNERS_KEPT];

	if (!slot->known || slot->id != id) {
		const struct group *found = getgrgid(id);

		keep(slot, id, found != NULL ? found->gr_name : NULL);
	}
	return arena_dup(a, slot->name);
}
