/* pg_deal_fuzz.c: any bytes as a dump: in pieces or as a whole they are dealt out alike, and as one
 * file they are what they were. */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/fd.h"
#include "worker/target/pg_deal.h"

enum { LANES = 2, FILE_MAX = 1 << 24 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
deal(struct pg_dealt *ret, bool *odd, const struct pg_dealt *names, const char *p, size_t n,
    size_t step)
{
	CLEANUP_PG_DEAL struct pg_deal *d = NULL;
	struct err e;
	int rc = pg_deal_new(&d, names, &e);

	for (size_t at = 0; rc == 0 && at < n; at += step)
		rc = pg_deal_write(d, p + at, n - at < step ? n - at : step, &e);
	assert(rc == 0);
	rc = pg_deal_end(ret, odd, d, &e);
	assert(rc == 0);
}

/* All that the files hold, one behind the other. */
static void
gather(struct buf *to, const struct pg_dealt *made)
{
	const char *const paths[] = { made->dump, made->before, made->beside, made->after };
	struct err e;

	for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
		if (paths[i] != NULL && fd_read_file(to, paths[i], FILE_MAX, &e) != 0)
			abort();
	for (int i = 0; i < made->lanes; i++)
		if (fd_read_file(to, made->lane[i].dump, FILE_MAX, &e) != 0 ||
		    fd_read_file(to, made->lane[i].list, FILE_MAX, &e) != 0)
			abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static char folder[] = "/tmp/pg_deal_fuzz.XXXXXX";
	static bool made_folder;
	CLEANUP_ARENA struct arena *a = arena_new();
	CLEANUP_BUF struct buf one = BUF_INIT;
	CLEANUP_BUF struct buf other = BUF_INIT;
	CLEANUP_BUF struct buf whole = BUF_INIT;
	struct pg_dealt names, made, again;
	bool odd, odd_again;

	if (!made_folder && mkdtemp(folder) == NULL)
		abort();
	made_folder = true;
	names = pg_deal_names(a, arena_printf(a, "%s/dump", folder), LANES);
	deal(&made, &odd, &names, (const char *)data, n, n + 1);
	if (!odd)
		gather(&one, &made);
	deal(&again, &odd_again, &names, (const char *)data, n, 3);
	if (!odd)
		gather(&other, &again);
	assert(odd == odd_again && made.lanes == again.lanes);
	assert(one.n == other.n && memcmp(one.p, other.p, one.n) == 0);
	pg_deal_remove(&names);
	names.lanes = 0;
	deal(&made, &odd, &names, (const char *)data, n, 100);
	gather(&whole, &made);
	assert(!odd && whole.n == n && (n == 0 || memcmp(whole.p, data, n) == 0));
	pg_deal_remove(&names);
	return 0;
}
