/* policy.c: what can be set for an instance, a project or an environment. */
#include "lib/model/policy.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/num.h"
#include "lib/model/name.h"
#include "lib/model/retain_rule.h"
#include "lib/model/word.h"
#include "lib/model/zone.h"

/* A number's words are "<title> must be <min> to <max> <unit>"; max 0: it is no number. */
static const struct {
	const char *fallback, *title, *unit;
	int64_t min, max;
} keys[POLICY_KEYS] = {
	[POLICY_ZONE] = { "UTC", NULL, NULL, 0, 0 },
	[POLICY_RETENTION] = { "daily=7 weekly=4 monthly=12 on-demand-days=30 on-demand-last=3",
	    NULL, NULL, 0, 0 },
	[POLICY_TRASH_DAYS] = { "7", "Trash", "days", 1, 90 },
	[POLICY_RPO_HOURS] = { "0", "The oldest age of the newest good backup", "hours", 0, 8760 },
	[POLICY_RTO_MINUTES] = { "0", "The longest time a restore may take", "minutes", 0, 43200 },
	[POLICY_VERIFY_DAYS] = { "30", "Verifying", "days", 1, 365 },
	[POLICY_TEST_DAYS] = { "0", "Test restores", "days", 0, 365 },
	[POLICY_WINDOW] = { "", NULL, NULL, 0, 0 },
	[POLICY_FREEZE_SECONDS] = { "60", "The longest freeze", "seconds", 1, 600 },
	[POLICY_STORAGE] = { "", NULL, NULL, 0, 0 },
	[POLICY_DOWNLOADS] = { "allowed", NULL, NULL, 0, 0 },
	[POLICY_FULL_DAYS] = { "0", "Storing files anew", "days", 0, 365 },
	[POLICY_COPIES] = { "", NULL, NULL, 0, 0 },
};
static const char *const key_names[POLICY_KEYS] = {
	[POLICY_ZONE] = "zone",
	[POLICY_RETENTION] = "retention",
	[POLICY_TRASH_DAYS] = "trash-days",
	[POLICY_RPO_HOURS] = "rpo-hours",
	[POLICY_RTO_MINUTES] = "rto-minutes",
	[POLICY_VERIFY_DAYS] = "verify-days",
	[POLICY_TEST_DAYS] = "test-days",
	[POLICY_WINDOW] = "window",
	[POLICY_FREEZE_SECONDS] = "freeze-seconds",
	[POLICY_STORAGE] = "storage",
	[POLICY_DOWNLOADS] = "downloads",
	[POLICY_FULL_DAYS] = "full-days",
	[POLICY_COPIES] = "copies",
};
static const char *const level_names[LEVELS] = {
	[LEVEL_DEFAULT] = "default", [LEVEL_INSTANCE] = "instance",
	[LEVEL_PROJECT] = "project", [LEVEL_ENVIRONMENT] = "environment",
};

const char *
policy_key_name(enum policy_key key)
{
	return word_of(key_names, POLICY_KEYS, (int)key);
}

const char *
policy_level_name(enum policy_level level)
{
	return word_of(level_names, LEVELS, (int)level);
}

bool
policy_key_parse(enum policy_key *ret, const char *name)
{
	int found = word_find(key_names, POLICY_KEYS, name);

	if (found < 0)
		return false;
	*ret = (enum policy_key)found;
	return true;
}

bool
policy_level_parse(enum policy_level *ret, const char *name)
{
	int found = word_find(level_names, LEVELS, name);

	if (found < 0)
		return false;
	*ret = (enum policy_level)found;
	return true;
}

const char *
policy_default(enum policy_key key)
{
	return keys[key].fallback;
}

static int
check_number(enum policy_key key, const char *value, struct err *e)
{
	int64_t n;

	if (num_parse(&n, value, keys[key].min, keys[key].max))
		return 0;
	return err_set(e, ERR_INPUT, "%s must be %" PRId64 " to %" PRId64 " %s, you wrote %.40s",
	    keys[key].title, keys[key].min, keys[key].max, keys[key].unit,
	    *value != '\0' ? value : "nothing");
}

/* Slugs with one space between, each once. */
static int
check_slugs(const char *value, struct err *e)
{
	CLEANUP_ARENA struct arena *a = arena_new();

	for (const char *at = value; *at != '\0';) {
		size_t n = strcspn(at, " ");
		const char *slug = arena_dupn(a, at, n), *again = at + n;

		if (name_check_slug(slug, e) != 0)
			return -1;
		while ((again = strstr(again, slug)) != NULL) {
			if (again[-1] == ' ' && (again[n] == ' ' || again[n] == '\0'))
				return err_set(e, ERR_INPUT, "The storage %s is named twice", slug);
			again += n;
		}
		at += n + (at[n] == ' ');
		if (*at == '\0' && at[-1] == ' ')
			return err_set(e, ERR_INPUT, "Name storages with one space between");
	}
	return 0;
}

int
policy_check(enum policy_key key, const char *value, struct err *e)
{
	struct retain_rule rule;
	int from, until;

	if (keys[key].max > 0)
		return check_number(key, value, e);
	if (key == POLICY_ZONE)
		return zone_check_name(value, e);
	if (key == POLICY_RETENTION)
		return retain_rule_parse(&rule, value, e);
	if (key == POLICY_WINDOW && *value != '\0' && !policy_window(&from, &until, value))
		return err_set(e, ERR_INPUT,
		    "A window is two times of the day, as 01:00-05:00; you wrote %.40s", value);
	if (key == POLICY_STORAGE && *value != '\0')
		return name_check_slug(value, e);
	if (key == POLICY_COPIES)
		return check_slugs(value, e);
	if (key == POLICY_DOWNLOADS && strcmp(value, "allowed") != 0 &&
	    strcmp(value, "forbidden") != 0)
		return err_set(e, ERR_INPUT, "Downloads are allowed or forbidden, you wrote %.40s",
		    value);
	return 0;
}

int64_t
policy_number(enum policy_key key, const char *value)
{
	int64_t n;

	if (num_parse(&n, value, keys[key].min, keys[key].max))
		return n;
	return num_parse(&n, keys[key].fallback, 0, INT64_MAX) ? n : 0;
}

bool
policy_window(int *from, int *until, const char *value)
{
	int a, b, c, d, end = 0;

	if (sscanf(value, "%2d:%2d-%2d:%2d%n", &a, &b, &c, &d, &end) != 4 ||
	    value[end] != '\0' || strlen(value) != 11 || strspn(value, "0123456789:-") != 11)
		return false;
	if (a < 0 || a > 23 || b < 0 || b > 59 || c < 0 || c > 23 || d < 0 || d > 59)
		return false;
	*from = a * 60 + b;
	*until = c * 60 + d;
	return *from != *until;
}

bool
policy_list_has(const char *value, const char *slug)
{
	size_t n = strlen(slug);

	for (const char *at = value; *at != '\0';) {
		size_t length = strcspn(at, " ");

		if (length == n && memcmp(at, slug, n) == 0)
			return true;
		at += length + strspn(at + length, " ");
	}
	return false;
}

char *
policy_list_words(struct arena *a, const char *value)
{
	CLEANUP_BUF struct buf out = BUF_INIT;

	for (; *value != '\0'; value++)
		buf_text(&out, *value == ' ' ? ", " : (char[]){ *value, '\0' });
	return arena_dup(a, out.p);
}
