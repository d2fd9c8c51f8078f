/* manifest_fuzz.c: any bytes as a manifest: what is taken can be written and read again, the same.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "worker/archive/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static int
same_again(void *arg, const struct entry *entry, struct err *e)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	CLEANUP_BUF struct buf line = BUF_INIT;
	CLEANUP_BUF struct buf twice = BUF_INIT;
	struct entry again;
	bool skip;

	(void)arg;
	assert(manifest_path_ok(entry->path));
	manifest_line(&line, entry, true);
	buf_cut(&line, line.n - 1);
	assert(manifest_parse(&again, &skip, a, line.p, e) == 0 && !skip);
	assert(strcmp(again.path, entry->path) == 0 && again.type == entry->type);
	manifest_line(&twice, &again, true);
	assert(twice.n == line.n + 1 && memcmp(twice.p, line.p, line.n) == 0);
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct manifest_reader reader = { .each = same_again, .line = BUF_INIT };
	size_t half = n / 2;
	struct err e;

	if (manifest_read(&reader, data, half, &e) != 0
	    || manifest_read(&reader, data + half, n - half, &e) != 0)
		manifest_reader_release(&reader);
	else if (manifest_read_end(&reader, &e) != 0)
		assert(e.kind == ERR_DAMAGED);
	return 0;
}
