/* show_schedule.c: schedules on pages: their rows, their form, their next runs. */
#include "cgi/page/show_schedule.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cgi/page/mark.h"
#include "lib/base/clock.h"
#include "lib/base/num.h"
#include "lib/model/cron_read.h"
#include "lib/model/cron_words.h"
#include "lib/model/retain_preset.h"

enum { PREVIEW_RUNS = 5 };

void
show_schedule_moment(struct node *n, const char *name, const struct zone *z, int64_t at,
    int64_t now)
{
	char text[NUM_TEXT], iso[CLOCK_ISO_SIZE], ago[NUM_TEXT], offset[ZONE_OFFSET_SIZE];
	struct zone_span span;
	struct node *m;

	if (at == 0)
		return;
	m = node_at(n, name);
	zone_span(&span, z, at);
	zone_offset_text(offset, span.offset);
	num_date(text, zone_local(z, at));
	num_ago(ago, at, now);
	clock_iso(iso, at);
	node_set(m, "text", text);
	node_set(m, "offset", offset);
	node_set(m, "iso", iso);
	node_set(m, "ago", ago);
}

/* -- rows -- */

const char *
show_schedule_words(struct arena *a, const char *text)
{
	struct cron c;
	struct err e;

	return cron_read(&c, text, 0, &e) == 0 ? cron_words(a, &c) : text;
}

void
show_schedule_item(struct node *n, struct arena *a, const struct schedule *s, const char *zone,
    int64_t now)
{
	static const char *const tells[NOTIFIES] = {
		[NOTIFY_NEVER] = "tells nobody",
		[NOTIFY_FAILURE] = "tells of failures alone",
		[NOTIFY_ALWAYS] = "tells of each",
	};
	struct retain_rule rule;
	struct err why;

	mark_id(n, "id", NAME_SCHEDULE, s->id);
	node_setf(n, "href", "/s/s%" PRId64, s->id);
	node_set(n, "name", s->name);
	node_set(n, "words", show_schedule_words(a, s->cron));
	node_set(n, "cron", s->cron);
	node_set(n, "zone", *zone != '\0' ? zone : NULL);
	if (s->spread_min > 0)
		node_int(n, "spread", s->spread_min);
	node_flag(n, "consistent", s->mode == MODE_CONSISTENT);
	if (s->service_count > 0)
		node_int(n, "only", (int64_t)s->service_count);
	node_flag(n, "on", s->enabled);
	if (s->keep != NULL && *s->keep != '\0')
		node_set(n, "own_keeps", retain_rule_parse_keeps(&rule, s->keep, &why) == 0
		    ? retain_rule_words(a, &rule) : s->keep);
	node_set(n, "tells", tells[s->notify]);
	node_flag(n, "everywhere", s->environment == 0 && s->project == 0);
	node_flag(n, "projects", s->project != 0);
	node_flag(n, "all_kinds", s->all_kinds);
	if (!s->enabled) {
		page_time(n, "off.at", s->off_at, now);
		node_set(n, "off.by", s->off_name);
	} else if (s->paused_until > now) {
		page_time(n, "paused", s->paused_until, now);
	}
}

int64_t
show_schedule_next(struct zoneset *set, const struct schedule_plan *p, int64_t now)
{
	const struct schedule_target t = { p->environment_uuid, zoneset_any(set, p->zone),
		p->known ? p->handled : now };
	struct schedule_turn turn;
	struct err e;

	if (p->environment_paused ||
	    schedule_turn(&turn, &p->schedule, &t, now, &e) != 0)
		return 0;
	/* Due already, and the worker is about to ask for it. */
	if (turn.due)
		return p->next > now ? p->next : now;
	return turn.next;
}

/* What became of the newest run: refused, or as its backup went. */
static void
outcome(struct node *n, const struct schedule_plan *p, int64_t now)
{
	const struct backup b = { .id = p->backup, .state = p->backup_state, .note = "",
		.error = p->backup_error, .suspicion = "", .started_at = p->backup_started,
		.warnings = p->backup_warnings, .health = p->backup_health };
	const char *error = plans_error(p);

	node_set(n, "error", *error != '\0' ? error : NULL);
	if (plans_refused(p)) {
		mark_state(n, "state", "Could not start", "failed", "bad");
		page_time(n, "last.at", p->run_at, now);
		return;
	}
	if (p->backup == 0) {
		mark_state(n, "state", "Not yet run", "queued", "idle");
		return;
	}
	mark_backup(n, &b);
	mark_id(n, "last.id", NAME_BACKUP, p->backup);
	node_setf(n, "last.href", "/b/b%" PRId64, p->backup);
	page_time(n, "last.at", p->backup_at, now);
	if (p->backup_bytes > 0)
		page_size(n, "last.size", p->backup_bytes);
}

void
show_schedule_plan(struct node *n, struct zoneset *set, const struct schedule_plan *p, int64_t now)
{
	struct zone *zone = zoneset_any(set, p->zone);

	show_schedule_item(n, set->arena, &p->schedule, p->zone, now);
	node_setf(n, "env.label", "%s/%s", p->project_slug, p->environment_slug);
	node_setf(n, "env.href", "/p/%s/%s/schedule", p->project_slug, p->environment_slug);
	node_setf(n, "run", "/p/%s/%s/schedule/s%" PRId64 "/run", p->project_slug,
	    p->environment_slug, p->schedule.id);
	node_flag(n, "env.paused", p->environment_paused);
	node_flag(n, "env.own", p->schedule.environment != 0);
	node_set(n, "contents", *p->contents != '\0' ? p->contents : NULL);
	node_set(n, "storage", *p->storage_slug != '\0' ? p->storage_slug : NULL);
	node_set(n, "keeps", plans_keeps(set->arena, p));
	node_flag(n, "usual.cron", strcmp(p->schedule.cron, SCHEDULE_USUAL) == 0);
	node_flag(n, "usual.storage", p->storage_default && *p->storage_slug != '\0');
	node_flag(n, "usual.keeps", p->retention_default);
	/* The system lost the zone since it was set. */
	node_flag(n, "lost_zone", strcmp(zone_name(zone), p->zone) != 0);
	show_schedule_moment(n, "next", zone, show_schedule_next(set, p, now), now);
	outcome(n, p, now);
}

/* -- the form -- */

/* The line as it is stored. */
static void
fill_keep(struct schedule_form *f, struct arena *a, const char *keep)
{
	enum retain_preset preset = PRESETS;
	struct retain_rule rule;
	struct err why;
	int64_t n = 0;

	f->keep = "inherit";
	f->keep_n = f->keep_line = "";
	if (*keep == '\0')
		return;
	if (retain_rule_parse_keeps(&rule, keep, &why) == 0)
		preset = retain_preset_of_keeps(&n, &rule);
	f->keep = preset == PRESETS ? "own" : retain_preset_name(preset);
	if (preset == PRESETS)
		f->keep_line = keep;
	if (n > 0)
		f->keep_n = arena_printf(a, "%" PRId64, n);
}

void
show_schedule_fill(struct schedule_form *f, struct arena *a, const struct schedule *s)
{
	struct cron_simple simple = CRON_SIMPLE_DEFAULT;
	struct cron c;
	struct err e;

	f->every = "cron";
	if (cron_read(&c, s->cron, 0, &e) == 0 && cron_simple_of(&simple, &c))
		f->every = cron_simple_name(simple.every);
	f->name = s->name;
	f->minute = arena_printf(a, "%d", simple.minute);
	f->time = arena_printf(a, "%02d:%02d", simple.hour, simple.minute);
	f->weekday = arena_printf(a, "%d", simple.weekday % 7);
	f->day = simple.day == CRON_LAST_DAY ? "last" : arena_printf(a, "%d", simple.day);
	f->cron = s->cron;
	f->zone = s->zone;
	f->spread = arena_printf(a, "%d", s->spread_min);
	f->consistent = s->mode == MODE_CONSISTENT;
	f->all_kinds = s->all_kinds;
	fill_keep(f, a, s->keep != NULL ? s->keep : "");
	f->notify = schedule_notify_name(s->notify);
}

static struct node *
option(struct node *root, const char *list, const char *value, const char *text, const char *now)
{
	struct node *n = node_add(root, list);

	node_set(n, "value", value);
	node_set(n, "text", text);
	node_flag(n, "on", strcmp(value, now) == 0);
	return n;
}

/* How long its backups stay, and when they are told. */
static void
show_rules(struct node *root, const struct schedule_form *f)
{
	static const struct { const char *text, *hint; } notify[NOTIFIES] = {
		[NOTIFY_CHANNELS] = { "As each channel has chosen", NULL },
		[NOTIFY_NEVER] = { "Never",
		    "Not even checks are pinged. Run now is told all the same." },
		[NOTIFY_FAILURE] = { "When one fails",
		    ("That it is over is told to channels that have chosen \u201cRecovered\u201d."
		     " Checks are pinged all the same: they notice silence.") },
		[NOTIFY_ALWAYS] = { "Always",
		    "Each end, to every channel that hears of failed or of good backups." },
	};

	node_set(option(root, "keeps", "inherit", "As the environment has it", f->keep), "hint",
	    f->inherited);
	for (int i = 0; i < PRESETS; i++)
		(void)option(root, "keeps", retain_preset_name((enum retain_preset)i),
		    retain_preset_title((enum retain_preset)i), f->keep);
	(void)option(root, "keeps", "own", "Numbers of your own", f->keep);
	node_set(root, "keep_n.value", f->keep_n);
	node_set(root, "keep_line.value", f->keep_line);
	for (int i = 0; i < NOTIFIES; i++)
		node_set(option(root, "notifies", schedule_notify_name((enum schedule_notify)i),
		    notify[i].text, f->notify), "hint", notify[i].hint);
}

void
show_schedule_form(struct page *p, const struct schedule_form *f)
{
	static const char *const days[] = { "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday",
		"Friday", "Saturday" };
	static const char *const every[][2] = { { "hour", "Every hour" }, { "day", "Every day" },
		{ "week", "Every week" }, { "month", "Every month" },
		{ "cron", "As a cron expression" } };
	char number[24];

	node_set(p->root, "name.value", f->name);
	node_set(p->root, "minute.value", f->minute);
	node_set(p->root, "time.value", f->time);
	node_set(p->root, "cron.value", f->cron);
	node_set(p->root, "zone.value", f->zone);
	node_set(p->root, "spread.value", f->spread);
	for (size_t i = 0; i < sizeof every / sizeof *every; i++)
		option(p->root, "every", every[i][0], every[i][1], f->every);
	for (int i = 1; i <= 7; i++) {
		snprintf(number, sizeof number, "%d", i % 7);
		option(p->root, "weekdays", number, days[i % 7], f->weekday);
	}
	for (int i = 1; i <= 31; i++) {
		snprintf(number, sizeof number, "%d", i);
		option(p->root, "days", number, number, f->day);
	}
	option(p->root, "days", "last", "the last day", f->day);
	for (size_t i = 0; i < f->service_count; i++) {
		struct node *n = node_add(p->root, "services");

		node_set(n, "value", f->services[i].slug);
		node_set(n, "text", f->services[i].name);
		node_set(n, "hint", engine_title(f->services[i].engine));
		node_flag(n, "on", f->chosen[i]);
	}
	show_rules(p->root, f);
	node_flag(p->root, "mode.consistent", f->consistent);
	node_flag(p->root, "kinds.all", f->all_kinds);
	node_flag(p->root, "of_environment", f->of_environment);
}

/* -- the preview -- */

void
show_schedule_preview(struct page *p, struct arena *a, const struct schedule_preview *v)
{
	struct cron_run runs[PREVIEW_RUNS];
	size_t count = cron_list(runs, PREVIEW_RUNS, v->cron, v->zone, v->now);
	struct node *pre = node_at(p->root, "preview");

	node_set(pre, "words", cron_words(a, v->cron));
	node_set(pre, "zone", zone_name(v->zone));
	if (v->spread_min > 0)
		node_int(pre, "spread", v->spread_min);
	for (size_t i = 0; i < count; i++) {
		struct node *n = node_add(pre, "runs");
		const char *note = cron_note(a, &runs[i]);

		show_schedule_moment(n, "at", v->zone, runs[i].at, v->now);
		node_set(n, "note", *note != '\0' ? note : NULL);
		node_flag(n, "change", runs[i].change_day);
	}
	if (v->others > 0)
		node_setf(pre, "clash", "%zu other job%s within 5 minutes of the next run.",
		    v->others, v->others == 1 ? " starts" : "s start");
}
