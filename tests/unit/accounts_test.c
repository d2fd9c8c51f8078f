/* accounts_test.c: accounts, sessions, the brake on guessing. */
#include "tests/unit/fixture.h"

#include "lib/store/settings.h"

static const struct session_limits limits = { 30 * 60000, 12 * 3600000 };

static void
the_first_account_needs_the_code_and_only_the_first(void **state)
{
	struct fixture *f = *state;
	struct account one = { .email = "a@x",
		.name = "A",
		.role = ROLE_ADMIN,
		.password_hash = "h" };
	char *code;
	int64_t n;

	OK(db_open_migrate(&f->db, f->path, &f->e));
	REFUSED(ERR_DENIED, accounts_set_up(&one, f->db, "", &f->e));
	OK(settings_set(f->db, "setup_code_hash", "cafe", &f->e));
	REFUSED(ERR_DENIED, accounts_set_up(&one, f->db, "beef", &f->e));
	REFUSED(ERR_DENIED, accounts_set_up(&one, f->db, "", &f->e));
	OK(accounts_count(&n, f->db, &f->e));
	assert_int_equal(n, 0);
	OK(accounts_set_up(&one, f->db, "cafe", &f->e));
	assert_true(one.id > 0 && one.created_at > 0);
	OK(settings_get(&code, f->a, f->db, "setup_code_hash", &f->e));
	assert_string_equal(code, "");
	OK(settings_set(f->db, "setup_code_hash", "cafe", &f->e));
	REFUSED(ERR_CONFLICT, accounts_set_up(&one, f->db, "cafe", &f->e));
}

static void
an_email_has_one_account_in_whatever_case(void **state)
{
	struct fixture *f = *state;
	struct account a,
	    same = { .email = "ADMIN@Example.org",
		    .name = "B",
		    .role = ROLE_VIEWER,
		    .password_hash = "h" };

	REFUSED(ERR_CONFLICT, accounts_add(&same, f->db, &f->e));
	OK(accounts_by_email(&a, f->a, f->db, "Admin@EXAMPLE.org", &f->e));
	assert_int_equal(a.id, f->admin);
	assert_string_equal(a.email, "admin@example.org");
	assert_string_equal(a.name, "Admin");
	assert_int_equal(a.role, ROLE_ADMIN);
	assert_false(a.disabled);
	assert_int_equal(strlen(a.uuid), 36);
	REFUSED(ERR_NOT_FOUND, accounts_by_email(&a, f->a, f->db, "b@x", &f->e));
	REFUSED(ERR_NOT_FOUND, accounts_by_id(&a, f->a, f->db, 99, &f->e));
	OK(accounts_by_id(&a, f->a, f->db, f->admin, &f->e));
	assert_string_equal(a.password_hash, "x");
}

/* T54: idle and absolute limits, logout, disabled accounts. */
static void
T54_a_session_lives_only_within_its_limits(void **state)
{
	struct fixture *f = *state;
	struct session s;

	OK(sessions_add(f->db, "hash", f->admin, "csrf", "127.0.0.1", &f->e));
	OK(sessions_find(&s, f->a, f->db, "hash", &limits, &f->e));
	assert_string_equal(s.csrf, "csrf");
	assert_string_equal(s.account.email, "admin@example.org");
	assert_true(s.account.seen_at > 0 && s.auth_at == s.created_at);
	REFUSED(ERR_NOT_FOUND, sessions_find(&s, f->a, f->db, "other", &limits, &f->e));
	fixture_do(f, "UPDATE session SET seen_at=seen_at-1800001");
	REFUSED(ERR_NOT_FOUND, sessions_find(&s, f->a, f->db, "hash", &limits, &f->e));
	fixture_do(f, "UPDATE session SET seen_at=seen_at+1800001, created_at=created_at-43200001");
	REFUSED(ERR_NOT_FOUND, sessions_find(&s, f->a, f->db, "hash", &limits, &f->e));
	fixture_do(f, "UPDATE session SET created_at=seen_at");
	fixture_do(f, "UPDATE account SET disabled=1");
	REFUSED(ERR_NOT_FOUND, sessions_find(&s, f->a, f->db, "hash", &limits, &f->e));
	fixture_do(f, "UPDATE account SET disabled=0");
	OK(sessions_find(&s, f->a, f->db, "hash", &limits, &f->e));
	OK(sessions_remove(f->db, "hash", &f->e));
	REFUSED(ERR_NOT_FOUND, sessions_find(&s, f->a, f->db, "hash", &limits, &f->e));
	REFUSED(ERR_INTERNAL, sessions_add(f->db, "h2", 99, "c", "", &f->e));
}

static void
a_session_is_marked_as_seen_once_a_minute(void **state)
{
	struct fixture *f = *state;
	int64_t before;
	struct session s;

	OK(sessions_add(f->db, "hash", f->admin, "csrf", "127.0.0.1", &f->e));
	fixture_do(f, "UPDATE session SET seen_at=seen_at-30000");
	before = fixture_number(f, "SELECT seen_at FROM session");
	OK(sessions_find(&s, f->a, f->db, "hash", &limits, &f->e));
	assert_int_equal(fixture_number(f, "SELECT seen_at FROM session"), before);
	fixture_do(f, "UPDATE session SET seen_at=seen_at-40000");
	OK(sessions_find(&s, f->a, f->db, "hash", &limits, &f->e));
	assert_true(fixture_number(f, "SELECT seen_at FROM session") > before);
	assert_int_equal(fixture_number(f, "SELECT seen_at FROM session"), s.seen_at);
}

static void
dead_sessions_are_swept(void **state)
{
	struct fixture *f = *state;

	OK(sessions_add(f->db, "idle", f->admin, "c", "", &f->e));
	OK(sessions_add(f->db, "old", f->admin, "c", "", &f->e));
	OK(sessions_add(f->db, "alive", f->admin, "c", "", &f->e));
	fixture_do(f, "UPDATE session SET seen_at=1 WHERE id_hash='idle'");
	fixture_do(f, "UPDATE session SET created_at=1 WHERE id_hash='old'");
	OK(sessions_sweep(f->db, &limits, &f->e));
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM session"), 1);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM session WHERE id_hash='alive'"),
	    1);
}

static int64_t
wait_of(struct fixture *f, const char *name)
{
	int64_t ms = -1;

	OK(throttle_wait(&ms, f->db, name, &f->e));
	return ms;
}

/* T53: five free tries, then the wait doubles from 1 s to 15 min; an hour of peace forgets all. */
static void
T53_guessing_gets_slower_and_slower(void **state)
{
	static const int64_t waits[] = { 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900 };
	struct fixture *f = *state;

	for (int i = 0; i < 5; i++) {
		OK(throttle_failed(f->db, "account:a@x", &f->e));
		assert_int_equal(wait_of(f, "account:a@x"), 0);
	}
	for (size_t i = 0; i < sizeof waits / sizeof *waits; i++) {
		OK(throttle_failed(f->db, "account:a@x", &f->e));
		assert_in_range(wait_of(f, "account:a@x"), waits[i] * 1000 - 900, waits[i] * 1000);
	}
	assert_int_equal(wait_of(f, "account:b@x"), 0);
	assert_int_equal(wait_of(f, "address:127.0.0.1"), 0);
	fixture_do(f, "UPDATE throttle SET blocked_until=blocked_until+86400000");
	assert_int_equal(wait_of(f, "account:a@x"), 900000);
	fixture_do(f, "UPDATE throttle SET last_at=last_at-3600001");
	assert_int_equal(wait_of(f, "account:a@x"), 0);
	OK(throttle_failed(f->db, "account:b@x", &f->e));
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM throttle"), 1);
}

static void
a_success_forgets_the_failures(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 9; i++)
		OK(throttle_failed(f->db, "account:a@x", &f->e));
	assert_true(wait_of(f, "account:a@x") > 0);
	OK(throttle_clear(f->db, "account:a@x", &f->e));
	assert_int_equal(wait_of(f, "account:a@x"), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_EMPTY_TEST(the_first_account_needs_the_code_and_only_the_first),
		FIXTURE_TEST(an_email_has_one_account_in_whatever_case),
		FIXTURE_TEST(T54_a_session_lives_only_within_its_limits),
		FIXTURE_TEST(a_session_is_marked_as_seen_once_a_minute),
		FIXTURE_TEST(dead_sessions_are_swept),
		FIXTURE_TEST(T53_guessing_gets_slower_and_slower),
		FIXTURE_TEST(a_success_forgets_the_failures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
