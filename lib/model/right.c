/* right.c: roles as bundles of rights, in one table. */
#include "lib/model/right.h"

#include "lib/model/word.h"

static const char *const right_names[RIGHTS] = {
	[RIGHT_NONE] = "none",           [RIGHT_VIEW] = "view",
	[RIGHT_BACKUP] = "backup",       [RIGHT_DOWNLOAD] = "download",
	[RIGHT_RESTORE] = "restore",     [RIGHT_RESTORE_LIVE] = "restore-to-live",
	[RIGHT_DELETE] = "delete",       [RIGHT_CONFIGURE] = "configure",
	[RIGHT_ADMINISTER] = "administer",
};
static const char *const role_names[ROLES] = {
	[ROLE_VIEWER] = "viewer", [ROLE_OPERATOR] = "operator", [ROLE_ADMIN] = "admin",
};

/* Deleting and configuring can lose backups for good, and restoring into live what is live: they
 * stay with the admin. */
static const bool bundles[ROLES][RIGHTS] = {
	[ROLE_VIEWER] = { [RIGHT_VIEW] = true },
	[ROLE_OPERATOR] = { [RIGHT_VIEW] = true, [RIGHT_BACKUP] = true, [RIGHT_DOWNLOAD] = true,
	    [RIGHT_RESTORE] = true },
	[ROLE_ADMIN] = { [RIGHT_VIEW] = true, [RIGHT_BACKUP] = true, [RIGHT_DOWNLOAD] = true,
	    [RIGHT_RESTORE] = true, [RIGHT_RESTORE_LIVE] = true,
	    [RIGHT_DELETE] = true, [RIGHT_CONFIGURE] = true, [RIGHT_ADMINISTER] = true },
};

const char *
right_name(enum right right)
{
	return word_of(right_names, RIGHTS, (int)right);
}

const char *
role_name(enum role role)
{
	return word_of(role_names, ROLES, (int)role);
}

bool
role_parse(enum role *ret, const char *name)
{
	int found = word_find(role_names, ROLES, name);

	if (found < 0)
		return false;
	*ret = (enum role)found;
	return true;
}

bool
role_has(enum role role, enum right right)
{
	if (right == RIGHT_NONE)
		return true;
	return role < ROLES && right < RIGHTS && bundles[role][right];
}
