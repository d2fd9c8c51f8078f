/* policy.h: what can be set for an instance, a project or an environment: the keys, their values
 * and the words for a wrong one.
 *
 * A value is text. The nearest level that says something wins: environment, project, instance, then
 * what stands here as the default.
 */
#ifndef LIB_MODEL_POLICY_H
#define LIB_MODEL_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"

enum policy_key {
	POLICY_ZONE,             /* time zone by name: "Europe/Zurich" */
	POLICY_RETENTION,        /* a rule of retain_rule.h */
	POLICY_TRASH_DAYS,       /* 1 to 90: how long what was deleted can be put back */
	POLICY_RPO_HOURS,        /* 0: from the schedule; a good backup must never be older */
	POLICY_RTO_MINUTES,      /* 0: none; a restore must not take longer */
	POLICY_VERIFY_DAYS,      /* 1 to 365: every stored part is read again within these days */
	POLICY_TEST_DAYS,        /* 0: never; a test restore of each service at least as often */
	POLICY_WINDOW,           /* "01:00-05:00" local time for consistent backups; "": any */
	POLICY_FREEZE_SECONDS,   /* 1 to 600: the longest that an application is held */
	POLICY_STORAGE,          /* slug of the storage; "": the first */
	POLICY_COPIES,           /* slugs of further storages, divided by spaces; "": none */
	POLICY_DOWNLOADS,        /* allowed or forbidden */
	POLICY_FULL_DAYS,        /* 0: never; after so many days files are stored anew */
	POLICY_KEYS
};
enum policy_level { LEVEL_DEFAULT, LEVEL_INSTANCE, LEVEL_PROJECT, LEVEL_ENVIRONMENT, LEVELS };

const char *policy_key_name(enum policy_key key);        /* "retention": in the catalogue */
const char *policy_level_name(enum policy_level level);  /* "instance" */
MUST_USE bool policy_key_parse(enum policy_key *ret, const char *name);
MUST_USE bool policy_level_parse(enum policy_level *ret, const char *name);

const char *policy_default(enum policy_key key);
/* ERR_INPUT is the sentence for beside the field: "Trash must be 1 to 90 days, you wrote 0". A zone
 * or a storage that does not exist is for the caller to find. */
MUST_USE int policy_check(enum policy_key key, const char *value, struct err *e);
/* A value that is a number, which policy_check() has let pass; its default when it is none. */
int64_t policy_number(enum policy_key key, const char *value);
/* Begin and end of a window as minutes of the day; false: there is none. */
MUST_USE bool policy_window(int *from, int *until, const char *value);

/* Of a value that is a list of slugs: whether one is in it; and the list for people: "a, b". */
bool policy_list_has(const char *value, const char *slug);
char *policy_list_words(struct arena *a, const char *value);

/* A value with where it comes from. */
struct policy {
	const char *value;
	enum policy_level level;
};

#endif
