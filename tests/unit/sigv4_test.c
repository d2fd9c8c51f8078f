/* sigv4_test.c: the examples that AWS publishes for signing requests to S3, to the digit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "lib/util/hash.h"
#include "lib/util/sigv4.h"

#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define DATE "20130524T000000Z"
#define HOST { "host", "examplebucket.s3.amazonaws.com" }
#define COUNT(a) (sizeof(a) / sizeof *(a))

static void
expect(const struct sigv4 *rq, const char *names, const char *signature)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	struct sigv4 full = *rq;
	char *want = arena_printf(a,
	    "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
	    "SignedHeaders=%s,Signature=%s", names, signature);

	full.date = DATE;
	full.region = "us-east-1";
	full.service = "s3";
	full.key_id = "AKIAIOSFODNN7EXAMPLE";
	full.secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
	assert_string_equal(sigv4_authorization(a, &full), want);
}

static void
a_range_of_an_object(void **state)
{
	const struct sigv4_header headers[] = { HOST, { "range", "bytes=0-9" },
		{ "x-amz-content-sha256", EMPTY }, { "x-amz-date", DATE } };

	(void)state;
	expect(&(struct sigv4){ .method = "GET", .path = "/test.txt", .query = "",
	           .headers = headers, .header_count = COUNT(headers), .payload = EMPTY },
	    "host;range;x-amz-content-sha256;x-amz-date",
	    "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

static void
an_object_put_with_its_class(void **state)
{
	char payload[HASH_HEX_SIZE];

	(void)state;
	hash_of(payload, "Welcome to Amazon S3.", strlen("Welcome to Amazon S3."));
	const struct sigv4_header headers[] = { { "date", "Fri, 24 May 2013 00:00:00 GMT" }, HOST,
		{ "x-amz-content-sha256", payload }, { "x-amz-date", DATE },
		{ "x-amz-storage-class", "REDUCED_REDUNDANCY" } };

	expect(&(struct sigv4){ .method = "PUT", .path = "/test%24file.text", .query = "",
	           .headers = headers, .header_count = COUNT(headers), .payload = payload },
	    "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
	    "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

static void
a_bare_word_and_a_list_in_the_query(void **state)
{
	const struct sigv4_header headers[] = { HOST, { "x-amz-content-sha256", EMPTY },
		{ "x-amz-date", DATE } };
	struct sigv4 rq = { .method = "GET", .path = "/", .query = "lifecycle=",
		.headers = headers, .header_count = COUNT(headers), .payload = EMPTY };

	(void)state;
	expect(&rq, "host;x-amz-content-sha256;x-amz-date",
	    "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
	rq.query = "max-keys=2&prefix=J";
	expect(&rq, "host;x-amz-content-sha256;x-amz-date",
	    "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_range_of_an_object),
		cmocka_unit_test(an_object_put_with_its_class),
		cmocka_unit_test(a_bare_word_and_a_list_in_the_query),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
