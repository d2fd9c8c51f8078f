/* digest.c: Mondays at eight the week in one line per environment, worst first. */
#include "worker/notify/digest.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/num.h"
#include "lib/model/calendar.h"
#include "lib/model/zone.h"
#include "lib/store/alarms.h"
#include "lib/store/channels.h"
#include "lib/store/notices.h"
#include "lib/store/policies.h"
#include "lib/store/settings.h"
#include "lib/store/stats.h"

enum { HOUR_OF_DAY = 8 };
static const char mark_name[] = "digest_told";
static const int64_t week_ms = 7 * CALENDAR_DAY;

/* Worst first. */
enum state { NEVER, ALARMED, FAILED, OLD, UNSCHEDULED, GOOD, PAUSED, STATES };
static const char *const words[STATES] = {
	[NEVER] = "NO BACKUP", [ALARMED] = "ATTENTION", [FAILED] = "FAILED", [OLD] = "OLD",
	[UNSCHEDULED] = "NOT SCHEDULED", [GOOD] = "good", [PAUSED] = "paused",
};

struct line {
	enum state state;
	int64_t good_at;              /* of its last good backup; 0: none */
	size_t place;                 /* in the list, where nothing else tells them apart */
	const char *text;
};

static int
by_need(const void *a, const void *b)
{
	const struct line *x = a, *y = b;

	if (x->state != y->state)
		return x->state < y->state ? -1 : 1;
	if (x->good_at != y->good_at)
		return x->good_at < y->good_at ? -1 : 1;
	return x->place < y->place ? -1 : x->place > y->place;
}

/* By the pages' own answer (safety.h): how old is too old depends on the schedule. */
static enum state
state_of(const struct stats_row *row, size_t alarms)
{
	const struct safety_facts *f = &row->facts;
	enum safety_state s = row->safety.state;

	return s == SAFETY_PAUSED                            ? PAUSED
	    : f->good == 0                                   ? NEVER
	    : alarms > 0                                     ? ALARMED
	    : f->ended_failed                                ? FAILED
	    : s == SAFETY_AT_RISK || s == SAFETY_SUSPICIOUS || s == SAFETY_LATE ? OLD
	    : f->schedules_on == 0                           ? UNSCHEDULED
	                                                     : GOOD;
}

static int
make_line(struct line *l, struct arena *a, struct db *db, const struct stats_row *row, int64_t now,
    struct err *e)
{
	const struct environment *v = &row->environment;
	struct notices_week week;
	struct alarm *alarms;
	const char *why = "";
	char ago[NUM_TEXT];
	size_t count;

	if (alarms_open(&alarms, &count, a, db, v->id, e) != 0 ||
	    notices_week(&week, db, v->id, now - week_ms, e) != 0)
		return -1;
	l->state = state_of(row, count);
	l->good_at = row->good.finished_at;
	if (count > 0)
		why = alarms[0].text;
	else if (l->state == OLD || l->state == UNSCHEDULED)
		why = safety_reason(a, &row->safety, &row->facts, now);
	num_ago(ago, l->good_at, now);
	l->text = arena_printf(a, "%s: %s/%s: %s%s; in 7 days %" PRId64 " good, %" PRId64
	    " failed%s%s", words[l->state], v->project_slug, v->slug,
	    l->good_at > 0 ? "last good backup " : "no good backup yet", l->good_at > 0 ? ago : "",
	    week.good, week.failed, *why != '\0' ? "; " : "", why);
	return 0;
}

static int
write_digest(struct notice *n, struct arena *a, struct db *db, int64_t now, struct err *e)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct stats_list list;
	struct line *lines;
	size_t count, bad = 0;

	if (stats_environments(&list, a, db, &(struct stats_query){ .now = now }, e) != 0)
		return -1;
	count = list.count;
	lines = arena_array(a, count + 1, sizeof *lines);
	for (size_t i = 0; i < count; i++) {
		lines[i].place = i;
		if (make_line(&lines[i], a, db, &list.rows[i], now, e) != 0)
			return -1;
		bad += lines[i].state < GOOD;
	}
	qsort(lines, count, sizeof *lines, by_need);
	for (size_t i = 0; i < count; i++)
		buf_printf(&text, "%s\n", lines[i].text);
	if (count == 0)
		buf_text(&text, "There is no environment yet.\n");
	n->text = arena_dup(a, text.p);
	n->title = bad == 0
	    ? arena_dup(a, "Weekly digest: nothing happened that needs you")
	    : arena_printf(a, "Weekly digest: %zu of %zu environment%s need%s attention", bad,
	          count, count == 1 ? "" : "s", bad == 1 ? "s" : "");
	return 0;
}

/* The last Monday at eight that has been: its day and its instant. */
static int
last_monday(int64_t *day, struct arena *a, struct db *db, int64_t now, struct err *e)
{
	struct calendar date;
	struct policy zone;
	struct zone *z;
	int64_t local, today, due;

	if (policies_get(&zone, a, db, POLICY_ZONE, 0, e) != 0 ||
	    zone_load(&z, a, ZONE_FOLDER, zone.value, e) != 0)
		return -1;
	local = zone_local(z, now);
	today = calendar_floor(local, CALENDAR_DAY);
	calendar_of(&date, today);
	due = today - (date.weekday + 6) % 7;
	*day = local < due * CALENDAR_DAY + HOUR_OF_DAY * CALENDAR_HOUR ? due - 7 : due;
	return 0;
}

static int
tell(struct arena *a, struct db *db, const struct conf *conf, int64_t now, const char *mark,
    struct err *e)
{
	struct notice n = { .event = NOTICE_DIGEST, .at = now, .project = "", .environment = "",
		.url = arena_printf(a, "%s/", conf->public_url), .backup = "", .backup_uuid = "",
		.job = "", .closes = "" };
	struct channel *channels;
	struct notice_row *rows;
	size_t count, n_rows = 0;
	const char *body;

	if (channels_listening(&channels, &count, a, db, 0, e) != 0 ||
	    write_digest(&n, a, db, now, e) != 0)
		return -1;
	rows = arena_array(a, count + 1, sizeof *rows);
	body = notice_json(a, &n);
	for (size_t i = 0; i < count; i++)
		if ((channels[i].events & notice_bit(NOTICE_DIGEST)) != 0)
			rows[n_rows++] = (struct notice_row){ .channel = channels[i].id,
				.event = NOTICE_DIGEST, .body = body, .next_at = now,
				.source = arena_printf(a, "digest:%s", mark) };
	return notices_tell(db,
	    &(struct notices_telling){ .rows = rows, .count = n_rows, .setting = mark_name,
	        .value = mark }, e);
}

int
digest_step(struct db *db, const struct conf *conf, int64_t now, struct err *e)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	char *before, *mark;
	int64_t day, told;

	if (last_monday(&day, a, db, now, e) != 0 ||
	    settings_get(&before, a, db, mark_name, e) != 0)
		return -1;
	mark = arena_printf(a, "%" PRId64, day);
	if (!num_parse(&told, before, 0, INT64_MAX))
		return settings_set(db, mark_name, mark, e);
	return told >= day ? 0 : tell(a, db, conf, now, mark, e);
}
