/* probe.c: can a storage be written, read and cleared? */
#include "worker/job/probe.h"

#include <stdbool.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/fault.h"
#include "lib/base/rand.h"

enum { PROBE_RANGE = 1000 };

static int
put(struct dest *d, int64_t fence, const char *bytes, struct err *e)
{
	CLEANUP_UPLOAD struct upload *up = NULL;

	if (dest_begin(&up, d, PROBE_KEY, fence, e) != 0 ||
	    upload_write(up, bytes, PROBE_BYTES, e) != 0)
		return -1;
	return upload_commit(&up, e);
}

static int
compare(struct dest *d, const char *bytes, struct err *e)
{
	CLEANUP_OBJECT struct object *o = NULL;
	char got[PROBE_BYTES];
	int64_t size, at = 0;

	if (object_open(&o, &size, d, PROBE_KEY, e) != 0)
		return -1;
	if (size != PROBE_BYTES)
		return err_set(e, ERR_DAMAGED, "of %d bytes that were written %lld are there",
		    PROBE_BYTES, (long long)size);
	/* A range from within first: where it is not what it should be, no restore would be. */
	if (object_read(o, PROBE_RANGE, got, PROBE_RANGE, e) != PROBE_RANGE)
		return -1;
	if (memcmp(got, bytes + PROBE_RANGE, PROBE_RANGE) != 0)
		return err_set(e, ERR_DAMAGED, "what is read is not what was written");
	while (at < PROBE_BYTES) {
		ssize_t n = object_read(o, at, got + at, (size_t)(PROBE_BYTES - at), e);

		if (n < 0)
			return -1;
		if (n == 0)
			break;
		at += n;
	}
	if (at != PROBE_BYTES || memcmp(got, bytes, PROBE_BYTES) != 0)
		return err_set(e, ERR_DAMAGED, "what is read is not what was written");
	return 0;
}

/* Gone for whoever asks, too. */
static int
take_away(struct dest *d, struct err *e)
{
	CLEANUP_OBJECT struct object *o = NULL;
	struct err why;
	int64_t size;

	if (dest_remove(d, PROBE_KEY, e) != 0)
		return -1;
	if (object_open(&o, &size, d, PROBE_KEY, &why) == 0)
		return err_set(e, ERR_DAMAGED, "it is still there after it was removed");
	if (why.kind != ERR_NOT_FOUND) {
		*e = why;
		return -1;
	}
	return 0;
}

struct seen {
	bool probe;
	int objects;
};
enum { LIST_ENOUGH = 1000 };

static int
see(void *arg, const struct dest_entry *entry, struct err *e)
{
	struct seen *seen = arg;

	seen->probe = seen->probe ||
	    (strcmp(entry->key, PROBE_KEY) == 0 && entry->bytes == PROBE_BYTES);
	/* A list of millions would not be a test: who has the probe, or much else, can list. */
	if (seen->probe || ++seen->objects > LIST_ENOUGH)
		return err_set(e, ERR_CANCELLED, "that is enough");
	return 0;
}

static int
list(struct dest *d, struct err *e)
{
	struct seen seen = { .objects = 0 };

	if (dest_each_object(d, "", see, &seen, e) != 0 && e->kind != ERR_CANCELLED)
		return -1;
	return seen.probe || seen.objects > LIST_ENOUGH
	    ? 0 : err_set(e, ERR_DAMAGED, "what was written is not listed");
}

static int
steps(struct probe_steps *ret, struct dest *d, const char *bytes, struct err *e)
{
	int64_t since = clock_mono();

	if (compare(d, bytes, e) != 0)
		return err_in(e, "read the probe");
	ret->read = clock_lap(&since);
	if (list(d, e) != 0)
		return err_in(e, "list the storage");
	ret->list = clock_lap(&since);
	return 0;
}

int
probe_storage(struct probe_steps *ret, struct dest *d, int64_t fence, struct err *e)
{
	char bytes[PROBE_BYTES];
	struct probe_steps took = { 0 };
	int64_t since = clock_mono();
	struct err later;
	int rc;

	rand_bytes(bytes, sizeof bytes);
	if (put(d, fence, bytes, e) != 0)
		return err_in(e, "write a probe");
	took.write = clock_lap(&since);
	FAULT("probe.written");
	rc = steps(&took, d, bytes, e);
	since = clock_mono();
	if (take_away(d, rc == 0 ? e : &later) != 0 && rc == 0)
		return err_in(e, "remove the probe");
	took.remove = clock_lap(&since);
	if (rc == 0)
		*ret = took;
	return rc;
}
