/* probe.c: can a storage be written, read and cleared? */
#include "worker/job/probe.h"

#include <string.h>

#include "lib/base/fault.h"
#include "lib/base/rand.h"

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

int
probe_storage(struct dest *d, int64_t fence, struct err *e)
{
	char bytes[PROBE_BYTES];
	struct err later;
	int rc;

	rand_bytes(bytes, sizeof bytes);
	if (put(d, fence, bytes, e) != 0)
		return err_in(e, "write a probe");
	FAULT("probe.written");
	rc = compare(d, bytes, e) != 0 ? err_in(e, "read the probe") : 0;
	if (take_away(d, rc == 0 ? e : &later) != 0 && rc == 0)
		return err_in(e, "remove the probe");
	return rc;
}
