/* secret_test.c: hashes, sealed secrets, passwords. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/fd.h"
#include "lib/util/hash.h"
#include "lib/util/passwd.h"
#include "lib/util/seal.h"

static const char of_abc[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
static const char of_nothing[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

static void
sha256_matches_the_published_vectors_and_starts_anew(void **state UNUSED)
{
	CLEANUP_HASH struct hash *h = hash_new();
	char out[HASH_HEX_SIZE];

	hash_of(out, "abc", 3);
	assert_string_equal(out, of_abc);
	hash_add(h, "a", 1);
	hash_add(h, "bc", 2);
	hash_hex(h, out);
	assert_string_equal(out, of_abc);
	hash_hex(h, out);
	assert_string_equal(out, of_nothing);
	hash_free(NULL);
}

static char folder[] = "/tmp/secret_test.XXXXXX";

static char *
file(struct arena *a, const char *name)
{
	return arena_printf(a, "%s/%s", folder, name);
}

static void
what_is_sealed_opens_with_the_key_and_only_with_it(void **state UNUSED)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	char public[SEAL_PUBLIC_HEX_SIZE], again[SEAL_PUBLIC_HEX_SIZE], other[SEAL_PUBLIC_HEX_SIZE];
	struct stat st;
	struct err e;
	size_t size;
	void *sealed;
	char *text;

	assert_int_equal(seal_make_key(public, file(a, "key"), &e), 0);
	assert_int_equal(seal_make_key(again, file(a, "key"), &e), 0);
	assert_string_equal(public, again);
	assert_int_equal(stat(file(a, "key"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(seal_lock(&sealed, &size, a, public, "pass wörd", &e), 0);
	assert_int_equal(seal_open(&text, a, file(a, "key"), sealed, size, &e), 0);
	assert_string_equal(text, "pass wörd");
	assert_int_equal(seal_make_key(other, file(a, "key2"), &e), 0);
	assert_string_not_equal(public, other);
	assert_int_equal(seal_open(&text, a, file(a, "key2"), sealed, size, &e), -1);
	assert_int_equal(e.kind, ERR_DAMAGED);
	((char *)sealed)[size / 2] ^= 1;
	assert_int_equal(seal_open(&text, a, file(a, "key"), sealed, size, &e), -1);
	assert_int_equal(e.kind, ERR_DAMAGED);
	assert_int_equal(seal_open(&text, a, file(a, "key"), sealed, 10, &e), -1);
	assert_int_equal(e.kind, ERR_DAMAGED);
	assert_int_equal(seal_lock(&sealed, &size, a, public, "", &e), 0);
	assert_int_equal(seal_open(&text, a, file(a, "key"), sealed, size, &e), 0);
	assert_string_equal(text, "");
}

static void
a_key_that_is_none_or_that_everybody_reads_is_refused(void **state UNUSED)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	char public[SEAL_PUBLIC_HEX_SIZE];
	struct err e;
	size_t size;
	void *sealed;
	char *text;

	assert_int_equal(seal_open(&text, a, file(a, "none"), "", 60, &e), -1);
	assert_int_equal(e.kind, ERR_NOT_FOUND);
	assert_int_equal(fd_put_file(file(a, "bad"), "xyz\n", 4, 0600, &e), 0);
	assert_int_equal(seal_make_key(public, file(a, "bad"), &e), -1);
	assert_int_equal(e.kind, ERR_DAMAGED);
	assert_int_equal(seal_make_key(public, file(a, "open"), &e), 0);
	assert_int_equal(chmod(file(a, "open"), 0644), 0);
	assert_int_equal(seal_make_key(public, file(a, "open"), &e), -1);
	assert_int_equal(e.kind, ERR_DENIED);
	assert_non_null(strstr(e.text, "chmod 600"));
	assert_int_equal(seal_lock(&sealed, &size, a, "", "x", &e), -1);
	assert_int_equal(seal_lock(&sealed, &size, a, "zz", "x", &e), -1);
	assert_int_equal(seal_make_key(public, "/nonexistent/key", &e), -1);
}

static void
a_password_matches_its_own_hash_only(void **state UNUSED)
{
	char hash[PASSWD_HASH_SIZE], second[PASSWD_HASH_SIZE];
	struct err e;

	assert_int_equal(passwd_hash(hash, "correct horse battery", &e), 0);
	assert_int_equal(passwd_hash(second, "correct horse battery", &e), 0);
	assert_string_not_equal(hash, second);
	assert_memory_equal(hash, "$argon2id$v=19$m=65536,t=2,p=1$", 31);
	assert_true(passwd_matches(hash, "correct horse battery"));
	assert_false(passwd_matches(hash, "correct horse batterz"));
	assert_false(passwd_matches(hash, ""));
	assert_false(passwd_matches(NULL, "correct horse battery"));
	assert_false(passwd_matches("", "correct horse battery"));
}

static void
short_long_and_common_passwords_are_refused(void **state UNUSED)
{
	static const char *const common[] = { "password1234", "Password2024!", "qwertyuiop123",
		"123456789012", "aaaaaaaaaaaa", "121212121212", "abcdefghijkl", "letmeinletmein",
		"administrator", "2024-changeme-01", "PASSWORDPASSWORD", "098765432109" };
	static const char *const good[] = { "correct horse battery", "blau-Tisch-9-Regen",
		"passwords are odd", "ÄöÜßéèàçñøåæ", "x7Kq2mZp9LwT" };
	char longer[PASSWD_MAX + 2];
	struct err e;

	for (size_t i = 0; i < sizeof common / sizeof *common; i++) {
		if (passwd_check(common[i], &e) == 0)
			fail_msg("accepted: %s", common[i]);
		assert_string_equal(e.text, "That password is in the list of common passwords");
	}
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		assert_int_equal(passwd_check(good[i], &e), 0);
	assert_int_equal(passwd_check("short", &e), -1);
	assert_string_equal(e.text, "Use at least 12 characters");
	for (size_t i = 0; i < sizeof longer - 1; i++)
		longer[i] = (char)('a' + i * 7 % 26);
	longer[sizeof longer - 1] = '\0';
	assert_int_equal(passwd_check(longer, &e), -1);
	longer[PASSWD_MAX] = '\0';
	assert_int_equal(passwd_check(longer, &e), 0);
}

static int
make_folder(void **state UNUSED)
{
	return mkdtemp(folder) == NULL;
}

static int
remove_folder(void **state UNUSED)
{
	static const char *const names[] = { "key", "key2", "bad", "open" };
	CLEANUP_ARENA struct arena *a = arena_new();

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		unlink(file(a, names[i]));
	return rmdir(folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sha256_matches_the_published_vectors_and_starts_anew),
		cmocka_unit_test(what_is_sealed_opens_with_the_key_and_only_with_it),
		cmocka_unit_test(a_key_that_is_none_or_that_everybody_reads_is_refused),
		cmocka_unit_test(a_password_matches_its_own_hash_only),
		cmocka_unit_test(short_long_and_common_passwords_are_refused),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
