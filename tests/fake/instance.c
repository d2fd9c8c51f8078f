/* instance.c: an instance without its web part, for tests of the worker alone.
 *
 *   instance init                            make the home folder of LAZARETTE_HOME
 *   instance service PROJECT/ENV SLUG ENGINE JSON   (with its project and environment if need be)
 *   instance secret PROJECT/ENV SLUG TEXT    seal its password
 *   instance backup PROJECT/ENV COUNT [SLUG…]  COUNT requests; prints "backup job" lines
 *   instance download BACKUP FORMAT          prints "download job"
 *   instance restore BACKUP PROJECT/ENV MODE prints "restore job" of a draft
 *   instance confirm RESTORE [safety]        prints its job
 *   instance undo RESTORE | test BACKUP | verify BACKUP | check PROJECT/ENV SLUG | cancel JOB
 *   instance trash BACKUP | untrash BACKUP
 *   instance storage SLUG FOLDER             a further one
 *   instance copy BACKUP STORAGE             prints its job
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/fd.h"
#include "lib/base/num.h"
#include "lib/base/rand.h"
#include "lib/store/accounts.h"
#include "lib/store/backups.h"
#include "lib/store/copies.h"
#include "lib/store/downloads.h"
#include "lib/store/projects.h"
#include "lib/store/restores.h"
#include "lib/store/settings.h"
#include "lib/util/conf.h"
#include "lib/util/seal.h"

enum { ITEMS_MAX = 16, HOUR_MS = 3600 * 1000 };

struct app {
	struct conf conf;
	struct arena *arena;
	struct db *db;
	char **args;                  /* behind the command, NULL ends them */
};

static int
init(struct app *app, struct err *e)
{
	const char *const folders[] = { app->conf.home, app->conf.storage, app->conf.downloads,
		app->conf.run, app->conf.mail.folder,
		arena_printf(app->arena, "%s/keys", app->conf.home) };
	struct storage storage = { .slug = "main", .kind = "local", .path = app->conf.storage };
	struct account account = { .email = "admin@example.org",
		.name = "Ada",
		.role = ROLE_ADMIN,
		.password_hash = "-" };
	char key[SEAL_PUBLIC_HEX_SIZE], id[UUID_SIZE];

	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
		if (fd_make_path(folders[i], e) != 0)
			return -1;
	rand_uuid(id);
	if (seal_make_key(key, app->conf.secret_key, e) != 0 ||
	    db_open_migrate(&app->db, app->conf.catalog, e) != 0 ||
	    settings_set(app->db, "instance_id", id, e) != 0 ||
	    settings_set(app->db, "seal_public_key", key, e) != 0 ||
	    storages_ensure(&storage, app->db, e) != 0)
		return -1;
	return accounts_add(&account, app->db, e);
}

/* "shop/live", found or made. */
static int
environment(struct environment *v, struct app *app, const char *where, struct err *e)
{
	const char *slash = strchr(where, '/');
	struct project p = { .owners = "" };

	if (slash == NULL)
		return err_set(e, ERR_INPUT, "'%s' is not PROJECT/ENV", where);
	p.slug = p.name = arena_dupn(app->arena, where, (size_t)(slash - where));
	if (environments_by_slug(v, app->arena, app->db, p.slug, slash + 1, e) == 0)
		return 0;
	if (projects_by_slug(&p, app->arena, app->db, p.slug, e) != 0 &&
	    projects_add(&p, app->db, e) != 0)
		return -1;
	*v = (struct environment){ .project = p.id,
		.slug = slash + 1,
		.name = slash + 1,
		.kind = ENV_LIVE };
	return environments_add(v, app->db, e);
}

static int
add_service(struct app *app, struct err *e)
{
	struct environment v;
	struct service s = { .slug = app->args[1], .name = app->args[1] };

	if (environment(&v, app, app->args[0], e) != 0)
		return -1;
	if (!engine_parse(&s.engine, app->args[2]))
		return err_set(e, ERR_INPUT, "no engine '%s'", app->args[2]);
	if (service_settings_parse(&s.settings, app->arena, s.engine, app->args[3], e) != 0)
		return -1;
	s.environment = v.id;
	return services_add(&s, app->db, e);
}

static int
seal_secret(struct app *app, struct err *e)
{
	struct environment v;
	struct service s;
	void *sealed;
	char *key;

	if (environment(&v, app, app->args[0], e) != 0 ||
	    services_by_slug(&s, app->arena, app->db, &v, app->args[1], e) != 0 ||
	    settings_get(&key, app->arena, app->db, "seal_public_key", e) != 0 ||
	    seal_lock(&sealed, &s.sealed_size, app->arena, key, app->args[2], e) != 0)
		return -1;
	s.sealed = sealed;
	s.sealed_for = key;
	return services_update(&s, app->db, e);
}

static int
who(int64_t *ret, struct app *app, struct err *e)
{
	struct account a;

	if (accounts_by_email(&a, app->arena, app->db, "admin@example.org", e) != 0)
		return -1;
	*ret = a.id;
	return 0;
}

static int
add_backups(struct app *app, struct err *e)
{
	struct backup_request rq = { .kind = BACKUP_ON_DEMAND, .note = "" };
	int64_t count, ids[ITEMS_MAX];
	struct service *list;
	struct environment v;
	struct backup_ids made;
	size_t found;

	if (environment(&v, app, app->args[0], e) != 0 || who(&rq.job.requested_by, app, e) != 0 ||
	    services_list(&list, &found, app->arena, app->db, v.id, e) != 0)
		return -1;
	for (size_t i = 0; i < found && rq.service_count < ITEMS_MAX; i++) {
		bool wanted = app->args[2] == NULL;

		for (char **slug = app->args + 2; !wanted && *slug != NULL; slug++)
			wanted = strcmp(*slug, list[i].slug) == 0;
		if (wanted)
			ids[rq.service_count++] = list[i].id;
	}
	rq.job.environment = v.id;
	rq.services = ids;
	if (!num_parse(&count, app->args[1], 1, 100000))
		return err_set(e, ERR_INPUT, "'%s' is no count", app->args[1]);
	for (; count > 0; count--) {
		if (backups_request(&made, app->db, &rq, e) != 0)
			return -1;
		printf("%" PRId64 " %" PRId64 "\n", made.backup, made.job);
	}
	return 0;
}

static int
number(int64_t *ret, const char *text, struct err *e)
{
	return num_parse(ret, text, 1, INT64_MAX)
	    ? 0
	    : err_set(e, ERR_INPUT, "'%s' is no number", text);
}

static int
add_download(struct app *app, struct err *e)
{
	struct download_request rq = { .valid_ms = HOUR_MS, .max_uses = 5 };
	int64_t ids[ITEMS_MAX];
	struct download_ids made;
	struct backup b;
	struct part *parts;

	if (number(&rq.backup, app->args[0], e) != 0 || who(&rq.job.requested_by, app, e) != 0 ||
	    backups_by_id(&b, app->arena, app->db, rq.backup, e) != 0 ||
	    backups_parts(&parts, &rq.part_count, app->arena, app->db, rq.backup, e) != 0)
		return -1;
	for (size_t i = 0; i < rq.part_count && i < ITEMS_MAX; i++)
		ids[i] = parts[i].id;
	if (!download_format_parse(&rq.format, app->args[1]))
		return err_set(e, ERR_INPUT, "no format '%s'", app->args[1]);
	rq.job.environment = b.environment;
	rq.parts = ids;
	if (downloads_request(&made, app->db, &rq, e) != 0)
		return -1;
	printf("%" PRId64 " %" PRId64 "\n", made.download, made.job);
	return 0;
}

static int
add_verify(struct app *app, struct err *e)
{
	struct job_request rq = { 0 };
	struct backup b;
	int64_t id, job;

	if (number(&id, app->args[0], e) != 0 || backups_by_id(&b, app->arena, app->db, id, e) != 0)
		return -1;
	rq.environment = b.environment;
	if (jobs_add_verify(&job, app->db, &rq, id, e) != 0)
		return -1;
	printf("%" PRId64 "\n", job);
	return 0;
}

static int
add_check(struct app *app, struct err *e)
{
	struct job_request rq = { 0 };
	struct environment v;
	struct service s;
	int64_t job;

	if (environment(&v, app, app->args[0], e) != 0 ||
	    services_by_slug(&s, app->arena, app->db, &v, app->args[1], e) != 0)
		return -1;
	rq.environment = v.id;
	if (jobs_add_check(&job, app->db, &rq, s.id, e) != 0)
		return -1;
	printf("%" PRId64 "\n", job);
	return 0;
}

static int
cancel(struct app *app, struct err *e)
{
	int64_t job;

	return number(&job, app->args[0], e) == 0 ? jobs_cancel(app->db, job, e) : -1;
}

static int
trash(struct app *app, struct err *e)
{
	int64_t id;

	return number(&id, app->args[0], e) == 0 ? backups_trash(app->db, id, e) : -1;
}

static int
untrash(struct app *app, struct err *e)
{
	int64_t id;

	return number(&id, app->args[0], e) == 0 ? backups_untrash(app->db, id, e) : -1;
}

/* "7 12": the draft and its preview job. Each part goes into the service of the same slug. */
static int
draft_restore(struct app *app, struct err *e)
{
	struct restore_draft rq = { .backup = 0 };
	struct restore_choice choices[ITEMS_MAX];
	struct environment v;
	struct restore_ids made;
	struct part *parts;
	size_t found;

	if (number(&rq.backup, app->args[0], e) != 0 ||
	    environment(&v, app, app->args[1], e) != 0 || who(&rq.job.requested_by, app, e) != 0 ||
	    backups_parts(&parts, &found, app->arena, app->db, rq.backup, e) != 0)
		return -1;
	if (!restore_mode_parse(&rq.mode, app->args[2]))
		return err_set(e, ERR_INPUT, "no mode '%s'", app->args[2]);
	for (size_t i = 0; i < found && rq.choice_count < ITEMS_MAX; i++) {
		struct service s;

		if (services_by_slug(&s, app->arena, app->db, &v, parts[i].service_slug, e) != 0)
			return -1;
		choices[rq.choice_count++] =
		    (struct restore_choice){ .part = parts[i].id, .service = s.id };
	}
	rq.job.environment = v.id;
	rq.choices = choices;
	if (restores_draft(&made, app->db, &rq, e) != 0)
		return -1;
	printf("%" PRId64 " %" PRId64 "\n", made.restore, made.job);
	return 0;
}

/* The job of a restore that is confirmed, with a safety backup when the second word says so. */
static int
confirm_restore(struct app *app, struct err *e)
{
	struct restore_confirm rq = { .hooks = true, .real_data = true };
	struct restore r;
	int64_t job;

	if (number(&rq.restore, app->args[0], e) != 0 || who(&rq.job.requested_by, app, e) != 0 ||
	    restores_by_id(&r, app->arena, app->db, rq.restore, e) != 0)
		return -1;
	rq.safety = app->args[1] != NULL && strcmp(app->args[1], "safety") == 0;
	rq.job.environment = r.environment;
	if (restores_confirm(&job, app->db, &rq, e) != 0)
		return -1;
	printf("%" PRId64 "\n", job);
	return 0;
}

static int
undo_restore(struct app *app, struct err *e)
{
	struct job_request rq = { 0 };
	struct restore r;
	int64_t id, job;

	if (number(&id, app->args[0], e) != 0 || who(&rq.requested_by, app, e) != 0 ||
	    restores_by_id(&r, app->arena, app->db, id, e) != 0)
		return -1;
	rq.environment = r.environment;
	if (restores_undo(&job, app->db, &rq, id, e) != 0)
		return -1;
	printf("%" PRId64 "\n", job);
	return 0;
}

static int
test_restore(struct app *app, struct err *e)
{
	struct job_request rq = { 0 };
	struct backup b;
	int64_t id, job;

	if (number(&id, app->args[0], e) != 0 || backups_by_id(&b, app->arena, app->db, id, e) != 0)
		return -1;
	rq.environment = b.environment;
	if (restores_test(&job, app->db, &rq, id, e) != 0)
		return -1;
	printf("%" PRId64 "\n", job);
	return 0;
}

static int
add_storage(struct app *app, struct err *e)
{
	struct storage s = { .slug = app->args[0], .kind = "local", .path = app->args[1] };

	s.bucket = (struct storage_bucket){ "", "", "", "", "", "", "", "" };
	return fd_make_path(s.path, e) != 0 ? -1 : storages_add(&s, app->db, e);
}

static int
add_copy(struct app *app, struct err *e)
{
	struct job_request rq = { 0 };
	struct copy_ask ask = { 0 };
	struct storage s;
	struct backup b;
	int64_t job;

	if (number(&ask.backup, app->args[0], e) != 0 ||
	    backups_by_id(&b, app->arena, app->db, ask.backup, e) != 0 ||
	    storages_by_slug(&s, app->arena, app->db, app->args[1], e) != 0)
		return -1;
	rq.environment = b.environment;
	ask.storage = s.id;
	if (copies_request(&job, app->db, &rq, &ask, e) != 0)
		return -1;
	printf("%" PRId64 "\n", job);
	return 0;
}

static const struct command {
	const char *name;
	int (*run)(struct app *app, struct err *e);
	int args;                     /* at least */
} commands[] = {
	{ "init", init, 0 },         { "service", add_service, 4 },   { "secret", seal_secret, 3 },
	{ "backup", add_backups, 2 }, { "download", add_download, 2 }, { "verify", add_verify, 1 },
	{ "check", add_check, 2 },   { "cancel", cancel, 1 },         { "trash", trash, 1 },
	{ "untrash", untrash, 1 },   { "restore", draft_restore, 3 },
	{ "confirm", confirm_restore, 1 }, { "undo", undo_restore, 1 },
	{ "test", test_restore, 1 },  { "storage", add_storage, 2 },  { "copy", add_copy, 2 },
};

static int
run(const struct command *c, char **args)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct app app = { .arena = arena, .args = args };
	struct err e;
	int rc = -1;

	if (conf_read(&app.conf, arena, conf_home(arena), &e) == 0 &&
	    (c->run == init || db_open(&app.db, app.conf.catalog, &e) == 0))
		rc = c->run(&app, &e);
	if (rc != 0)
		fprintf(stderr, "instance %s: %s\n", c->name, e.text);
	db_close(app.db);
	return rc == 0 ? 0 : 1;
}

int
main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof commands / sizeof *commands; i++)
		if (strcmp(argv[1], commands[i].name) == 0 && argc - 2 >= commands[i].args)
			return run(&commands[i], argv + 2);
	fputs("instance: see the top of tests/fake/instance.c\n", stderr);
	return 64;
}
