/* show_metrics.c: how everything stands, in the text format of Prometheus. */
#include "cgi/page/show_metrics.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "lib/model/notice.h"

enum { MS = 1000 };

static void
family(struct buf *out, const char *name, const char *type, const char *help)
{
	buf_printf(out, "# HELP lazarette_%s %s\n# TYPE lazarette_%s %s\n", name, help, name, type);
}

/* Milliseconds as seconds. */
static void
seconds(struct buf *out, int64_t ms)
{
	buf_printf(out, " %" PRId64 ".%03" PRId64 "\n", ms / MS, ms % MS);
}

/* -- of each environment -- */

/* One number of an environment; false: it has none. */
typedef bool reader(int64_t *ret, const struct stats_row *r);

static bool
last_success(int64_t *ret, const struct stats_row *r)
{
	*ret = r->facts.trusted_end;
	return r->facts.trusted_end != 0;
}

static bool
verified(int64_t *ret, const struct stats_row *r)
{
	*ret = r->good.verified_at;
	return r->facts.good != 0 && r->good.health == HEALTH_GOOD && r->good.verified_at > 0;
}

static bool
duration(int64_t *ret, const struct stats_row *r)
{
	*ret = r->good.finished_at - r->good.started_at;
	return r->facts.good != 0 && r->good.started_at > 0 && *ret >= 0;
}

static bool
next_run(int64_t *ret, const struct stats_row *r)
{
	*ret = r->facts.next_at;
	return r->facts.schedules_on > 0 && r->facts.next_at > 0 && !r->facts.paused;
}

static bool
size(int64_t *ret, const struct stats_row *r)
{
	*ret = r->good.raw_bytes;
	return r->facts.good != 0;
}

static bool
stored(int64_t *ret, const struct stats_row *r)
{
	*ret = r->good.stored_bytes;
	return r->facts.good != 0;
}

static bool
overdue(int64_t *ret, const struct stats_row *r)
{
	*ret = r->safety.cause == CAUSE_OVERDUE || r->safety.cause == CAUSE_OLD ||
	    r->safety.cause == CAUSE_LATE;
	return true;
}

static bool
at_risk(int64_t *ret, const struct stats_row *r)
{
	*ret = r->safety.state == SAFETY_AT_RISK || r->safety.state == SAFETY_UNSCHEDULED;
	return true;
}

static bool
suspicious(int64_t *ret, const struct stats_row *r)
{
	*ret = r->facts.suspicious;
	return true;
}

static bool
uncovered(int64_t *ret, const struct stats_row *r)
{
	*ret = r->facts.uncovered_count;
	return true;
}

static const struct {
	const char *name, *help;
	reader *read;
	bool time;                    /* in milliseconds; to be shown as seconds */
} numbers[] = {
	{ "last_success_timestamp_seconds",
	    "When the newest backup ended that can be trusted; of the service that waits longest.",
	    last_success, true },
	{ "verify_last_success_timestamp_seconds",
	    "When the newest good backup was last read to its end and found whole.", verified,
	    true },
	{ "next_run_timestamp_seconds", "When the next scheduled backup is due.", next_run, true },
	{ "backup_duration_seconds", "How long the newest good backup took.", duration, true },
	{ "backup_size_bytes", "Size of the newest good backup before compression.", size, false },
	{ "backup_stored_bytes", "What the newest good backup added to its storage.", stored,
	    false },
	{ "backup_overdue", "1 when a scheduled backup did not come, or the newest is too old.",
	    overdue, false },
	{ "backup_at_risk", "1 when the environment is at risk, for whatever reason.", at_risk,
	    false },
	{ "backup_suspicious", "1 when the newest good backup looks wrong.", suspicious, false },
	{ "services_not_backed_up", "Services that no running schedule takes.", uncovered, false },
};

static void
environments(struct buf *out, const struct metrics_view *v)
{
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		family(out, numbers[i].name, "gauge", numbers[i].help);
		for (size_t j = 0; j < v->environments.count; j++) {
			const struct stats_row *r = &v->environments.rows[j];
			int64_t n;

			if (!numbers[i].read(&n, r))
				continue;
			buf_printf(out, "lazarette_%s{project=\"%s\",env=\"%s\"}", numbers[i].name,
			    r->environment.project_slug, r->environment.slug);
			if (numbers[i].time)
				seconds(out, n);
			else
				buf_printf(out, " %" PRId64 "\n", n);
		}
	}
}

static void
states(struct buf *out, const struct metrics_view *v)
{
	size_t sums[SAFETY_STATES] = { 0 };

	for (size_t i = 0; i < v->environments.count; i++)
		sums[v->environments.rows[i].safety.state]++;
	family(out, "environments", "gauge", "Environments by how safe they are.");
	for (int s = 0; s < SAFETY_STATES; s++)
		buf_printf(out, "lazarette_environments{state=\"%s\"} %zu\n",
		    safety_name((enum safety_state)s), sums[s]);
}

/* -- of the instance -- */

static int64_t
jobs_of(const struct metrics_view *v, int kind, enum job_state state)
{
	int64_t sum = 0;

	for (size_t i = 0; i < v->job_count; i++)
		if (v->jobs[i].state == state && (kind < 0 || (int)v->jobs[i].kind == kind))
			sum += v->jobs[i].count;
	return sum;
}

static void
jobs(struct buf *out, const struct metrics_view *v)
{
	static const enum job_state ends[] = { JOB_SUCCEEDED, JOB_FAILED, JOB_CANCELLED };

	family(out, "jobs", "gauge", "Jobs that have not ended.");
	for (int s = JOB_QUEUED; s <= JOB_RUNNING; s++)
		buf_printf(out, "lazarette_jobs{state=\"%s\"} %" PRId64 "\n",
		    job_state_name((enum job_state)s), jobs_of(v, -1, (enum job_state)s));
	family(out, "job_runs_total", "counter", "Jobs that have ended.");
	for (int k = 0; k < JOB_KINDS; k++)
		for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
			buf_printf(out,
			    "lazarette_job_runs_total{kind=\"%s\",result=\"%s\"} %" PRId64 "\n",
			    job_kind_name((enum job_kind)k), job_state_name(ends[i]),
			    jobs_of(v, k, ends[i]));
}

static void
storages(struct buf *out, const struct metrics_view *v)
{
	family(out, "storage_used_bytes", "gauge", "Stored bytes of all backups in a storage.");
	for (size_t i = 0; i < v->storage_count; i++)
		buf_printf(out, "lazarette_storage_used_bytes{storage=\"%s\"} %" PRId64 "\n",
		    v->storages[i].storage.slug, v->storages[i].storage.used_bytes);
	family(out, "storage_free_bytes", "gauge", "What its file system has left.");
	for (size_t i = 0; i < v->storage_count; i++)
		if (v->storages[i].looked_at > 0)
			buf_printf(out,
			    "lazarette_storage_free_bytes{storage=\"%s\"} %" PRId64 "\n",
			    v->storages[i].storage.slug, v->storages[i].free_bytes);
	family(out, "storage_size_bytes", "gauge", "The size of its file system.");
	for (size_t i = 0; i < v->storage_count; i++)
		if (v->storages[i].looked_at > 0)
			buf_printf(out,
			    "lazarette_storage_size_bytes{storage=\"%s\"} %" PRId64 "\n",
			    v->storages[i].storage.slug, v->storages[i].total_bytes);
}

static void
alarms(struct buf *out, const struct metrics_view *v)
{
	const char *kind;

	family(out, "alarms_open", "gauge", "Alarms that are open.");
	for (size_t k = 0; (kind = notice_alarm_kind(k)) != NULL; k++) {
		size_t sum = 0;

		for (size_t i = 0; i < v->alarm_count; i++)
			sum += strcmp(v->alarms[i].kind, kind) == 0;
		buf_printf(out, "lazarette_alarms_open{kind=\"%s\"} %zu\n", kind, sum);
	}
}

void
show_metrics(struct buf *out, const struct metrics_view *v)
{
	family(out, "build_info", "gauge", "The version of this program.");
	buf_printf(out, "lazarette_build_info{version=\"%s\"} 1\n", LAZARETTE_VERSION);
	if (v->worker_seen > 0) {
		family(out, "worker_heartbeat_timestamp_seconds", "gauge",
		    "When a worker last reported.");
		buf_text(out, "lazarette_worker_heartbeat_timestamp_seconds");
		seconds(out, v->worker_seen);
	}
	states(out, v);
	environments(out, v);
	jobs(out, v);
	storages(out, v);
	alarms(out, v);
}
