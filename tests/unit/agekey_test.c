/* agekey_test.c: keys of age as text and files, theirs and ours. */
#include "tests/unit/aging.h"

static void
a_key_comes_back_as_it_was_written(void **state)
{
	struct aging *g = *state;

	for (int i = 0; i < 200; i++) {
		char public[AGEKEY_TEXT], secret[AGEKEY_TEXT];
		unsigned char read[AGEKEY_SIZE];
		struct agekey k, again;

		agekey_make(&k);
		agekey_public_text(public, k.public);
		agekey_secret_text(secret, &k);
		assert_int_equal(strlen(public), 62);
		assert_int_equal(strlen(secret), 74);
		AGED(agekey_read_public(read, public, &g->e));
		assert_memory_equal(read, k.public, sizeof read);
		AGED(agekey_read_secret(&again, secret, &g->e));
		assert_memory_equal(&again, &k, sizeof k);
	}
}

/* Every single character, changed, missing or in another case, is noticed. */
static void
a_mistyped_key_is_refused(void **state)
{
	struct aging *g = *state;
	unsigned char read[AGEKEY_SIZE];

	for (size_t i = 0; i < strlen(g->public); i++) {
		char wrong[AGEKEY_TEXT];

		for (int c = '!'; c <= '~'; c++) {
			snprintf(wrong, sizeof wrong, "%s", g->public);
			wrong[i] = (char)c;
			if (strcmp(wrong, g->public) != 0)
				assert_int_equal(agekey_read_public(read, wrong, &g->e), -1);
		}
		snprintf(wrong, sizeof wrong, "%.*s%s", (int)i, g->public, g->public + i + 1);
		assert_int_equal(agekey_read_public(read, wrong, &g->e), -1);
		assert_int_equal(g->e.kind, ERR_INPUT);
	}
	assert_int_equal(agekey_read_public(read, "", &g->e), -1);
	/* The error never says a secret. */
	struct agekey k;
	assert_int_equal(agekey_read_secret(&k, "AGE-SECRET-KEY-1NOTONEATALL", &g->e), -1);
	assert_null(strstr(g->e.text, "NOTONEATALL"));
}

static void
PEER_16_a_key_of_age_keygen_is_read_and_ours_by_age_keygen(void **state)
{
	struct aging *g = *state;
	CLEANUP_AGERING struct agering ring = { NULL, 0 };
	CLEANUP_BUF struct buf out = BUF_INIT;
	char public[AGEKEY_TEXT];

	AGED(aging_tool(&out, g, TOOL("age-keygen", "-o", aging_path(g, "theirs"))));
	AGED(agekey_read_file(&ring, aging_path(g, "theirs"), &g->e));
	assert_int_equal(ring.count, 1);
	agekey_public_text(public, ring.keys[0].public);
	buf_clear(&out);
	AGED(aging_tool(&out, g, TOOL("age-keygen", "-y", aging_path(g, "theirs"))));
	assert_non_null(strstr(out.p, public));
	char id[AGEKEY_SHORT];
	agekey_short(id, g->public);
	buf_clear(&out);
	AGED(aging_tool(&out, g, TOOL("age-keygen", "-y",
	    aging_path(g, arena_printf(g->a, "keys/%s.identity", id)))));
	assert_int_equal(strncmp(out.p, g->public, strlen(g->public)), 0);
}

static void
a_folder_gives_all_keys_of_all_files(void **state)
{
	struct aging *g = *state;
	CLEANUP_AGERING struct agering ring = { NULL, 0 };
	char first[AGEKEY_TEXT], second[AGEKEY_TEXT];
	const char *text;

	agekey_secret_text(first, &g->recovery);
	agekey_secret_text(second, &g->key);
	text = arena_printf(g->a, "# two\r\n%s\r\n\n%s", first, second);
	aging_write(g, "keys/more.identity", text, strlen(text));
	aging_write(g, "keys/.hidden.identity", "x", 1);
	aging_write(g, "keys/sign.key", "x", 1);
	AGED(agekey_read_folder(&ring, aging_path(g, "keys"), &g->e));
	assert_int_equal(ring.count, 3);
	agekey_ring_release(&ring);
	AGED(agekey_read_folder(&ring, aging_path(g, "nowhere"), &g->e));
	assert_int_equal(ring.count, 0);
	aging_write(g, "keys/bad.identity", "hello\n", 6);
	assert_int_equal(agekey_read_folder(&ring, aging_path(g, "keys"), &g->e), -1);
	assert_non_null(strstr(g->e.text, "bad.identity': line 1: "));
	aging_write(g, "keys/bad.identity", "# none\n", 7);
	assert_int_equal(agekey_read_folder(&ring, aging_path(g, "keys"), &g->e), -1);
	assert_non_null(strstr(g->e.text, "no secret key"));
	assert_int_equal(unlink(aging_path(g, "keys/bad.identity")), 0);
	assert_int_equal(chmod(aging_path(g, "keys/more.identity"), 0644), 0);
	assert_int_equal(agekey_read_folder(&ring, aging_path(g, "keys"), &g->e), -1);
	assert_non_null(strstr(g->e.text, "chmod 600"));
}

static void
a_point_of_low_order_gives_no_secret(void **state)
{
	struct aging *g = *state;
	unsigned char zero[AGEKEY_SIZE] = { 0 }, out[AGEKEY_SIZE];

	assert_int_equal(agekey_shared(out, g->key.secret, zero, &g->e), -1);
	assert_int_equal(g->e.kind, ERR_DAMAGED);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, aging_set_up, aging_tear_down)
	const struct CMUnitTest tests[] = {
		T(a_key_comes_back_as_it_was_written),
		T(a_mistyped_key_is_refused),
		T(PEER_16_a_key_of_age_keygen_is_read_and_ours_by_age_keygen),
		T(a_folder_gives_all_keys_of_all_files),
		T(a_point_of_low_order_gives_no_secret),
	};

	return cmocka_run_group_tests_name("agekey", tests, NULL, NULL);
}
