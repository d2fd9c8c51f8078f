/* minisign_test.c: signatures, theirs and ours; what does not fit is refused. */
#include "tests/unit/aging.h"

#include "lib/util/minisign.h"

struct signed_file {
	struct minisign_public public;
	struct minisign_secret secret;
	unsigned char digest[MINISIGN_DIGEST];
	struct buf text;
};

static const char content[] = "what is signed\n", comment[] = "lazarette key=a/b time=now";

static void
make(struct signed_file *f, struct aging *g)
{
	f->text = (struct buf)BUF_INIT;
	AGED(minisign_make(&f->public, aging_path(g, "sign.key"), &g->e));
	AGED(minisign_read_secret(&f->secret, aging_path(g, "sign.key"), &g->e));
	minisign_hash_of(f->digest, content, strlen(content));
	AGED(minisign_sign(&f->text, &f->secret, f->digest, comment, &g->e));
	aging_write(g, "file", content, strlen(content));
	aging_write(g, "file.minisig", f->text.p, f->text.n);
}

static int
verify(struct aging *g, const struct signed_file *f, const char *text)
{
	char *said = NULL;

	if (minisign_verify(&said, g->a,
	        &(struct minisign_check){ &f->public, f->digest, text }, &g->e) != 0)
		return -1;
	assert_string_equal(said, comment);
	return 0;
}

static void
minisign_checks_what_was_signed_here(void **state)
{
	struct aging *g = *state;
	CLEANUP_BUF struct buf out = BUF_INIT;
	char public[MINISIGN_PUBLIC_TEXT];
	struct signed_file f;

	make(&f, g);
	AGED(verify(g, &f, f.text.p));
	minisign_public_text(public, &f.public);
	AGED(aging_tool(&out, g, TOOL("minisign", "-V", "-H", "-P", public, "-m",
	    aging_path(g, "file"))));
	assert_non_null(strstr(out.p, "Signature and comment signature verified"));
	assert_non_null(strstr(out.p, comment));
	aging_write(g, "file", "what is singed\n", strlen(content));
	assert_int_equal(aging_tool(&out, g, TOOL("minisign", "-V", "-P", public, "-m",
	    aging_path(g, "file"))), -1);
	buf_release(&f.text);
}

/* minisign reads our secret key and signs with it; we check that. */
static void
what_minisign_signed_with_our_key_is_checked_here(void **state)
{
	struct aging *g = *state;
	CLEANUP_BUF struct buf out = BUF_INIT;
	CLEANUP_BUF struct buf theirs = BUF_INIT;
	struct minisign_public read;
	struct signed_file f;

	make(&f, g);
	AGED(aging_tool(&out, g, TOOL("minisign", "-S", "-W", "-s", aging_path(g, "sign.key"), "-t",
	    comment, "-m", aging_path(g, "file"))));
	aging_read(&theirs, g, "file.minisig");
	AGED(verify(g, &f, theirs.p));
	AGED(aging_tool(&out, g, TOOL("minisign", "-R", "-f", "-W", "-s", aging_path(g, "sign.key"),
	    "-p", aging_path(g, "sign.pub"))));
	aging_read(&theirs, g, "sign.pub");
	AGED(minisign_read_public(&read, theirs.p, &g->e));
	assert_memory_equal(&read, &f.public, sizeof read);
	buf_release(&f.text);
}

static void
T27_every_changed_byte_of_a_signature_is_noticed(void **state)
{
	struct aging *g = *state;
	struct signed_file f;
	size_t untrusted;

	make(&f, g);
	untrusted = strcspn(f.text.p, "\n");
	for (size_t i = 0; i < f.text.n; i++) {
		char was = f.text.p[i];

		/* Nobody signs the first line's words, and the last line needs no end. */
		if ((i >= strlen("untrusted comment: ") && i < untrusted) || i == f.text.n - 1)
			continue;
		f.text.p[i] = was == 'x' ? 'y' : 'x';
		if (verify(g, &f, f.text.p) == 0)
			fail_msg("byte %zu", i);
		assert_int_equal(g->e.kind, ERR_DAMAGED);
		f.text.p[i] = was;
	}
	for (size_t n = 0; n < f.text.n - 1; n++)
		assert_int_equal(verify(g, &f, arena_dupn(g->a, f.text.p, n)), -1);
	f.digest[5] ^= 1;
	assert_int_equal(verify(g, &f, f.text.p), -1);
	assert_non_null(strstr(g->e.text, "changed after it was signed"));
	buf_release(&f.text);
}

static void
T27_another_key_is_named(void **state)
{
	struct aging *g = *state;
	char id[MINISIGN_ID_TEXT];
	struct signed_file f;

	make(&f, g);
	minisign_id_text(id, f.public.id);
	assert_int_equal(unlink(aging_path(g, "sign.key")), 0);
	AGED(minisign_make(&f.public, aging_path(g, "sign.key"), &g->e));
	assert_int_equal(verify(g, &f, f.text.p), -1);
	assert_non_null(strstr(g->e.text, id));
	buf_release(&f.text);
}

static void
a_damaged_secret_key_is_refused(void **state)
{
	struct aging *g = *state;
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct minisign_secret k;
	struct signed_file f;

	make(&f, g);
	aging_read(&text, g, "sign.key");
	text.p[text.n - 40] = text.p[text.n - 40] == 'A' ? 'B' : 'A';
	aging_write(g, "sign.key", text.p, text.n);
	assert_int_equal(minisign_read_secret(&k, aging_path(g, "sign.key"), &g->e), -1);
	assert_int_equal(g->e.kind, ERR_DAMAGED);
	assert_int_equal(minisign_read_secret(&k, aging_path(g, "none"), &g->e), -1);
	assert_int_equal(g->e.kind, ERR_NOT_FOUND);
	buf_release(&f.text);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, aging_set_up, aging_tear_down)
	const struct CMUnitTest tests[] = {
		T(minisign_checks_what_was_signed_here),
		T(what_minisign_signed_with_our_key_is_checked_here),
		T(T27_every_changed_byte_of_a_signature_is_noticed),
		T(T27_another_key_is_named),
		T(a_damaged_secret_key_is_refused),
	};

	return cmocka_run_group_tests_name("minisign", tests, NULL, NULL);
}
