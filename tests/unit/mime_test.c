/* mime_test.c: messages, and what may not get into their headers. The whole is read back by
 * Python's email module in tests/faults; here each rule is looked at alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/util/mime.h"

static struct mime_mail
sample(void)
{
	return (struct mime_mail){
		.from = "lazarette@example.org", .from_name = "Lazarette", .to = "ada@example.org",
		.subject = "[shop/live] Backup ready: database + media (75.3 MB)",
		.message_id = "backup_ready.0193.ab@example.org", .at = 1795235378000,
		.text = "Hello\n", .html = "<p>Hello</p>\n",
	};
}

static void
build(struct buf *out, const struct mime_mail *m)
{
	struct err e;

	buf_clear(out);
	assert_int_equal(mime_build(out, m, &e), 0);
}

/* The lines of a message end in CRLF and none is longer than the RFCs wish. */
static void
assert_lines(const struct buf *b)
{
	const char *p = b->p, *end;

	while (*p != '\0') {
		end = strchr(p, '\n');
		assert_non_null(end);
		assert_true(end > p - 1 && end[-1] == '\r');
		assert_true(end - p <= 78);
		assert_null(memchr(p, '\r', (size_t)(end - p) - 1));
		p = end + 1;
	}
}

static void
a_message_is_exactly_this(void **state UNUSED)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct mime_mail m = sample();

	m.in_reply_to = "job.0193@example.org";
	build(&out, &m);
	assert_string_equal(out.p,
	    "From: Lazarette\r\n <lazarette@example.org>\r\n"
	    "To: <ada@example.org>\r\n"
	    "Subject: [shop/live] Backup ready: database + media (75.3 MB)\r\n"
	    "Date: Sat, 21 Nov 2026 04:29:38 +0000\r\n"
	    "Message-ID: <backup_ready.0193.ab@example.org>\r\n"
	    "In-Reply-To: <job.0193@example.org>\r\nReferences: <job.0193@example.org>\r\n"
	    "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
	    "Content-Type: multipart/alternative; boundary=\"=_lazarette_alternative\"\r\n\r\n"
	    "--=_lazarette_alternative\r\nContent-Type: text/plain; charset=utf-8\r\n"
	    "Content-Transfer-Encoding: quoted-printable\r\n\r\nHello\r\n\r\n"
	    "--=_lazarette_alternative\r\nContent-Type: text/html; charset=utf-8\r\n"
	    "Content-Transfer-Encoding: quoted-printable\r\n\r\n<p>Hello</p>\r\n\r\n"
	    "--=_lazarette_alternative--\r\n");
	assert_lines(&out);
}

static void
other_than_ascii_becomes_encoded_words_cut_between_characters(void **state UNUSED)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct mime_mail m = sample();

	m.from_name = "Gr\xc3\xbc\xc3\x9f\x65, AG";
	m.subject = "\xf0\x9f\x8e\x82\xf0\x9f\x8e\x82\xf0\x9f\x8e\x82\xf0\x9f\x8e\x82\xf0\x9f\x8e"
	            "\x82\xf0\x9f\x8e\x82";
	build(&out, &m);
	assert_non_null(strstr(out.p,
	    "From: =?UTF-8?Q?Gr=C3=BC=C3=9Fe=2C_AG?=\r\n <lazarette@example.org>\r\n"));
	assert_non_null(strstr(out.p,
	    "Subject: =?UTF-8?Q?=F0=9F=8E=82=F0=9F=8E=82=F0=9F=8E=82=F0=9F=8E=82?=\r\n"
	    " =?UTF-8?Q?=F0=9F=8E=82=F0=9F=8E=82?=\r\n"));
	assert_lines(&out);
}

static void
a_long_or_lookalike_subject_is_encoded_and_folded(void **state UNUSED)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct mime_mail m = sample();
	char subject[901];

	m.subject = "=?UTF-8?Q?not_ours?=";
	build(&out, &m);
	assert_non_null(
	    strstr(out.p, "Subject: =?UTF-8?Q?=3D=3FUTF=2D8=3FQ=3Fnot=5Fours=3F=3D?=\r\n"));
	m.subject = " blanks around ";
	build(&out, &m);
	assert_non_null(strstr(out.p, "Subject: =?UTF-8?Q?_blanks_around_?=\r\n"));
	memset(subject, 'x', 900);
	subject[900] = '\0';
	m.subject = subject;
	build(&out, &m);
	assert_lines(&out);
}

/* T48: the naive builder of the control test lets each of these through. */
static void
T48_a_line_break_in_a_header_is_refused(void **state UNUSED)
{
	static const char *const hostile[] = {
		"a\r\nBcc: evil@example.net",
		"a\nBcc: evil@example.net",
		"a\rBcc: evil@example.net",
		"a\r\n\r\nbody",
		"a\x01",
		"a\x7f",
		"\r\n",
		"\t",
		"a\xff",
		"a\xc3",
	};
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct err e;

	for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
		struct mime_mail m = sample();

		buf_clear(&out);
		buf_text(&out, "kept");
		m.subject = hostile[i];
		assert_int_equal(mime_build(&out, &m, &e), -1);
		assert_int_equal(e.kind, ERR_INPUT);
		m = sample();
		m.from_name = hostile[i];
		assert_int_equal(mime_build(&out, &m, &e), -1);
		assert_string_equal(out.p, "kept");
	}
}

/* T48 */
static void
T48_an_address_that_is_more_than_an_address_is_refused(void **state UNUSED)
{
	static const char *const hostile[] = {
		"",
		"a",
		"@",
		"a@",
		"@b",
		"a@b@c",
		"a b@c",
		"a@b c",
		"a@b\r\nBcc: x@y",
		"a@b\n",
		"<a@b>",
		"a@b>",
		"a@b, c@d",
		"\"a\"@b",
		"a(b)@c",
		"a;b@c",
		"a:b@c",
		"a@b\x7f",
		"a\xc3\xa9@b",
		"[a]@b",
		"a\\b@c",
	};
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct err e;

	for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
		struct mime_mail to = sample(), from = sample(), id = sample(), reply = sample();

		to.to = from.from = id.message_id = reply.in_reply_to = hostile[i];
		assert_int_equal(mime_build(&out, &to, &e), -1);
		assert_int_equal(mime_build(&out, &from, &e), -1);
		assert_int_equal(mime_build(&out, &id, &e), -1);
		if (*hostile[i] != '\0')
			assert_int_equal(mime_build(&out, &reply, &e), -1);
		assert_int_equal(e.kind, ERR_INPUT);
		assert_int_equal(out.n, 0);
	}
}

static void
a_header_longer_than_the_limit_is_refused(void **state UNUSED)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct mime_mail m = sample();
	char subject[1002];
	struct err e;

	memset(subject, 'x', 1001);
	subject[1001] = '\0';
	m.subject = subject;
	assert_int_equal(mime_build(&out, &m, &e), -1);
}

/* The encoded text part of a mail whose text is `text`. */
static char *
part_of(struct arena *a, const char *text)
{
	static const char head[] = "quoted-printable\r\n\r\n",
	                  tail[] = "\r\n--=_lazarette_alternative\r\n";
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct mime_mail m = sample();
	char *from, *to;

	m.text = text;
	build(&out, &m);
	assert_lines(&out);
	from = strstr(out.p, head) + strlen(head);
	to = strstr(from, tail);
	assert_non_null(to);
	return arena_dupn(a, from, (size_t)(to - from));
}

static void
bodies_are_quoted_printable(void **state UNUSED)
{
	CLEANUP_ARENA struct arena *a = arena_new();

	assert_string_equal(part_of(a, "a=b\n"), "a=3Db\r\n");
	assert_string_equal(part_of(a, "caf\xc3\xa9"), "caf=C3=A9\r\n");
	assert_string_equal(part_of(a, "end \nend\t\n"), "end=20\r\nend=09\r\n");
	assert_string_equal(part_of(a, "a\tb c\n"), "a\tb c\r\n");
	assert_string_equal(part_of(a, "\x01\x7f\n"), "=01=7F\r\n");
	assert_string_equal(part_of(a, ""), "");
	assert_string_equal(part_of(a, "one\r\ntwo\rthree\n\nfour"),
	    "one\r\ntwo\r\nthree\r\n\r\nfour\r\n");
}

static void
a_body_cannot_end_the_mail_or_its_part(void **state UNUSED)
{
	CLEANUP_ARENA struct arena *a = arena_new();

	assert_string_equal(part_of(a, ".\n.x\nFrom me\n"), "=2E\r\n=2Ex\r\n=46rom me\r\n");
	assert_string_equal(part_of(a, "--=_lazarette_alternative--\n"),
	    "--=3D_lazarette_alternative--\r\n");
}

static void
long_lines_are_broken_softly(void **state UNUSED)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	char text[200], want[220];

	memset(text, 'x', 76);
	text[76] = '\0';
	snprintf(want, sizeof want, "%s\r\n", text);
	assert_string_equal(part_of(a, text), want);
	memset(text, 'x', 77);
	text[77] = '\0';
	snprintf(want, sizeof want, "%.75s=\r\nxx\r\n", text);
	assert_string_equal(part_of(a, text), want);
	/* A soft break also stands before a dot that would begin a line. */
	memset(text, '.', 150);
	text[150] = '\0';
	assert_null(strstr(part_of(a, text), "\n."));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_is_exactly_this),
		cmocka_unit_test(other_than_ascii_becomes_encoded_words_cut_between_characters),
		cmocka_unit_test(a_long_or_lookalike_subject_is_encoded_and_folded),
		cmocka_unit_test(T48_a_line_break_in_a_header_is_refused),
		cmocka_unit_test(T48_an_address_that_is_more_than_an_address_is_refused),
		cmocka_unit_test(a_header_longer_than_the_limit_is_refused),
		cmocka_unit_test(bodies_are_quoted_printable),
		cmocka_unit_test(a_body_cannot_end_the_mail_or_its_part),
		cmocka_unit_test(long_lines_are_broken_softly),
	};

	return cmocka_run_group_tests_name("mime", tests, NULL, NULL);
}
