/* s3_rules.c: what a bucket does by itself with what nobody ends. */
#include "worker/dest/s3_rules.h"

#include <stdbool.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/util/s3_xml.h"

#define ROOT "LifecycleConfiguration"
#define RULE ROOT "/Rule"
#define ONE_CLEARS ": one that aborts incomplete multipart uploads after 7 days" \
	" (AbortIncompleteMultipartUpload) clears away, and ends the cost of, what an upload has" \
	" left that was broken off"

/* A rule, as far as it was read. */
struct rule {
	bool on, aborts, some;        /* some: of what has a prefix that is not ours, or a tag */
};

struct rules {
	const char *prefix;           /* ours */
	struct rule now;
	bool covered, whole;          /* whole: they are rules indeed */
};

static bool
is_prefix(const char *path)
{
	return strcmp(path, RULE "/Prefix") == 0 || strcmp(path, RULE "/Filter/Prefix") == 0 ||
	    strcmp(path, RULE "/Filter/And/Prefix") == 0;
}

static int
see(void *arg, const char *path, const char *text, struct err *e UNUSED)
{
	static const char filter[] = RULE "/Filter/", both[] = RULE "/Filter/And";
	struct rules *r = arg;

	if (strcmp(path, RULE "/Status") == 0)
		r->now.on = strcmp(text, "Enabled") == 0;
	else if (strcmp(path, RULE "/AbortIncompleteMultipartUpload/DaysAfterInitiation") == 0)
		r->now.aborts = true;
	else if (is_prefix(path))
		r->now.some |= strncmp(r->prefix, text, strlen(text)) != 0;
	else if (strncmp(path, filter, sizeof filter - 1) == 0 && strcmp(path, both) != 0)
		r->now.some = true;
	else if (strcmp(path, RULE) == 0) {
		r->covered |= r->now.on && r->now.aborts && !r->now.some;
		r->now = (struct rule){ .on = false };
	} else if (strcmp(path, ROOT) == 0)
		r->whole = true;
	return 0;
}

const char *
s3_rules_advice(struct s3 *s)
{
	CLEANUP_S3_ANSWER struct s3_answer ans = S3_ANSWER_INIT;
	const struct s3_request rq = { .method = "GET", .query = "lifecycle=" };
	struct rules r = { .prefix = s3_prefix(s) };
	struct err e;

	if (s3_send(&ans, s, &rq, &e) != 0)
		return strcmp(ans.code, "NoSuchLifecycleConfiguration") == 0
		    ? "The bucket has no lifecycle rules" ONE_CLEARS : "";
	if (s3_xml_read(ans.body.p, ans.body.n, see, &r, &e) != 0 || !r.whole || r.covered)
		return "";
	return "None of the bucket's lifecycle rules ends the uploads of this storage" ONE_CLEARS;
}
