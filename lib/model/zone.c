/* zone.c: a time zone as a value, read from the system's time zone database. */
#include "lib/model/zone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/buf.h"
#include "lib/base/fd.h"
#include "lib/model/calendar.h"
#include "lib/model/tzif.h"
#include "lib/model/tzrule.h"

/* A rule is written out up to LAST_YEAR, from FIRST_YEAR when the file has no change at all. */
enum { FIRST_YEAR = 1970, LAST_YEAR = 2400 };
/* The longest a local time can be from its instant, in ms: offsets are below 26 hours. */
#define FAR (26 * CALENDAR_HOUR)

/* What begins at an instant. */
struct change {
	int64_t at;               /* ms */
	int offset;
	bool summer;
	const char *name;
};

/* The first change is at ZONE_BEGIN, so that every instant has one at or before it. */
struct zone {
	const char *name;
	struct change *changes;
	size_t count;
};

static bool
letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

int
zone_check_name(const char *name, struct err *e)
{
	char before = '/';

	if (name[0] == '\0')
		return err_set(e, ERR_INPUT, "Choose a time zone");
	if (strlen(name) > ZONE_NAME_MAX)
		return err_set(e, ERR_INPUT, "The name of a time zone has at most %d characters",
		    ZONE_NAME_MAX);
	for (const char *p = name; *p != '\0'; before = *p++) {
		bool inside = (*p >= '0' && *p <= '9') || *p == '_' || *p == '+' || *p == '-' ||
		    *p == '/';

		if (!letter(*p) && (before == '/' || !inside))
			return err_set(e, ERR_INPUT,
			    "A time zone is written like Europe/Zurich or UTC");
	}
	if (before == '/')
		return err_set(e, ERR_INPUT, "A time zone is written like Europe/Zurich or UTC");
	return 0;
}

/* Add a change, unless nothing changes by it or it lies outside the years that are looked at. */
static void
add(struct zone *z, int64_t seconds, int offset, bool summer, const char *name)
{
	const struct change *last = z->count > 0 ? &z->changes[z->count - 1] : NULL;
	int64_t at = seconds < ZONE_BEGIN / 1000 ? ZONE_BEGIN : seconds * 1000;

	if (last != NULL && last->at >= at) {
		z->count--;
		last = z->count > 0 ? last - 1 : NULL;
	}
	if (last != NULL && last->offset == offset && last->summer == summer &&
	    strcmp(last->name, name) == 0)
		return;
	z->changes[z->count++] = (struct change){ at, offset, summer, name };
}

/* One of the two changes a rule makes in a year. */
struct turn {
	int64_t at;
	bool summer;
};

static int
by_time(const void *x, const void *y)
{
	const struct turn *a = x, *b = y;

	if (a->at != b->at)
		return a->at < b->at ? -1 : 1;
	/* Summer that ends as it begins again never ends. */
	return (int)a->summer - (int)b->summer;
}

/* Write a rule out as changes behind `after` (seconds), beginning with the year of it. */
static void
add_rule(struct zone *z, struct arena *a, const struct tzrule *r, int64_t after, int first_year)
{
	const char *standard = arena_dup(a, r->standard.name);
	const char *summer = arena_dup(a, r->summer.name);
	struct turn turns[2 * (LAST_YEAR - FIRST_YEAR + 2)];
	size_t n = 0;

	for (int year = first_year; r->changes && year <= LAST_YEAR; year++, n += 2) {
		turns[n].summer = true;
		turns[n + 1].summer = false;
		tzrule_year(&turns[n].at, &turns[n + 1].at, r, year);
	}
	qsort(turns, n, sizeof *turns, by_time);
	for (size_t i = 0; i < n; i++)
		if (turns[i].at > after && turns[i].at < ZONE_END / 1000)
			add(z, turns[i].at,
			    turns[i].summer ? r->summer.offset : r->standard.offset,
			    turns[i].summer, turns[i].summer ? summer : standard);
}

/* The year a rule takes over: of the last change, one earlier as its days may reach over a year's
 * end; FIRST_YEAR for files whose changes are older or that have none. */
static int
rule_year(int64_t after)
{
	struct calendar date;

	if (after < 0)
		return FIRST_YEAR;
	calendar_of(&date, after / (CALENDAR_DAY / 1000));
	return date.year > FIRST_YEAR ? date.year - 1 : FIRST_YEAR;
}

int
zone_read(struct zone **ret, struct arena *a, const char *name, const void *bytes, size_t n,
    struct err *e)
{
	struct zone *z = arena_alloc(a, sizeof *z);
	int64_t after = INT64_MIN;
	struct tzrule rule;
	struct tzif t;

	if (tzif_read(&t, a, bytes, n, e) != 0)
		return err_in(e, "Time zone %s", name);
	if (t.rule_length > 0 && !tzrule_read(&rule, t.rule, t.rule_length))
		return err_set(e, ERR_INPUT, "Time zone %s: damaged: its last line is no rule",
		    name);
	z->name = arena_dup(a, name);
	z->changes = arena_array(a, 1 + t.change_count + 2 * (LAST_YEAR - FIRST_YEAR + 2),
	    sizeof *z->changes);
	add(z, ZONE_BEGIN / 1000, t.types[0].offset, t.types[0].summer, t.types[0].name);
	for (size_t i = 0; i < t.change_count && t.at[i] < ZONE_END / 1000; i++) {
		const struct tzif_type *type = &t.types[t.type[i]];

		add(z, t.at[i], type->offset, type->summer, type->name);
		after = t.at[i];
	}
	if (t.rule_length > 0)
		add_rule(z, a, &rule, after, rule_year(after));
	*ret = z;
	return 0;
}

int
zone_load(struct zone **ret, struct arena *a, const char *folder, const char *name, struct err *e)
{
	CLEANUP_BUF struct buf bytes = BUF_INIT;
	const char *path;
	struct stat st;

	if (zone_check_name(name, e) != 0)
		return -1;
	path = arena_printf(a, "%s/%s", folder, name);
	/* "Europe" is a folder: no zone either. */
	if (stat(path, &st) != 0 || !S_ISREG(st.st_mode))
		return err_set(e, ERR_NOT_FOUND, "There is no time zone %s", name);
	if (fd_read_file(&bytes, path, TZIF_FILE_MAX, e) != 0)
		return err_in(e, "Time zone %s", name);
	return zone_read(ret, a, name, bytes.p, bytes.n, e);
}

struct zone *
zone_utc(struct arena *a)
{
	struct zone *z = arena_alloc(a, sizeof *z);

	z->name = "UTC";
	z->changes = arena_array(a, 1, sizeof *z->changes);
	z->changes[0] = (struct change){ ZONE_BEGIN, 0, false, "UTC" };
	z->count = 1;
	return z;
}

const char *
zone_name(const struct zone *z)
{
	return z->name;
}

void
zone_span(struct zone_span *out, const struct zone *z, int64_t at)
{
	size_t low = 0, high = z->count;
	const struct change *c;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (z->changes[middle].at <= at)
			low = middle;
		else
			high = middle;
	}
	c = &z->changes[low];
	*out = (struct zone_span){
		.from = c->at,
		.until = low + 1 < z->count ? c[1].at : ZONE_END,
		.offset = c->offset,
		.before = low > 0 ? c[-1].offset : c->offset,
		.summer = c->summer,
		.name = c->name,
	};
}

int64_t
zone_local(const struct zone *z, int64_t at)
{
	struct zone_span s;

	at = at < ZONE_BEGIN ? ZONE_BEGIN : at > ZONE_END ? ZONE_END : at;
	zone_span(&s, z, at);
	return at + s.offset * INT64_C(1000);
}

int
zone_instants(int64_t out[2], const struct zone *z, int64_t local)
{
	struct zone_span s;
	int n = 0;

	for (int64_t at = local - FAR; n < 2; at = s.until) {
		int64_t found;

		zone_span(&s, z, at);
		found = local - s.offset * INT64_C(1000);
		if (found >= s.from && found < s.until)
			out[n++] = found;
		if (s.until > local + FAR || s.until == ZONE_END)
			break;
	}
	return n;
}

bool
zone_next_change(int64_t *ret, const struct zone *z, int64_t after)
{
	struct zone_span s;

	zone_span(&s, z, after);
	if (s.until == ZONE_END)
		return false;
	*ret = s.until;
	return true;
}

void
zone_offset_text(char out[ZONE_OFFSET_SIZE], int offset)
{
	unsigned n = (unsigned)abs(offset);
	int at = snprintf(out, ZONE_OFFSET_SIZE, "%c%02u:%02u", offset < 0 ? '-' : '+',
	    n / 3600 % 100, n / 60 % 60);

	if (n % 60 != 0)
		snprintf(out + at, ZONE_OFFSET_SIZE - (size_t)at, ":%02u", n % 60);
}
