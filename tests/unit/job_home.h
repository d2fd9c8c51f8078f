/* job_home.h: fixture.h with a storage, a database file and a media folder on disk, for the tests
 * of the worker. */
#ifndef TESTS_UNIT_JOB_HOME_H
#define TESTS_UNIT_JOB_HOME_H

#include "tests/unit/fixture.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "lib/base/fd.h"
#include "lib/store/downloads.h"
#include "lib/store/settings.h"
#include "lib/util/agekey.h"
#include "lib/util/conf.h"
#include "lib/util/minisign.h"
#include "lib/util/seal.h"
#include "worker/dest/dest.h"
#include "worker/job/folder.h"
#include "worker/job/work.h"

struct job_home {
	struct fixture f;             /* first, so that fixture.h's functions take it */
	struct conf conf;
};

UNUSED static const char *
home_path(struct job_home *h, const char *below)
{
	return arena_printf(h->f.a, "%s/%s", h->f.folder, below);
}

UNUSED static void
home_file(struct job_home *h, const char *below, const char *text)
{
	struct fixture *f = &h->f;

	OK(fd_put_file(home_path(h, below), text, strlen(text), 0644, &f->e));
}

UNUSED static bool
home_has(struct job_home *h, const char *below)
{
	struct stat st;

	return lstat(home_path(h, below), &st) == 0;
}

UNUSED static int
home_count(void *arg, const struct dest_entry *entry, struct err *e UNUSED)
{
	*(int64_t *)arg += strcmp(entry->key, "README.txt") != 0 &&
	    strcmp(entry->key, "restore-files.sh") != 0 &&
	    strcmp(entry->key, "lazarette.json") != 0 && strcmp(entry->key, "lazarette.pub") != 0;
	return 0;
}

UNUSED static struct dest *
home_storage(struct job_home *h)
{
	struct storage s = { .slug = "main", .kind = "local", .path = h->conf.storage };
	struct fixture *f = &h->f;
	struct dest *d = NULL;

	OK(dest_open(&d, &s, &f->e));
	return d;
}

/* Objects in the storage, unfinished uploads included, its own files not. */
UNUSED static int64_t
home_objects(struct job_home *h)
{
	CLEANUP_DEST struct dest *d = home_storage(h);
	struct fixture *f = &h->f;
	int64_t n = 0;

	OK(dest_each_object(d, "", home_count, &n, &f->e));
	return n;
}

UNUSED static void
home_make_database(const char *path)
{
	sqlite3 *c = NULL;

	assert_int_equal(sqlite3_open(path, &c), SQLITE_OK);
	assert_int_equal(sqlite3_exec(c,
	                     "CREATE TABLE note (text); INSERT INTO note VALUES ('hello'), "
	                     "('world')",
	                     NULL, NULL, NULL),
	    SQLITE_OK);
	sqlite3_close(c);
}

UNUSED static void
home_conf(struct job_home *h)
{
	struct fixture *f = &h->f;

	home_file(h, "lazarette.conf", "threads = 1\n");
	OK(conf_read(&h->conf, f->a, f->folder, &f->e));
	h->conf.templates = "templates";   /* tests run in the root of the tree */
	for (const char *const *p = (const char *const[]){ "store", "downloads", "run", "mail",
	         "keys", "data/media/img", NULL };
	     *p != NULL; p++)
		OK(fd_make_path(home_path(h, *p), &f->e));
}

/* The services and the storage of fixture_fill() become real ones. */
UNUSED static void
home_services(struct job_home *h)
{
	struct fixture *f = &h->f;
	char key[SEAL_PUBLIC_HEX_SIZE];
	struct service s;

	OK(services_by_id(&s, f->a, f->db, f->database, &f->e));
	s.settings.path = home_path(h, "data/app.db");
	OK(services_update(&s, f->db, &f->e));
	OK(services_by_id(&s, f->a, f->db, f->media, &f->e));
	s.settings.roots = home_path(h, "data/media");
	OK(services_update(&s, f->db, &f->e));
	OK(seal_make_key(key, h->conf.secret_key, &f->e));
	OK(settings_set(f->db, "seal_public_key", key, &f->e));
	OK(settings_set(f->db, "instance_id", "01890000-0000-7000-8000-000000000001", &f->e));
	OK(sql_run(NULL, f->db, "UPDATE storage SET path=?1", SQL_ARGS(sql_t(h->conf.storage)),
	    &f->e));
}

/* From now on what is stored is encrypted and signed. */
UNUSED static void
home_keys(struct job_home *h)
{
	struct fixture *f = &h->f;
	struct minisign_public signing;
	struct agekey key, recovery;
	char public[AGEKEY_TEXT], text[MINISIGN_PUBLIC_TEXT];

	agekey_make(&key);
	agekey_make(&recovery);
	OK(agekey_put(home_path(h, "keys"), &key, &f->e));
	agekey_public_text(public, key.public);
	OK(settings_set(f->db, "age_recipient", public, &f->e));
	agekey_public_text(public, recovery.public);
	OK(settings_set(f->db, "age_recovery", public, &f->e));
	OK(minisign_make(&signing, home_path(h, "keys/sign.key"), &f->e));
	minisign_public_text(text, &signing);
	OK(settings_set(f->db, "sign_public_key", text, &f->e));
	fixture_do(f, "UPDATE storage SET encrypted=1");
}

UNUSED static int
home_set_up(void **state)
{
	struct job_home *h = calloc(1, sizeof *h);
	struct fixture *f = &h->f;

	f->a = arena_new();
	snprintf(f->folder, sizeof f->folder, "/tmp/job_test.XXXXXX");
	if (mkdtemp(f->folder) == NULL)
		return -1;
	snprintf(f->path, sizeof f->path, "%s/catalog.db", f->folder);
	OK(db_open_migrate(&f->db, f->path, &f->e));
	fixture_fill(f);
	home_conf(h);
	home_services(h);
	home_make_database(home_path(h, "data/app.db"));
	home_file(h, "data/media/a.txt", "some text");
	home_file(h, "data/media/img/b.bin", "other bytes");
	*state = h;
	return 0;
}

UNUSED static int
home_tear_down(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;

	db_close(f->db);
	OK(folder_remove(f->folder, &f->e));
	arena_free(f->a);
	free(h);
	return 0;
}

/* Do a claimed job in a process of its own, as the supervisor would; gives its exit status. */
UNUSED static int
home_work(struct job_home *h, const struct lease *l)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		exit(work_run(&h->conf, l));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* Ask for a backup, claim it and do it; gives the backup, whatever became of it. */
UNUSED static int64_t
home_backup(struct job_home *h, int64_t only)
{
	struct backup_ids ids = fixture_request(&h->f, only, NULL);
	struct lease l = fixture_claim(&h->f);

	assert_int_equal(l.job, ids.job);
	assert_int_equal(home_work(h, &l), 0);
	return ids.backup;
}

UNUSED static struct backup
home_backup_row(struct job_home *h, int64_t id)
{
	struct fixture *f = &h->f;
	struct backup b;

	OK(backups_by_id(&b, f->a, f->db, id, &f->e));
	return b;
}

UNUSED static struct job
home_job_row(struct job_home *h, int64_t id)
{
	struct fixture *f = &h->f;
	struct job j;

	OK(jobs_by_id(&j, f->a, f->db, id, &f->e));
	return j;
}

#define HOME_TEST(test) cmocka_unit_test_setup_teardown(test, home_set_up, home_tear_down)

#endif
