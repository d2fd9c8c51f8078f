/* route.c: the table of routes. */
#include "cgi/route.h"

#include <stdbool.h>
#include <string.h>

#include "cgi/handle/on_backup.h"
#include "cgi/handle/on_backup_new.h"
#include "cgi/handle/on_backups.h"
#include "cgi/handle/on_badge.h"
#include "cgi/handle/on_channel.h"
#include "cgi/handle/on_channel_form.h"
#include "cgi/handle/on_compare.h"
#include "cgi/handle/on_confirm.h"
#include "cgi/handle/on_copy.h"
#include "cgi/handle/on_download.h"
#include "cgi/handle/on_download_new.h"
#include "cgi/handle/on_environment.h"
#include "cgi/handle/on_environment_view.h"
#include "cgi/handle/on_files.h"
#include "cgi/handle/on_health.h"
#include "cgi/handle/on_help.h"
#include "cgi/handle/on_job.h"
#include "cgi/handle/on_link.h"
#include "cgi/handle/on_metrics.h"
#include "cgi/handle/on_overview.h"
#include "cgi/handle/on_policies.h"
#include "cgi/handle/on_project.h"
#include "cgi/handle/on_restore.h"
#include "cgi/handle/on_restore_beside.h"
#include "cgi/handle/on_restore_confirm.h"
#include "cgi/handle/on_restore_new.h"
#include "cgi/handle/on_schedule.h"
#include "cgi/handle/on_schedule_form.h"
#include "cgi/handle/on_retention.h"
#include "cgi/handle/on_service.h"
#include "cgi/handle/on_service_form.h"
#include "cgi/handle/on_session.h"
#include "cgi/handle/on_setup.h"
#include "cgi/handle/on_storage.h"
#include "cgi/handle/on_storage_form.h"

/* A page or an act of somebody signed in; GET rows also answer HEAD. */
#define GET(pattern, right, run)  { METHOD_GET, pattern, right, GUARD_SESSION, run }
#define POST(pattern, right, run) { METHOD_POST, pattern, right, GUARD_SESSION, run }
/* Public ones: see enum guard. */
#define PUBLIC(method, pattern, guard, run)                                                        \
	{                                                                                          \
		METHOD_##method, pattern, RIGHT_NONE, GUARD_##guard, run                           \
	}

static const struct route routes[] = {
	PUBLIC(GET, "/healthz", OPEN, on_health),
	PUBLIC(GET, "/readyz", OPEN, on_health_ready),
	PUBLIC(GET, "/metrics", OPEN, on_metrics),
	PUBLIC(GET, "/badge/{file}", OPEN, on_badge),
	PUBLIC(GET, "/help", OPEN, on_help),
	PUBLIC(GET, "/help/{topic}", OPEN, on_help_topic),
	PUBLIC(GET, "/setup", VISITOR, on_setup_form),
	PUBLIC(POST, "/setup", VISITOR, on_setup),
	PUBLIC(GET, "/login", VISITOR, on_session_form),
	PUBLIC(POST, "/login", VISITOR, on_session_start),
	POST("/logout", RIGHT_VIEW, on_session_end),

	GET("/", RIGHT_VIEW, on_overview_get),
	GET("/environments.csv", RIGHT_VIEW, on_overview_csv),
	GET("/projects", RIGHT_VIEW, on_project_list),
	GET("/projects/new", RIGHT_CONFIGURE, on_project_new),
	POST("/projects/new", RIGHT_CONFIGURE, on_project_create),
	GET("/p/{project}", RIGHT_VIEW, on_project_get),
	GET("/p/{project}/-/settings", RIGHT_CONFIGURE, on_project_settings),
	POST("/p/{project}/-/settings", RIGHT_CONFIGURE, on_project_save),
	GET("/p/{project}/-/environments/new", RIGHT_CONFIGURE, on_environment_new),
	POST("/p/{project}/-/environments/new", RIGHT_CONFIGURE, on_environment_create),
	GET("/p/{project}/{environment}", RIGHT_VIEW, on_environment_view),
	GET("/p/{project}/{environment}/settings", RIGHT_CONFIGURE, on_environment_settings),
	POST("/p/{project}/{environment}/settings", RIGHT_CONFIGURE, on_environment_save),
	POST("/p/{project}/{environment}/pause", RIGHT_CONFIGURE, on_environment_pause),
	GET("/p/{project}/{environment}/badge", RIGHT_CONFIGURE, on_badge_form),
	POST("/p/{project}/{environment}/badge", RIGHT_CONFIGURE, on_badge_save),
	GET("/p/{project}/{environment}/activity", RIGHT_VIEW, on_environment_activity),
	GET("/p/{project}/{environment}/backups", RIGHT_VIEW, on_backups_list),
	GET("/p/{project}/{environment}/backups.csv", RIGHT_VIEW, on_backups_csv),
	POST("/p/{project}/{environment}/backups/delete", RIGHT_DELETE, on_backups_delete),
	GET("/p/{project}/{environment}/backups/new", RIGHT_BACKUP, on_backup_new_form),
	POST("/p/{project}/{environment}/backups/new", RIGHT_BACKUP, on_backup_new_create),
	GET("/p/{project}/{environment}/restore", RIGHT_RESTORE, on_restore_new_latest),
	GET("/p/{project}/{environment}/restores", RIGHT_VIEW, on_restore_list),
	GET("/p/{project}/{environment}/downloads", RIGHT_VIEW, on_download_list),
	GET("/p/{project}/{environment}/services", RIGHT_VIEW, on_service_list),
	GET("/p/{project}/{environment}/services/new", RIGHT_CONFIGURE, on_service_form_new),
	POST("/p/{project}/{environment}/services/new", RIGHT_CONFIGURE, on_service_form_create),
	GET("/p/{project}/{environment}/services/{service}", RIGHT_CONFIGURE, on_service_form_edit),
	POST("/p/{project}/{environment}/services/{service}", RIGHT_CONFIGURE,
	    on_service_form_save),
	POST("/p/{project}/{environment}/services/{service}/check", RIGHT_BACKUP, on_service_check),
	GET("/p/{project}/{environment}/services/{service}/backups", RIGHT_VIEW,
	    on_backups_of_service),

	GET("/p/{project}/{environment}/schedule", RIGHT_VIEW, on_schedule_list),
	GET("/p/{project}/{environment}/schedule/new", RIGHT_CONFIGURE, on_schedule_form_new),
	POST("/p/{project}/{environment}/schedule/new", RIGHT_CONFIGURE, on_schedule_form_create),
	GET("/p/{project}/{environment}/schedule/fragment", RIGHT_VIEW, on_schedule_form_fragment),
	POST("/p/{project}/{environment}/schedule/usual", RIGHT_CONFIGURE, on_schedule_usual),
	POST("/p/{project}/{environment}/schedule/{schedule}/run", RIGHT_BACKUP, on_schedule_run),
	GET("/p/{project}/-/schedule", RIGHT_VIEW, on_schedule_list_project),
	GET("/p/{project}/-/schedule/new", RIGHT_CONFIGURE, on_schedule_form_new_project),
	POST("/p/{project}/-/schedule/new", RIGHT_CONFIGURE, on_schedule_form_create_project),
	POST("/p/{project}/-/schedule/usual", RIGHT_CONFIGURE, on_schedule_usual_project),
	GET("/schedule", RIGHT_VIEW, on_schedule_list_instance),
	GET("/schedule/new", RIGHT_CONFIGURE, on_schedule_form_new_instance),
	POST("/schedule/new", RIGHT_CONFIGURE, on_schedule_form_create_instance),
	GET("/schedule/fragment", RIGHT_VIEW, on_schedule_form_fragment_instance),
	POST("/schedule/usual", RIGHT_CONFIGURE, on_schedule_usual_instance),
	GET("/s/{schedule}", RIGHT_CONFIGURE, on_schedule_form_edit),
	POST("/s/{schedule}", RIGHT_CONFIGURE, on_schedule_form_save),
	POST("/s/{schedule}/switch", RIGHT_CONFIGURE, on_schedule_switch),
	POST("/s/{schedule}/pause", RIGHT_CONFIGURE, on_schedule_pause),
	GET("/s/{schedule}/remove", RIGHT_CONFIGURE, on_schedule_remove_form),
	POST("/s/{schedule}/remove", RIGHT_CONFIGURE, on_schedule_remove),
	GET("/plans", RIGHT_VIEW, on_schedule_plans),
	GET("/plans.csv", RIGHT_VIEW, on_schedule_plans_csv),
	GET("/policies", RIGHT_VIEW, on_policies_get),
	POST("/policies", RIGHT_ADMINISTER, on_policies_save),
	GET("/p/{project}/-/policies", RIGHT_VIEW, on_policies_get),
	POST("/p/{project}/-/policies", RIGHT_CONFIGURE, on_policies_save),
	GET("/p/{project}/{environment}/policies", RIGHT_VIEW, on_policies_get),
	POST("/p/{project}/{environment}/policies", RIGHT_CONFIGURE, on_policies_save),
	GET("/retention", RIGHT_VIEW, on_retention_get),
	POST("/retention", RIGHT_ADMINISTER, on_retention_save),
	GET("/p/{project}/-/retention", RIGHT_VIEW, on_retention_get),
	POST("/p/{project}/-/retention", RIGHT_CONFIGURE, on_retention_save),
	GET("/p/{project}/{environment}/retention", RIGHT_VIEW, on_retention_get),
	POST("/p/{project}/{environment}/retention", RIGHT_CONFIGURE, on_retention_save),

	GET("/b/{backup}", RIGHT_VIEW, on_backup_get),
	GET("/b/{backup}/note", RIGHT_BACKUP, on_backup_note),
	POST("/b/{backup}/note", RIGHT_BACKUP, on_backup_note),
	POST("/b/{backup}/keep", RIGHT_BACKUP, on_backup_keep),
	GET("/b/{backup}/keep-for", RIGHT_BACKUP, on_backup_keep_for),
	POST("/b/{backup}/keep-for", RIGHT_BACKUP, on_backup_keep_for),
	POST("/b/{backup}/verify", RIGHT_BACKUP, on_backup_verify),
	POST("/b/{backup}/copies/{storage}", RIGHT_BACKUP, on_copy_make),
	POST("/b/{backup}/copies/{storage}/verify", RIGHT_BACKUP, on_copy_verify),
	POST("/b/{backup}/copies/{storage}/remove", RIGHT_DELETE, on_copy_remove),
	POST("/b/{backup}/trust", RIGHT_DELETE, on_backup_trust),
	GET("/b/{backup}/delete", RIGHT_DELETE, on_backup_delete),
	POST("/b/{backup}/delete", RIGHT_DELETE, on_backup_delete),
	POST("/b/{backup}/undelete", RIGHT_DELETE, on_backup_undelete),
	GET("/b/{backup}/download", RIGHT_DOWNLOAD, on_download_new_form),
	POST("/b/{backup}/download", RIGHT_DOWNLOAD, on_download_new_create),
	/* The log of a backup names paths to every viewer; what is in them stays with the rights to
	 * download and to restore. */
	GET("/b/{backup}/files", RIGHT_VIEW, on_files_get),
	GET("/b/{backup}/files/fragment", RIGHT_VIEW, on_files_fragment),
	POST("/b/{backup}/files", RIGHT_VIEW, on_files_read),
	GET("/b/{backup}/files/restore", RIGHT_RESTORE, on_files_restore),
	GET("/b/{backup}/compare", RIGHT_VIEW, on_compare_get),
	GET("/b/{backup}/compare/fragment", RIGHT_VIEW, on_compare_fragment),
	POST("/b/{backup}/compare", RIGHT_VIEW, on_compare_again),

	GET("/b/{backup}/restore", RIGHT_RESTORE, on_restore_new_form),
	POST("/b/{backup}/restore", RIGHT_RESTORE, on_restore_new_create),
	POST("/b/{backup}/test", RIGHT_RESTORE, on_restore_new_test),

	GET("/r/{restore}", RIGHT_VIEW, on_restore_get),
	GET("/r/{restore}/fragment", RIGHT_VIEW, on_restore_fragment),
	GET("/r/{restore}/confirm", RIGHT_RESTORE, on_restore_confirm_form),
	POST("/r/{restore}/confirm", RIGHT_RESTORE, on_restore_confirm),
	POST("/r/{restore}/look", RIGHT_RESTORE, on_restore_confirm_look),
	GET("/r/{restore}/undo", RIGHT_RESTORE, on_restore_undo_form),
	POST("/r/{restore}/undo", RIGHT_RESTORE, on_restore_undo),
	GET("/r/{restore}/switch", RIGHT_RESTORE, on_restore_beside_switch_form),
	POST("/r/{restore}/switch", RIGHT_RESTORE, on_restore_beside_switch),
	GET("/r/{restore}/remove", RIGHT_RESTORE, on_restore_beside_remove_form),
	POST("/r/{restore}/remove", RIGHT_RESTORE, on_restore_beside_remove),

	GET("/d/{download}", RIGHT_VIEW, on_download_get),
	GET("/d/{download}/fragment", RIGHT_VIEW, on_download_fragment),
	POST("/d/{download}/revoke", RIGHT_DOWNLOAD, on_download_revoke),
	POST("/d/{download}/files/{file}", RIGHT_DOWNLOAD, on_download_file),

	GET("/jobs", RIGHT_VIEW, on_job_list),
	GET("/j/{job}", RIGHT_VIEW, on_job_get),
	GET("/j/{job}/fragment", RIGHT_VIEW, on_job_fragment),
	GET("/j/{job}/log", RIGHT_VIEW, on_job_log),
	POST("/j/{job}/cancel", RIGHT_BACKUP, on_job_cancel),
	POST("/j/{job}/retry", RIGHT_BACKUP, on_job_retry),

	GET("/storage", RIGHT_VIEW, on_storage_list),
	GET("/storage/new", RIGHT_ADMINISTER, on_storage_form_new),
	POST("/storage/new", RIGHT_ADMINISTER, on_storage_form_create),
	GET("/storage/{storage}/settings", RIGHT_ADMINISTER, on_storage_form_edit),
	POST("/storage/{storage}/settings", RIGHT_ADMINISTER, on_storage_form_save),
	GET("/storage/{storage}/remove", RIGHT_ADMINISTER, on_storage_form_remove),
	POST("/storage/{storage}/remove", RIGHT_ADMINISTER, on_storage_form_remove),
	GET("/storage/{storage}", RIGHT_VIEW, on_storage_get),
	POST("/storage/{storage}/check", RIGHT_BACKUP, on_storage_check),
	POST("/storage/{storage}/test", RIGHT_BACKUP, on_storage_test),
	POST("/storage/{storage}/trust", RIGHT_ADMINISTER, on_storage_trust),
	POST("/storage/{storage}/move/{to}", RIGHT_ADMINISTER, on_storage_move),
	POST("/storage/{storage}/prove", RIGHT_BACKUP, on_storage_prove),
	POST("/storage/{storage}/rewrap", RIGHT_ADMINISTER, on_storage_rewrap),
	POST("/storage/{storage}/encrypt", RIGHT_ADMINISTER, on_storage_encrypt),
	POST("/storage/{storage}/plain", RIGHT_ADMINISTER, on_storage_plain),
	/* Where notices go: of the instance, of a project, of an environment. */
#define CHANNELS(base, right)                                                                      \
	GET(base, right, on_channel_list),                                                         \
	GET(base "/new", right, on_channel_form_new),                                              \
	POST(base "/new", right, on_channel_form_create),                                          \
	GET(base "/{channel}", right, on_channel_form_edit),                                       \
	POST(base "/{channel}", right, on_channel_form_save),                                      \
	POST(base "/{channel}/test", right, on_channel_test),                                      \
	POST(base "/{channel}/on", right, on_channel_on),                                          \
	POST(base "/{channel}/off", right, on_channel_off),                                        \
	POST(base "/{channel}/ask", right, on_channel_ask),                                        \
	GET(base "/{channel}/remove", right, on_channel_remove),                                   \
	POST(base "/{channel}/remove", right, on_channel_remove),                                  \
	POST(base "/{channel}/log/{notice}/again", right, on_channel_again)
	CHANNELS("/notifications", RIGHT_ADMINISTER),
	CHANNELS("/p/{project}/-/notifications", RIGHT_CONFIGURE),
	GET("/p/{project}/-/notifications/{channel}/here", RIGHT_CONFIGURE, on_channel_here),
	POST("/p/{project}/-/notifications/{channel}/here", RIGHT_CONFIGURE, on_channel_say),
	CHANNELS("/p/{project}/{environment}/notifications", RIGHT_CONFIGURE),
	GET("/p/{project}/{environment}/notifications/{channel}/here", RIGHT_CONFIGURE,
	    on_channel_here),
	POST("/p/{project}/{environment}/notifications/{channel}/here", RIGHT_CONFIGURE,
	    on_channel_say),
#undef CHANNELS
	PUBLIC(GET, "/confirm/{token}", LINK, on_confirm_page),
	PUBLIC(POST, "/confirm/{token}", LINK, on_confirm),

	PUBLIC(GET, "/dl/{token}", LINK, on_link_page),
	PUBLIC(GET, "/dl/{token}/{file}", LINK, on_link_page),
	PUBLIC(POST, "/dl/{token}/{file}", LINK, on_link_file),
	/* The address that the command line prints. It stands in no mail, so no scanner of mails
	 * spends it; the bytes come to a GET, for programs. */
	PUBLIC(GET, "/dl/{token}/{file}/{name}", LINK, on_link_file),
};

#undef GET
#undef POST
#undef PUBLIC

static const char *const guard_names[] = {
	[GUARD_SESSION] = "session",
	[GUARD_VISITOR] = "visitor",
	[GUARD_LINK] = "link",
	[GUARD_OPEN] = "open",
};

const struct route *
route_table(size_t *count)
{
	*count = sizeof routes / sizeof routes[0];
	return routes;
}

const char *
route_guard_name(enum guard guard)
{
	return guard_names[guard];
}

/* What stands in one segment of the path. */
struct segment {
	const char *p;
	size_t n;
};

/* The next segment behind a '/'; false at the end. */
static bool
next_segment(struct segment *ret, const char **at)
{
	if (**at != '/')
		return false;
	ret->p = *at + 1;
	ret->n = strcspn(ret->p, "/");
	*at = ret->p + ret->n;
	return true;
}

/*
 * 0: no match. Else a rank: one bit per segment, set where the pattern has plain words, the first
 * segment highest; the greater rank is the closer match. A brace never matches an empty segment.
 */
static unsigned
match(struct segment args[REQUEST_ARGS], const char *pattern, const char *path)
{
	struct segment want, have;
	unsigned rank = 1;
	size_t count = 0;

	while (next_segment(&want, &pattern)) {
		if (!next_segment(&have, &path))
			return 0;
		if (want.n > 0 && want.p[0] == '{') {
			if (have.n == 0 || count == REQUEST_ARGS)
				return 0;
			args[count++] = have;
			rank <<= 1;
		} else if (want.n == have.n && memcmp(want.p, have.p, want.n) == 0) {
			rank = rank << 1 | 1;
		} else {
			return 0;
		}
	}
	return *path == '\0' ? rank : 0;
}

static bool
answers(const struct route *rt, enum method method)
{
	return rt->method == method || (rt->method == METHOD_GET && method == METHOD_HEAD);
}

const struct route *
route_find(int *status, struct request *rq)
{
	const struct route *best = NULL;
	struct segment found[REQUEST_ARGS] = { { NULL, 0 } };
	unsigned best_rank = 0;

	*status = 404;
	for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
		struct segment args[REQUEST_ARGS] = { { NULL, 0 } };
		unsigned rank = match(args, routes[i].pattern, rq->path);

		if (rank == 0)
			continue;
		if (*status == 404)
			*status = 405;
		if (rank > best_rank && answers(&routes[i], rq->method)) {
			best = &routes[i];
			best_rank = rank;
			memcpy(found, args, sizeof found);
		}
	}
	for (size_t i = 0; best != NULL && i < REQUEST_ARGS; i++)
		rq->args[i] =
		    found[i].p != NULL ? arena_dupn(rq->arena, found[i].p, found[i].n) : NULL;
	return best;
}

const char *
route_methods(const struct request *rq)
{
	bool get = false, post = false;

	for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
		struct segment args[REQUEST_ARGS];

		if (match(args, routes[i].pattern, rq->path) == 0)
			continue;
		get = get || routes[i].method == METHOD_GET;
		post = post || routes[i].method == METHOD_POST;
	}
	return get && post ? "GET, HEAD, POST" : get ? "GET, HEAD" : "POST";
}
