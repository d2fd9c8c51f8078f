/* herald.c: what happened becomes notices: for each channel that asked to be told of it, once. */
#include "worker/notify/herald.h"

#include <inttypes.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/num.h"
#include "lib/base/utf8.h"
#include "lib/model/name.h"
#include "lib/store/alarms.h"
#include "lib/store/backups.h"
#include "lib/store/channels.h"
#include "lib/store/jobs.h"
#include "lib/store/notices.h"
#include "lib/store/projects.h"
#include "lib/store/schedules.h"
#include "lib/store/settings.h"
#include "worker/notify/digest.h"
#include "worker/notify/postman.h"

enum { TEXT_MAX = 2000, MAIL_WAIT_MS = 5000, DIGEST_MS = 30 * 1000, FORGET_MS = 3600 * 1000 };

/* One thing that happened, while rows are made of it. */
struct news {
	struct db *db;
	const struct conf *conf;
	struct arena *a;
	int64_t now;
	int64_t environment, happened_at;
	const char *source;           /* "job:412:end" */
	enum schedule_notify rule;    /* of the schedule that it came by */
	struct channel *channels;
	size_t channel_count;
	struct notice_row *rows;
	size_t count, capacity;
};

static char *
clean(struct arena *a, const char *text)
{
	size_t n = strlen(text);

	while (n > TEXT_MAX && ((unsigned char)text[TEXT_MAX] & 0xc0) == 0x80 && n-- > 0)
		continue;
	return utf8_clean(a, text, n < TEXT_MAX ? n : TEXT_MAX);
}

static char *
page_url(const struct news *w, char word, int64_t id)
{
	return arena_printf(w->a, "%s/%c/%c%" PRId64, w->conf->public_url, word, word, id);
}

static int
listen(struct news *w, struct err *e)
{
	return channels_listening(&w->channels, &w->channel_count, w->a, w->db, w->environment, e);
}

/* A check that watches over the worker and over backups is one light for both: a ping that all is
 * well would take a failure back, and a backup that runs for hours is no trouble of the worker. So
 * it hears of ends alone, and no worker is well while the last backup was not. */
static bool
watches_both(const struct channel *c)
{
	const notice_set both = notice_bit(NOTICE_WORKER_SILENT) |
	    notice_bit(NOTICE_BACKUP_READY) | notice_bit(NOTICE_BACKUP_FAILED);

	return c->kind == CHANNEL_HEALTHCHECKS && c->project == 0 && (c->events & both) == both;
}

static const notice_set ends = (notice_set)1 << NOTICE_BACKUP_READY |
    (notice_set)1 << NOTICE_BACKUP_FAILED;

/* Is it to be told of this, by what it has chosen and by what the schedule says? A check is a light
 * that notices silence: what is no failure it has to hear of, too. */
static bool
wants(const struct channel *c, const struct news *w, notice_set wanted)
{
	/* A start is asked for as its good end is. */
	if ((wanted & ~ends) != 0)
		return (c->events & wanted) == wanted;
	if (w->rule == NOTIFY_NEVER ||
	    (w->rule == NOTIFY_FAILURE && wanted == notice_bit(NOTICE_BACKUP_READY) &&
	        c->kind != CHANNEL_HEALTHCHECKS))
		return false;
	return (c->events & (w->rule == NOTIFY_ALWAYS ? ends : wanted)) != 0;
}

/* A row for each channel that has all events of `wanted` chosen; one that came later than what
 * happened hears nothing of it. kind CHANNEL_KINDS: any. */
static void
tell(struct news *w, const struct notice *n, notice_set wanted, enum channel_kind kind)
{
	/* Of a run alone, and not of a result: a start, or the end of one that was cancelled. */
	bool of_run =
	    kind == CHANNEL_HEALTHCHECKS && wanted == notice_bit(NOTICE_BACKUP_READY);
	const char *body = notice_json(w->a, n);

	for (size_t i = 0; i < w->channel_count; i++) {
		const struct channel *c = &w->channels[i];

		if (!wants(c, w, wanted) || c->created_at > w->happened_at ||
		    (kind != CHANNEL_KINDS && c->kind != kind) ||
		    (of_run && watches_both(c)))
			continue;
		w->rows =
		    arena_grow(w->a, w->rows, w->count, &w->capacity, sizeof *w->rows);
		/* What a job mails by itself is in the outbox by then, and is not mailed twice. */
		w->rows[w->count++] = (struct notice_row){ .channel = c->id, .event = n->event,
			.environment = w->environment, .body = body, .source = w->source,
			.next_at = w->now + (c->kind == CHANNEL_MAIL ? MAIL_WAIT_MS : 0) };
	}
}

/* -- jobs -- */

static char *
titled(const struct news *w, const struct job *job, const char *text)
{
	return arena_printf(w->a, "[%s/%s] %s", job->project_slug, job->environment_slug, text);
}

static struct notice
about_job(const struct news *w, const struct job *job)
{
	char *id = arena_alloc(w->a, NAME_ID_SIZE);

	name_id(id, NAME_JOB, job->id);
	return (struct notice){ .at = w->happened_at, .project = job->project_slug,
		.environment = job->environment_slug, .text = "", .backup = "", .backup_uuid = "",
		.closes = "", .job = id, .url = page_url(w, 'j', job->id) };
}

static int
backup_news(struct news *w, const struct job *job, bool ended, struct err *e)
{
	struct notice n = about_job(w, job);
	char *id = arena_alloc(w->a, NAME_ID_SIZE), size[NUM_TEXT];
	struct backup b;
	bool failed;

	/* Whoever runs a schedule by hand waits for it: then it is told as any other. */
	if (backups_by_id(&b, w->a, w->db, job->backup, e) != 0 ||
	    (b.kind == BACKUP_SCHEDULED &&
	        schedules_notify(&w->rule, w->db, b.schedule, e) != 0))
		return -1;
	name_id(id, NAME_BACKUP, b.id);
	n.backup = id;
	n.backup_uuid = b.uuid;
	if (!ended) {
		n.event = NOTICE_BACKUP_STARTED;
		n.title = titled(w, job, arena_printf(w->a, "Backup %s started", id));
		tell(w, &n, notice_bit(NOTICE_BACKUP_READY), CHANNEL_HEALTHCHECKS);
		return 0;
	}
	/* Nobody need be told but a check that heard of the start: it waits for an end. */
	if (job->state == JOB_CANCELLED) {
		n.event = NOTICE_BACKUP_FAILED;
		n.title = titled(w, job, arena_printf(w->a, "Backup %s was cancelled", id));
		if (job->started_at > 0)
			tell(w, &n, notice_bit(NOTICE_BACKUP_READY), CHANNEL_HEALTHCHECKS);
		return 0;
	}
	if (job->state == JOB_FAILED) {
		n.event = NOTICE_BACKUP_FAILED;
		n.title = titled(w, job, arena_printf(w->a, "Backup %s FAILED", id));
		n.text = clean(w->a, job->error != NULL ? job->error : "no reason was given");
		tell(w, &n, notice_bit(n.event), CHANNEL_KINDS);
		return 0;
	}
	num_size(size, b.stored_bytes);
	n.event = NOTICE_BACKUP_READY;
	n.url = page_url(w, 'b', b.id);
	n.title = titled(w, job,
	    arena_printf(w->a, "Backup %s ready: %s (%s)", id, b.contents, size));
	tell(w, &n, notice_bit(n.event), CHANNEL_KINDS);
	/* A check that was told of a failure is red until it hears of a good one, also when it was
	 * switched off here since. Who is told already is not told twice. */
	if (channels_alarmed(&w->channels, &w->channel_count, w->a, w->db, w->environment, e) != 0)
		return -1;
	tell(w, &n, notice_bit(n.event), CHANNEL_KINDS);
	if (listen(w, e) != 0 || notices_failed_before(&failed, w->db, b.id, e) != 0)
		return -1;
	if (!failed)
		return 0;
	n.event = NOTICE_RECOVERED;
	n.closes = notice_event_name(NOTICE_BACKUP_FAILED);
	n.title = titled(w, job, arena_printf(w->a, "Recovered: backup %s is ready", id));
	n.text = "The backup before it had failed.";
	w->source = arena_printf(w->a, "job:%" PRId64 ":recovered", job->id);
	tell(w, &n, notice_bit(n.event) | notice_bit(NOTICE_BACKUP_FAILED), CHANNEL_KINDS);
	return 0;
}

static void
restore_news(struct news *w, const struct job *job)
{
	const char *what = job->kind == JOB_UNDO ? "Undo of restore"
	    : job->kind == JOB_SWITCH            ? "Switch of restore"
	                                         : "Restore";
	bool done = job->state == JOB_SUCCEEDED;
	struct notice n = about_job(w, job);

	n.event = done ? NOTICE_RESTORE_DONE : NOTICE_RESTORE_FAILED;
	n.title = titled(w, job,
	    arena_printf(w->a, "%s r%" PRId64 " %s", what, job->restore,
	        done ? "done" : job->state == JOB_CANCELLED ? "cancelled" : "FAILED"));
	n.text = !done && job->error != NULL ? clean(w->a, job->error) : "";
	n.url = page_url(w, 'r', job->restore);
	tell(w, &n, notice_bit(n.event), CHANNEL_KINDS);
}

/* What the kinds of jobs are to anybody outside; the others are inner work. */
static int
job_rows(struct news *w, const struct job *job, bool ended, struct err *e)
{
	switch (job->kind) {
	case JOB_BACKUP:
		return backup_news(w, job, ended, e);
	case JOB_RESTORE:
	case JOB_UNDO:
	case JOB_SWITCH:
		if (ended)
			restore_news(w, job);
		return 0;
	case JOB_DOWNLOAD:
	case JOB_CHECK:
	case JOB_VERIFY:
	case JOB_PREVIEW:
	case JOB_TIDY:
	case JOB_TEST:
	case JOB_RECONCILE:
	case JOB_PRUNE:
	case JOB_LIST:
	case JOB_COMPARE:
	case JOB_COPY:
	case JOB_PROVE:
	case JOB_REWRAP:
	case JOB_KINDS:
		break;
	}
	return 0;
}

/* One that began and ended between two looks is told from its start on, in order. */
static int
tell_job(const struct news *base, const struct notice_job *it, struct err *e)
{
	struct news w = *base;
	struct job job;
	bool ended;

	if (jobs_by_id(&job, w.a, w.db, it->id, e) != 0)
		return -1;
	ended = job_ended(job.state);
	w.environment = job.environment;
	if (listen(&w, e) != 0)
		return -1;
	if (!it->started_told && job.started_at > 0) {
		w.happened_at = job.started_at;
		w.source = arena_printf(w.a, "job:%" PRId64 ":start:%" PRId64, job.id,
		    job.started_at);
		if (job_rows(&w, &job, false, e) != 0)
			return -1;
	}
	if (ended) {
		w.happened_at = job.finished_at;
		w.source = arena_printf(w.a, "job:%" PRId64 ":end", job.id);
		if (job_rows(&w, &job, true, e) != 0)
			return -1;
	}
	return notices_tell(w.db,
	    &(struct notices_telling){ .rows = w.rows, .count = w.count, .job = job.id,
	        .ended = ended }, e);
}

static int
tell_jobs(const struct news *base, struct err *e)
{
	struct notice_job *list;
	size_t count;

	if (notices_jobs(&list, &count, base->a, base->db, e) != 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (tell_job(base, &list[i], e) != 0)
			return err_in(e, "tell of j%" PRId64, list[i].id);
	return 0;
}

/* -- alarms -- */

/* The place of an alarm: slugs, and "[shop/live] " for titles. */
static int
alarm_place(struct notice *n, char **head, const struct news *w, struct err *e)
{
	struct environment v;

	*n = (struct notice){ .at = w->now, .project = "", .environment = "", .text = "",
		.backup = "", .backup_uuid = "", .job = "", .closes = "",
		.url = arena_printf(w->a, "%s/", w->conf->public_url) };
	*head = arena_dup(w->a, "");
	if (w->environment == 0)
		return 0;
	if (environments_by_id(&v, w->a, w->db, w->environment, e) != 0)
		return -1;
	n->project = v.project_slug;
	n->environment = v.slug;
	n->url = arena_printf(w->a, "%s/p/%s/%s", w->conf->public_url, v.project_slug, v.slug);
	*head = arena_printf(w->a, "[%s/%s] ", v.project_slug, v.slug);
	return 0;
}

static char *
opening(const struct news *w, const struct alarm *alarm)
{
	return arena_printf(w->a, "alarm:%" PRId64 ":open", alarm->id);
}

static void
tell_opened(struct news *w, const struct alarm *alarm, struct notice *n, const char *head)
{
	n->title = arena_printf(w->a, "%s%s", head, notice_event_title(n->event));
	n->text = clean(w->a, alarm->text);
	n->at = w->happened_at = alarm->opened_at;
	w->source = opening(w, alarm);
	tell(w, n, notice_bit(n->event), CHANNEL_KINDS);
}

static void
tell_closed(struct news *w, const struct alarm *alarm, struct notice *n, const char *head)
{
	enum notice_event event = n->event;
	const char *title = notice_event_title(event);
	char opened[NUM_TEXT], closed[NUM_TEXT];

	num_date(opened, alarm->opened_at);
	num_date(closed, alarm->closed_at);
	n->event = NOTICE_RECOVERED;
	n->closes = notice_event_name(event);
	n->title =
	    arena_printf(w->a, "%sRecovered: %.*s", head, (int)strcspn(title, ":"), title);
	n->text = arena_printf(w->a, "It lasted from %s to %s UTC: %s", opened, closed,
	    clean(w->a, alarm->text));
	n->at = w->happened_at = alarm->closed_at;
	w->source = arena_printf(w->a, "alarm:%" PRId64 ":closed", alarm->id);
	tell(w, n, notice_bit(event) | notice_bit(NOTICE_RECOVERED), CHANNEL_KINDS);
}

static int
tell_alarm(const struct news *base, const struct alarm_news *it, struct err *e)
{
	struct news w = *base;
	struct notice n;
	char *head;
	bool known;                   /* a kind of a newer program is nothing we have words for */

	w.environment = it->alarm.environment;
	if (alarm_place(&n, &head, &w, e) != 0)
		return -1;
	known = notice_of_alarm(&n.event, it->alarm.kind);
	if (!it->told_open) {
		struct alarm open = it->alarm;

		open.closed_at = 0;
		if (listen(&w, e) != 0)
			return -1;
		if (known)
			tell_opened(&w, &open, &n, head);
		if (notices_tell(w.db,
		        &(struct notices_telling){ .rows = w.rows, .count = w.count,
		            .alarm = &open }, e) != 0)
			return -1;
		w.count = 0;
	}
	if (it->alarm.closed_at == 0)
		return 0;
	/* Its end is for those who heard that it began, whatever was switched on or off since. */
	if (channels_told(&w.channels, &w.channel_count, w.a, w.db, opening(&w, &it->alarm), e) !=
	    0)
		return -1;
	if (known)
		tell_closed(&w, &it->alarm, &n, head);
	return notices_tell(w.db,
	    &(struct notices_telling){ .rows = w.rows, .count = w.count, .alarm = &it->alarm }, e);
}

static int
tell_alarms(const struct news *base, struct err *e)
{
	struct alarm_news *list;
	size_t count;

	if (alarms_news(&list, &count, base->a, base->db, e) != 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (tell_alarm(base, &list[i], e) != 0)
			return err_in(e, "tell of alarm %" PRId64, list[i].alarm.id);
	return 0;
}

/* -- the worker itself -- */

static int
renew(const struct news *w, const struct notice_row *row, struct err *e)
{
	bool failed = false;

	for (size_t i = 0; i < w->channel_count; i++)
		if (w->channels[i].id == row->channel && watches_both(&w->channels[i]) &&
		    notices_last_failed(&failed, w->db, row->channel, e) != 0)
			return -1;
	return failed ? 0 : notices_renew(w->db, row, e);
}

/* Who watches over the worker hears from it each minute, and so hears when it is silent. */
static int
say_alive(const struct news *base, struct err *e)
{
	struct news w = *base;
	struct notice n;
	char *head;

	if (listen(&w, e) != 0 || alarm_place(&n, &head, &w, e) != 0)
		return -1;
	n.event = NOTICE_ALIVE;
	n.title = "The worker is alive";
	w.happened_at = w.now;
	w.source = "alive";
	tell(&w, &n, notice_bit(NOTICE_WORKER_SILENT), CHANNEL_HEALTHCHECKS);
	for (size_t i = 0; i < w.count; i++)
		if (renew(&w, &w.rows[i], e) != 0)
			return -1;
	return 0;
}

int
herald_begin(struct db *db, int64_t now, struct err *e)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	char from[NUM_TEXT], until[NUM_TEXT];
	struct alarm silent = { .kind = "worker" };
	int64_t seen;

	if (settings_worker_seen(&seen, db, e) != 0)
		return -1;
	if (seen == 0 || now - seen < HERALD_SILENT_MS)
		return 0;
	num_date(from, seen);
	num_date(until, now);
	silent.text = arena_printf(a, "No worker was at work from %s to %s UTC.", from, until);
	return alarms_pass(db, &silent, seen, e);
}

int
herald_step(struct herald *h, struct db *db, const struct conf *conf, int64_t now, struct err *e)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	struct news base = { .db = db, .conf = conf, .a = a, .now = now };

	if (tell_jobs(&base, e) != 0 || tell_alarms(&base, e) != 0)
		return -1;
	if (now >= h->alive_at || now < h->alive_at - HERALD_ALIVE_MS) {
		if (say_alive(&base, e) != 0)
			return err_in(e, "say that the worker is alive");
		h->alive_at = now + HERALD_ALIVE_MS;
	}
	if (now >= h->digest_at || now < h->digest_at - DIGEST_MS) {
		if (digest_step(db, conf, now, e) != 0)
			return err_in(e, "digest");
		h->digest_at = now + DIGEST_MS;
	}
	if (now >= h->forget_at || now < h->forget_at - FORGET_MS) {
		if (notices_forget(db, now - HERALD_KEEP_DAYS * INT64_C(86400000), e) != 0)
			return -1;
		h->forget_at = now + FORGET_MS;
	}
	return postman_step(db, conf, now, e);
}
