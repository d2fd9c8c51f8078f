/* pg_fence_fuzz.c: any bytes as a script: in pieces or as a whole the fence says the same, and what
 * is refused stays so behind statements that are ended. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "lib/base/attr.h"
#include "lib/base/buf.h"
#include "worker/target/pg_fence.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static int
judge(enum pg_fence_kind kind, const char *p, size_t n, size_t step)
{
	CLEANUP_PG_FENCE struct pg_fence *f = pg_fence_new(kind);
	struct err e = { 0 };
	int rc = 0;

	for (size_t at = 0; rc == 0 && at < n; at += step)
		rc = pg_fence_read(f, p + at, n - at < step ? n - at : step, &e);
	if (rc == 0)
		rc = pg_fence_end(f, &e);
	assert(rc == 0 || (e.kind == ERR_INPUT && strlen(e.text) > 20));
	return rc;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const char before[] = "CREATE SCHEMA a;\n", drop[] = "\n;DROP DATABASE x;\n";
	CLEANUP_BUF struct buf script = BUF_INIT;

	for (unsigned kind = PG_FENCE_DUMP; kind <= PG_FENCE_SQL; kind++) {
		int rc;

		buf_clear(&script);
		buf_add(&script, data, n);
		rc = judge(kind, script.p, n, n + 1);
		assert(judge(kind, script.p, n, 1) == rc);
		buf_clear(&script);
		buf_text(&script, before);
		buf_add(&script, data, n);
		assert(judge(kind, script.p, script.n, 7) == rc);
		/* What passes is closed: the next statement is seen. */
		buf_text(&script, drop);
		assert(rc != 0 || judge(kind, script.p, script.n, 100) != 0);
	}
	return 0;
}
