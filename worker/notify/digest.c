/* digest.c: Mondays at eight the week in one line per environment, worst first. */
#include "worker/notify/digest.h"

#include <inttypes.h>
#include <stdlib.h>

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/num.h"
#include "lib/model/calendar.h"
#include "lib/model/zone.h"
#include "lib/store/alarms.h"
#include "lib/store/channels.h"
#include "lib/store/days.h"
#include "lib/store/notices.h"
#include "lib/store/settings.h"
#include "lib/store/stats.h"

enum { HOUR_OF_DAY = 8 };
static const char mark_name[] = "digest_told";
static const int64_t week_ms = 7 * CALENDAR_DAY;

/* The worst first; of those that stand alike, the one whose last good backup is the oldest. */
static int
by_need(const void *a, const void *b)
{
	const struct stats_row *x = a, *y = b;

	if (x->safety.state != y->safety.state)
		return x->safety.state < y->safety.state ? -1 : 1;
	if (x->facts.good_at != y->facts.good_at)
		return x->facts.good_at < y->facts.good_at ? -1 : 1;
	return x->environment.id < y->environment.id ? -1 : x->environment.id > y->environment.id;
}

/* As the overview has it: state, reason, last good backup; and what the week brought. */
static int
put_line(struct buf *text, struct arena *a, struct db *db, const struct stats_row *row,
    int64_t now, struct err *e)
{
	const char *good = "";
	struct notices_week week;
	char ago[NUM_TEXT];

	if (notices_week(&week, db, row->environment.id, now - week_ms, e) != 0)
		return -1;
	/* One that is damaged, gone or doubtful is none. */
	if (row->facts.good_at > 0 && !row->facts.suspicious &&
	    row->facts.health != HEALTH_DAMAGED && row->facts.health != HEALTH_MISSING) {
		num_ago(ago, row->facts.good_at, now);
		good = arena_printf(a, " Last good backup: %s.", ago);
	}
	buf_printf(text, "%s: %s/%s: %s%s In 7 days: %" PRId64 " good, %" PRId64 " failed.\n",
	    safety_word(row->safety.state), row->environment.project_slug,
	    row->environment.slug, safety_reason(a, &row->safety, &row->facts, now), good,
	    week.good, week.failed);
	return 0;
}

static int
write_digest(struct notice *n, struct arena *a, struct db *db, int64_t now, struct err *e)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct stats_list list;
	struct alarm *troubles;
	size_t bad = 0, count;

	if (alarms_open_instance(&troubles, &count, a, db, e) != 0 ||
	    stats_environments(&list, a, db, &(struct stats_query){ .now = now }, e) != 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		buf_printf(&text, "Attention: %s\n", troubles[i].text);
	if (list.count > 0)
		qsort(list.rows, list.count, sizeof *list.rows, by_need);
	for (size_t i = 0; i < list.count; i++) {
		if (put_line(&text, a, db, &list.rows[i], now, e) != 0)
			return -1;
		bad += list.rows[i].safety.state < SAFETY_PROTECTED;
	}
	if (list.count == 0)
		buf_text(&text, "There is no environment yet.\n");
	n->text = arena_dup(a, text.p);
	n->title = list.count + count == 0
	    ? arena_dup(a, "Weekly digest: there is no environment yet")
	    : bad + count == 0
	    ? arena_dup(a, "Weekly digest: nothing happened that needs you")
	    : bad == 0
	    ? arena_dup(a, "Weekly digest: something needs attention, but no environment does")
	    : arena_printf(a, "Weekly digest: %zu of %zu environment%s need%s attention", bad,
	          list.count, list.count == 1 ? "" : "s", bad == 1 ? "s" : "");
	return 0;
}

/* The last Monday at eight that has been: its day and its instant. */
static int
last_monday(int64_t *day, struct arena *a, struct db *db, int64_t now, struct err *e)
{
	struct calendar date;
	struct zone *z;
	int64_t local, today, due;

	if (days_zone(&z, a, db, 0, e) != 0)
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
	/* Also one of a clock that was ahead by more than a week: it would be silent until then. */
	if (!num_parse(&told, before, 0, INT64_MAX) || told > day + 7)
		return settings_set(db, mark_name, mark, e);
	return told >= day ? 0 : tell(a, db, conf, now, mark, e);
}
