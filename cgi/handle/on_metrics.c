/* on_metrics.c: how everything stands, for Prometheus. */
#include "cgi/handle/on_metrics.h"

#include <string.h>

#include "cgi/page/show_metrics.h"
#include "lib/store/alarms.h"
#include "lib/store/settings.h"
#include "lib/store/stats.h"
#include "lib/util/hash.h"

static int
refuse(struct reply *rp, int status, const char *text)
{
	reply_text(rp, text, strlen(text));
	rp->status = status;
	if (status == 401)
		reply_header(rp, "WWW-Authenticate", "Bearer");
	return 0;
}

/* Compared by their hashes, so that the time it takes tells nothing of the token. */
static bool
brings_token(const struct request *rq)
{
	static const char scheme[] = "Bearer ";
	char given[HASH_HEX_SIZE], wanted[HASH_HEX_SIZE];
	const char *text = rq->authorization;

	if (strncmp(text, scheme, strlen(scheme)) != 0)
		return false;
	text += strlen(scheme);
	hash_of(given, text, strlen(text));
	hash_of(wanted, rq->conf->metrics_token, strlen(rq->conf->metrics_token));
	return strcmp(given, wanted) == 0;
}

static bool
is_this_host(const struct request *rq)
{
	return !rq->forwarded &&
	    (strcmp(rq->address, "127.0.0.1") == 0 || strcmp(rq->address, "::1") == 0);
}

int
on_metrics(struct reply *rp, struct request *rq, struct err *e)
{
	const struct stats_query q = { .now = rq->now };
	struct metrics_view v = { .now = rq->now };

	if (*rq->conf->metrics_token != '\0' ? !brings_token(rq) : !is_this_host(rq))
		return *rq->conf->metrics_token != '\0'
		    ? refuse(rp, 401, "Bring the metrics_token of lazarette.conf as a bearer"
		                      " token.\n")
		    : refuse(rp, 403, "Only this host may read the metrics: set metrics_token in"
		                      " lazarette.conf to read them from elsewhere.\n");
	if (rq->db == NULL)
		return refuse(rp, 503, "The catalogue cannot be opened now.\n");
	if (stats_environments(&v.environments, rq->arena, rq->db, &q, e) != 0 ||
	    stats_job_counts(&v.jobs, &v.job_count, rq->arena, rq->db, e) != 0 ||
	    stats_storages(&v.storages, &v.storage_count, rq->arena, rq->db, e) != 0 ||
	    alarms_open(&v.alarms, &v.alarm_count, rq->arena, rq->db, 0, e) != 0 ||
	    settings_worker_seen(&v.worker_seen, rq->db, e) != 0)
		return -1;
	rp->content_type = "text/plain; version=0.0.4; charset=utf-8";
	show_metrics(&rp->body, &v);
	return 0;
}
