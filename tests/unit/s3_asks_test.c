/* s3_asks_test.c: what is stored in a bucket asks for the class and the encryption of the form. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "tests/unit/swift_server.h"
#include "worker/dest/dest.h"

enum { SMALL = 3000, BIG = (9 << 20) + 7 };

static struct swift stub;

static int
start(void **state)
{
	(void)state;
	stub.port = fake_spawn(&stub.pid, SIGTERM,
	    (const char *[]){ "python3", "tests/fake/s3stub.py", NULL });
	assert_int_not_equal(stub.port, 0);
	/* Also the names below this one are this machine's, as of buckets by virtual host. */
	snprintf(stub.endpoint, sizeof stub.endpoint, "http://localhost:%d", stub.port);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	kill(stub.pid, SIGTERM);
	waitpid(stub.pid, NULL, 0);
	return 0;
}

static void
store(struct dest *d, size_t n)
{
	CLEANUP_UPLOAD struct upload *up = NULL;
	CLEANUP_OBJECT struct object *o = NULL;
	char *bytes = calloc(1, n);
	int64_t size = 0;
	struct err e = { 0 };

	if (dest_begin(&up, d, "shop/a", 7, &e) != 0 || upload_write(up, bytes, n, &e) != 0 ||
	    upload_commit(&up, &e) != 0 || object_open(&o, &size, d, "shop/a", &e) != 0)
		fail_msg("%s", e.text);
	assert_int_equal(size, n);
	free(bytes);
}

/* What a small and a large object asked for, a line each, in a world of their own. */
static void
asked(struct s3_answer *ans, const char *style, const char *class, const char *encryption)
{
	CLEANUP_DEST struct dest *d = NULL;
	static int worlds;
	const struct s3_request rq = { .method = "GET", .key = "any", .query = "kept=" };
	char world[32];
	struct storage s;
	struct s3_place at;
	struct s3 *s3;
	struct err e;

	snprintf(world, sizeof world, "none-0-%d", ++worlds);
	s = swift_storage(&stub, world);
	s.bucket.style = style;
	s.bucket.storage_class = class;
	s.bucket.encryption = encryption;
	assert_int_equal(dest_open(&d, &s, &e), 0);
	store(d, SMALL);
	store(d, BIG);
	at = swift_place(&s);
	assert_int_equal(s3_new(&s3, &at, &e), 0);
	assert_int_equal(s3_send(ans, s3, &rq, &e), 0);
	s3_free(s3);
}

static void
SCU_14_what_is_stored_asks_for_its_class_and_its_encryption_in_either_style(void **state)
{
	static const char *const styles[] = { "path", "virtual" };
	char line[64];

	(void)state;
	for (int i = 0; i < 2; i++) {
		CLEANUP_S3_ANSWER struct s3_answer ans = S3_ANSWER_INIT;

		asked(&ans, styles[i], "STANDARD_IA", "aws:kms");
		for (int k = 0; k < 2; k++) {
			snprintf(line, sizeof line, "%s %s STANDARD_IA aws:kms\n",
			    k == 0 ? "object" : "upload", styles[i]);
			assert_non_null(strstr(ans.body.p, line));
		}
		/* A part is of the class of its upload: a service refuses one that names it. */
		snprintf(line, sizeof line, "part %s - -\n", styles[i]);
		assert_non_null(strstr(ans.body.p, line));
		snprintf(line, sizeof line, "part %s S", styles[i]);
		assert_null(strstr(ans.body.p, line));
		assert_null(strstr(ans.body.p, i == 0 ? " virtual " : " path "));
	}
}

static void
what_the_form_leaves_to_the_service_is_not_asked_for(void **state)
{
	CLEANUP_S3_ANSWER struct s3_answer ans = S3_ANSWER_INIT;

	(void)state;
	asked(&ans, "path", "", "");
	assert_non_null(strstr(ans.body.p, "object path - -\n"));
	assert_non_null(strstr(ans.body.p, "upload path - -\n"));
	assert_null(strstr(ans.body.p, "STANDARD"));
}

/* What is stored counts although its marker may not go; what is removed later says why it stays. */
static void
SCU_14_a_bucket_that_locks_its_objects_is_stored_into_and_named(void **state)
{
	CLEANUP_DEST struct dest *d = NULL;
	const struct storage s = swift_storage(&stub, "locked-0-x");
	struct err e = { 0 };

	(void)state;
	assert_int_equal(dest_open(&d, &s, &e), 0);
	store(d, SMALL);
	store(d, BIG);
	assert_int_equal(dest_remove(d, "shop/a", &e), -1);
	assert_int_equal(e.kind, ERR_CONFLICT);
	if (strstr(e.text, "the object is locked and may not be removed yet") == NULL ||
	    strstr(e.text, "protected by object lock") == NULL)
		fail_msg("%s", e.text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    SCU_14_what_is_stored_asks_for_its_class_and_its_encryption_in_either_style),
		cmocka_unit_test(SCU_14_a_bucket_that_locks_its_objects_is_stored_into_and_named),
		cmocka_unit_test(what_the_form_leaves_to_the_service_is_not_asked_for),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
