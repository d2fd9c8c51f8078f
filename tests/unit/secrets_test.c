/* secrets_test.c: the key that opens every secret, and another one in its place. */
#include "tests/unit/fixture.h"

#include <sys/stat.h>

#include "lib/base/fd.h"
#include "lib/store/channels.h"
#include "lib/store/outbox.h"
#include "lib/store/secrets.h"
#include "lib/store/settings.h"
#include "lib/util/seal.h"

enum { SECRETS = 4 };

static const char *
key_file(struct fixture *f)
{
	return arena_printf(f->a, "%s/worker.key", f->folder);
}

static char *
public_key(struct fixture *f)
{
	char *hex;

	OK(settings_get(&hex, f->a, f->db, "seal_public_key", &f->e));
	return hex;
}

static const void *
sealed(size_t *size, struct fixture *f, const char *public, const char *text)
{
	void *p;

	OK(seal_lock(&p, size, f->a, public, text, &f->e));
	return p;
}

static struct service
service_of(struct fixture *f)
{
	struct service s;

	OK(services_by_id(&s, f->a, f->db, f->database, &f->e));
	return s;
}

/* One of each kind, sealed to this key. */
static void
fill(struct fixture *f, const char *public)
{
	struct service s = service_of(f);
	struct storage b = { .slug = "away", .kind = "s3", .path = "s3://x",
		.bucket = { "", "", "", "", "path", "", "", "" }, .sealed_for = public };
	struct channel c = { .kind = CHANNEL_SLACK, .name = "Ops", .target = "x",
		.sealed_for = public };
	struct outbox_mail m = { .message_id = "m1", .kind = "test", .recipient = "a@x",
		.subject = "S", .sealed_for = public };

	s.sealed = sealed(&s.sealed_size, f, public, "of the service");
	s.sealed_for = public;
	b.sealed = sealed(&b.sealed_size, f, public, "of the storage");
	c.sealed = sealed(&c.sealed_size, f, public, "of the channel");
	m.message = sealed(&m.message_size, f, public, "of the mail");
	OK(services_update(&s, f->db, &f->e));
	OK(storages_add(&b, f->db, &f->e));
	OK(channels_add(&c, f->db, &f->e));
	OK(outbox_add(f->db, &m, &f->e));
}

static int
set_up(void **state)
{
	char public[SEAL_PUBLIC_HEX_SIZE];
	struct fixture *f;

	if (fixture_set_up(state) != 0)
		return -1;
	f = *state;
	OK(seal_make_key(public, key_file(f), &f->e));
	OK(settings_set(f->db, "seal_public_key", public, &f->e));
	fill(f, public);
	return 0;
}

static void
note(void *arg, const char *text)
{
	struct fixture *f = arg;

	f->e.exit_code++;
	snprintf(f->e.text, sizeof f->e.text, "%s", text);
}

/* How many secrets do not open; the last one's words are in f->e. */
static int
shut(struct fixture *f)
{
	f->e.exit_code = 0;
	OK(secrets_check(f->db, key_file(f), note, f, &f->e));
	return f->e.exit_code;
}

static int
rotate(struct secrets_rotation *r, struct fixture *f)
{
	r->key_file = key_file(f);
	r->tell = note;
	r->arg = f;
	f->e.exit_code = 0;
	return secrets_rotate(r, f->db, &f->e);
}

static bool
lies(struct fixture *f, const char *ending)
{
	return access(arena_printf(f->a, "%s%s", key_file(f), ending), F_OK) == 0;
}

static const char *
ending_of(struct fixture *f, const char *public)
{
	return arena_printf(f->a, ".%.8s", public);
}

static bool
fits(struct fixture *f)
{
	char public[SEAL_PUBLIC_HEX_SIZE];

	OK(seal_read_key(public, key_file(f), &f->e));
	return strcmp(public, public_key(f)) == 0;
}

static void
what_is_locked_up_names_its_key_and_opens(void **state)
{
	struct fixture *f = *state;
	struct secrets_locked locked;
	char *text;

	OK(secrets_lock(&locked, f->a, f->db, "a password", &f->e));
	assert_string_equal(locked.sealed_for, public_key(f));
	OK(seal_open(&text, f->a, key_file(f), locked.sealed, locked.sealed_size, &f->e));
	assert_string_equal(text, "a password");
}

static void
T62_every_secret_has_the_new_key_and_the_old_one_is_kept(void **state)
{
	struct fixture *f = *state;
	const char *first = public_key(f);
	struct secrets_rotation r = { .lost = false };
	struct seal_key old;
	struct stat st;
	struct service s;
	char *text;

	OK(rotate(&r, f));
	assert_int_equal(r.sealed, SECRETS);
	assert_int_equal(r.shut, 0);
	assert_string_not_equal(public_key(f), first);
	assert_true(fits(f));
	assert_false(lies(f, ".next"));
	assert_true(lies(f, ending_of(f, first)));
	assert_int_equal(stat(key_file(f), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(shut(f), 0);
	/* Not one of them opens with the old key any more. */
	OK(seal_load(&old, arena_printf(f->a, "%s%s", key_file(f), ending_of(f, first)), &f->e));
	s = service_of(f);
	REFUSED(ERR_DAMAGED, seal_unlock(&text, f->a, &old, s.sealed, s.sealed_size, &f->e));
	OK(seal_open(&text, f->a, key_file(f), s.sealed, s.sealed_size, &f->e));
	assert_string_equal(text, "of the service");
}

/* A job has read the row before, and opens it after. */
static void
T62_what_was_read_before_opens_after(void **state)
{
	struct fixture *f = *state;
	struct secrets_rotation r = { .lost = false };
	struct service before = service_of(f);
	char *text;

	OK(rotate(&r, f));
	OK(rotate(&r, f));
	OK(seal_open(&text, f->a, key_file(f), before.sealed, before.sealed_size, &f->e));
	assert_string_equal(text, "of the service");
}

/* A web process has read the public key before, and saves after. */
static void
T62_what_is_sealed_to_the_old_key_is_not_saved_after(void **state)
{
	struct fixture *f = *state;
	struct secrets_rotation r = { .lost = false };
	const char *old = public_key(f);
	struct service s, add = { .environment = f->environment, .slug = "new", .name = "New",
		.engine = ENGINE_SQLITE, .settings = { .path = "/srv/x" }, .sealed_for = old };
	struct storage b = { .slug = "late", .kind = "s3", .path = "s3://x",
		.bucket = { "", "", "", "", "path", "", "", "" }, .sealed_for = old };
	struct channel c = { .kind = CHANNEL_SLACK, .name = "Late", .target = "x",
		.sealed_for = old };
	struct outbox_mail m = { .message_id = "m2", .kind = "test", .recipient = "a@x",
		.subject = "S", .sealed_for = old };

	b.sealed = add.sealed = c.sealed = sealed(&b.sealed_size, f, old, "late");
	m.message = add.sealed;
	m.message_size = c.sealed_size = add.sealed_size = b.sealed_size;
	OK(rotate(&r, f));
	s = service_of(f);
	s.sealed = add.sealed;
	s.sealed_size = add.sealed_size;
	s.sealed_for = old;
	REFUSED(ERR_BUSY, services_update(&s, f->db, &f->e));
	assert_non_null(strstr(f->e.text, "save again"));
	REFUSED(ERR_BUSY, services_add(&add, f->db, &f->e));
	REFUSED(ERR_BUSY, storages_add(&b, f->db, &f->e));
	OK(storages_by_slug(&b, f->a, f->db, "away", &f->e));
	b.sealed_for = old;
	REFUSED(ERR_BUSY, storages_update(&b, f->db, &f->e));
	REFUSED(ERR_BUSY, channels_add(&c, f->db, &f->e));
	c.id = 1;
	c.revision = 1;
	REFUSED(ERR_BUSY, channels_update(&c, f->db, &f->e));
	REFUSED(ERR_BUSY, outbox_add(f->db, &m, &f->e));
	assert_int_equal(shut(f), 0);
	assert_int_equal(fixture_number(f, "SELECT (SELECT count(*) FROM service)+"
	    "(SELECT count(*) FROM storage)+(SELECT count(*) FROM channel)+"
	    "(SELECT count(*) FROM outbox)"), 2 + 2 + 1 + 1);
	/* Control: without the look it would be saved, for a key that is gone one day. */
	setenv("LAZARETTE_FAULT_CONTROL", "seal.any", 1);
	OK(services_update(&s, f->db, &f->e));
	unsetenv("LAZARETTE_FAULT_CONTROL");
	assert_int_equal(unlink(arena_printf(f->a, "%s%s", key_file(f), ending_of(f, old))), 0);
	assert_int_equal(shut(f), 1);
	assert_non_null(strstr(f->e.text, "shop/live/database: the secret does not open"));
}

/* As a kill between the commit and the rename leaves it. */
static void
T62_a_key_that_did_not_get_into_its_place_is_found_and_put_there(void **state)
{
	struct fixture *f = *state;
	struct secrets_rotation r = { .lost = false };
	const char *first = public_key(f);
	bool changed;

	OK(rotate(&r, f));
	assert_int_equal(rename(key_file(f), arena_printf(f->a, "%s.next", key_file(f))), 0);
	assert_int_equal(rename(arena_printf(f->a, "%s%s", key_file(f), ending_of(f, first)),
	    key_file(f)), 0);
	assert_false(fits(f));
	assert_int_equal(shut(f), 0);
	OK(secrets_settle(&changed, f->db, key_file(f), &f->e));
	assert_true(changed);
	assert_true(fits(f));
	assert_true(lies(f, ending_of(f, first)));
	assert_false(lies(f, ".next"));
	OK(secrets_settle(&changed, f->db, key_file(f), &f->e));
	assert_false(changed);
}

/* A catalogue of before is put back: its key takes its place again, and the other is kept. */
static void
T62_an_older_catalogue_gets_its_key_back(void **state)
{
	struct fixture *f = *state;
	struct secrets_rotation r = { .lost = false };
	const char *first = public_key(f), *second;
	bool changed;

	OK(rotate(&r, f));
	second = public_key(f);
	OK(settings_set(f->db, "seal_public_key", first, &f->e));
	OK(secrets_settle(&changed, f->db, key_file(f), &f->e));
	assert_true(changed && fits(f));
	assert_true(lies(f, ending_of(f, second)));
}

/* What a change left that was broken off before it changed anything is never used, nor lost. */
static void
T62_a_key_that_was_left_over_is_not_taken(void **state)
{
	struct fixture *f = *state;
	struct secrets_rotation r = { .lost = false };
	struct seal_key left;

	OK(seal_make_next(&left, key_file(f), &f->e));
	OK(rotate(&r, f));
	assert_string_not_equal(public_key(f), left.public_hex);
	assert_true(lies(f, ending_of(f, left.public_hex)));
	assert_int_equal(shut(f), 0);
}

static void
T62_a_secret_that_is_shut_stays_as_it_is_and_is_told(void **state)
{
	struct fixture *f = *state;
	struct secrets_rotation r = { .lost = false };

	fixture_do(f, "UPDATE storage SET sealed=zeroblob(60) WHERE slug='away'");
	OK(rotate(&r, f));
	assert_int_equal(r.sealed, SECRETS - 1);
	assert_int_equal(r.shut, 1);
	assert_non_null(strstr(f->e.text, "storage away: the secret does not open"));
	assert_int_equal(fixture_number(f,
	    "SELECT count(*) FROM storage WHERE sealed=zeroblob(60)"), 1);
}

static void
T62_a_lost_a_wrong_and_an_unreadable_key_are_said_clearly(void **state)
{
	struct fixture *f = *state;
	struct secrets_rotation r = { .lost = false }, lost = { .lost = true };
	const char *aside = arena_printf(f->a, "%s/aside", f->folder), *first = public_key(f);
	char other[SEAL_PUBLIC_HEX_SIZE];
	bool changed;

	REFUSED(ERR_CONFLICT, rotate(&lost, f));
	assert_non_null(strstr(f->e.text, "the key is not lost"));
	assert_int_equal(chmod(key_file(f), 0644), 0);
	REFUSED(ERR_DENIED, rotate(&r, f));
	assert_non_null(strstr(f->e.text, "chmod 600"));
	REFUSED(ERR_DENIED, rotate(&lost, f));
	assert_int_equal(chmod(key_file(f), 0600), 0);

	assert_int_equal(rename(key_file(f), aside), 0);
	REFUSED(ERR_CONFLICT, rotate(&r, f));
	assert_non_null(strstr(f->e.text, "does not exist: put the right one back"));
	assert_non_null(strstr(f->e.text, arena_printf(f->a, "begins with %.8s", first)));
	assert_int_equal(shut(f), SECRETS);
	assert_non_null(strstr(f->e.text, "put it back from your copy"));
	OK(seal_make_key(other, key_file(f), &f->e));
	REFUSED(ERR_CONFLICT, rotate(&r, f));
	assert_non_null(strstr(f->e.text, "belongs to another catalogue"));
	REFUSED(ERR_CONFLICT, secrets_settle(&changed, f->db, key_file(f), &f->e));
	OK(fd_put_file(key_file(f), "xyz\n", 4, 0600, &f->e));
	REFUSED(ERR_CONFLICT, rotate(&r, f));
	assert_non_null(strstr(f->e.text, "is not a key of this program"));
	assert_string_equal(public_key(f), first);

	/* Lost for good: what was sealed stays, and opens when the key comes back after all. */
	OK(rotate(&lost, f));
	assert_int_equal(lost.shut, SECRETS);
	assert_non_null(strstr(f->e.text, "its key is lost"));
	assert_true(fits(f) && lies(f, ".damaged"));
	assert_int_equal(shut(f), SECRETS);
	assert_int_equal(rename(aside, arena_printf(f->a, "%s.found", key_file(f))), 0);
	assert_int_equal(shut(f), 0);
	OK(rotate(&r, f));
	assert_int_equal(r.sealed, SECRETS);
	fixture_do(f, "DELETE FROM setting WHERE name='seal_public_key'");
	REFUSED(ERR_CONFLICT, rotate(&r, f));
	assert_non_null(strstr(f->e.text, "lazarette admin init"));
	OK(secrets_settle(&changed, f->db, key_file(f), &f->e));
	assert_false(changed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, fixture_tear_down)
		T(what_is_locked_up_names_its_key_and_opens),
		T(T62_every_secret_has_the_new_key_and_the_old_one_is_kept),
		T(T62_what_was_read_before_opens_after),
		T(T62_what_is_sealed_to_the_old_key_is_not_saved_after),
		T(T62_a_key_that_did_not_get_into_its_place_is_found_and_put_there),
		T(T62_an_older_catalogue_gets_its_key_back),
		T(T62_a_key_that_was_left_over_is_not_taken),
		T(T62_a_secret_that_is_shut_stays_as_it_is_and_is_told),
		T(T62_a_lost_a_wrong_and_an_unreadable_key_are_said_clearly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
