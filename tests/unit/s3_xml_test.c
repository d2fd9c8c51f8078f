/* s3_xml_test.c: answers of storages are read whole, and what is no such answer is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "lib/base/buf.h"
#include "lib/util/s3_word.h"
#include "lib/util/s3_xml.h"

static int
write_down(void *arg, const char *path, const char *text, struct err *e)
{
	(void)e;
	buf_printf(arg, "%s=%s;", path, text);
	return 0;
}

static void
reads_as(const char *xml, const char *want)
{
	CLEANUP_BUF struct buf got = BUF_INIT;
	struct err e = { 0 };

	if (s3_xml_read(xml, strlen(xml), write_down, &got, &e) != 0)
		fail_msg("%s: %s", xml, e.text);
	assert_string_equal(got.p, want);
}

static void
elements_texts_and_references(void **state)
{
	(void)state;
	reads_as("<?xml version=\"1.0\"?>\n<a><b>x</b><c/></a>\n", "a/b=x;a/c=;a=;");
	reads_as("<a xmlns='http://s3.test/>'><b k=\"'>\" >&amp;&lt;&gt;&quot;&apos;</b></a>",
	    "a/b=&<>\"';a=;");
	reads_as("<a>&#65;&#xe9;&#x20AC;&#x1F600;</a>", "a=Aé€😀;");
	reads_as("<a><!-- <b>no</b> --><![CDATA[<&]]>]]</a>", "a=<&]];");
	reads_as("\xef\xbb\xbf<a><b> two words </b></a>", "a/b= two words ;a=;");
	reads_as("<a><b>1</b><b>2</b></a>", "a/b=1;a/b=2;a=;");
}

static void
what_is_no_such_answer_is_refused(void **state)
{
	static const char *const bad[] = {
		"", " ", "<a>", "<a", "</a>", "<a></b>", "<a></a><b/>", "<a/>x", "x<a/>",
		"<a>&x;</a>",
		"<a>&#0;</a>", "<a>&#xd800;</a>", "<a>&#x110000;</a>", "<a>&#;</a>", "<a>&#x;</a>",
		"<a>&amp</a>", "<!DOCTYPE a [<!ENTITY x \"y\">]><a/>", "<a><![CDATA[x</a>",
		"<a><!-- x</a>", "< a/>", "<a><b></a></b>",
		"<a><b><c><d><e><f><g><h><i/></h></g></f></e></d></c></b></a>",
		"<?xml", "<a b='></a>", "<>", "&amp;",
	};
	CLEANUP_BUF struct buf got = BUF_INIT;
	char text[S3_XML_TEXT + 16];
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		e.kind = ERR_INTERNAL;
		if (s3_xml_read(bad[i], strlen(bad[i]), write_down, &got, &e) == 0)
			fail_msg("taken: %s", bad[i]);
		assert_int_equal(e.kind, ERR_DAMAGED);
	}
	memset(text, 'x', sizeof text);
	memcpy(text, "<a>", 3);
	assert_int_equal(s3_xml_read(text, sizeof text, write_down, &got, &e), -1);
	assert_non_null(strstr(e.text, "a text is too long"));
	assert_int_equal(s3_xml_read("<a>\0</a>", 8, write_down, &got, &e), -1);
}

static void
expect_word(struct s3_word w, const char *xml, enum err_kind kind, const char *text)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	struct err e;

	w.host = "s3.test";
	w.bucket = "b";
	w.region = "";
	s3_word_read(&w, a, xml, strlen(xml));
	assert_int_equal(s3_word_say(&w, &e), -1);
	assert_string_equal(e.text, text);
	assert_int_equal(e.kind, kind);
}

#define ERROR(code, message) "<Error><Code>" code "</Code><Message>" message "</Message></Error>"

static void
each_refusal_has_its_sentence(void **state)
{
	(void)state;
	expect_word((struct s3_word){ .status = 404 }, ERROR("NoSuchKey", "It is not there."),
	    ERR_NOT_FOUND, "s3.test answered 404 NoSuchKey: It is not there");
	expect_word((struct s3_word){ .status = 403 },
	    ERROR("RequestTimeTooSkewed", "The difference is too large."), ERR_DENIED,
	    "s3.test answered 403 RequestTimeTooSkewed: The difference is too large. The clock of"
	    " this machine and that of the storage differ: set this one right (timedatectl)");
	expect_word((struct s3_word){ .status = 507 }, "", ERR_FULL,
	    "s3.test answered 507. It is full, or its quota is used up: make room");
	expect_word((struct s3_word){ .status = 403 }, ERROR("QuotaExceeded", ""), ERR_FULL,
	    "s3.test answered 403 QuotaExceeded. It is full, or its quota is used up: make room");
	expect_word((struct s3_word){ .status = 503 }, "<html>busy", ERR_BUSY,
	    "s3.test answered 503");
	expect_word((struct s3_word){ .status = 301 },
	    "<Error><Code>PermanentRedirect</Code><Region>eu-west-1</Region></Error>", ERR_INPUT,
	    "s3.test answered 301 PermanentRedirect; the bucket is in eu-west-1. Check the endpoint"
	    " and the region");
	expect_word((struct s3_word){ .status = 403, .removes = true },
	    ERROR("AccessDenied", "Access Denied because object protected by object lock."),
	    ERR_CONFLICT, "the object is locked and may not be removed yet: s3.test answered 403"
	    " AccessDenied: Access Denied because object protected by object lock");
}

static void
an_etag_is_an_md5_only_sometimes(void **state)
{
	static const char md5[] = "900150983cd24fb0d6963f7d28e17f72";

	(void)state;
	assert_false(s3_word_differs("900150983CD24FB0D6963F7D28E17F72", md5, ""));
	assert_true(s3_word_differs("900150983cd24fb0d6963f7d28e17f73", md5, "AES256"));
	assert_false(s3_word_differs("900150983cd24fb0d6963f7d28e17f73", md5, "aws:kms"));
	assert_false(s3_word_differs("900150983cd24fb0d6963f7d28e17f73-2", md5, ""));
	assert_false(s3_word_differs("", md5, ""));
	assert_false(s3_word_other_sha256("ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=",
	    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
	assert_true(s3_word_other_sha256("unGWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=",
	    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
	assert_false(s3_word_other_sha256("x-3", md5));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(elements_texts_and_references),
		cmocka_unit_test(what_is_no_such_answer_is_refused),
		cmocka_unit_test(each_refusal_has_its_sentence),
		cmocka_unit_test(an_etag_is_an_md5_only_sometimes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
