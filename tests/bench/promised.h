/* promised.h: for tools: what the objects of a storage are, taken from them. */
#ifndef TESTS_BENCH_PROMISED_H
#define TESTS_BENCH_PROMISED_H

#include "lib/model/backup.h"
#include "worker/archive/frame.h"
#include "worker/dest/dest.h"

/* The hashes live in *t. */
static int
promised_by(struct stored_object *ret, struct frame_totals *t, struct dest *d, struct err *e)
{
	CLEANUP_OBJECT struct object *o = NULL;
	int64_t bytes;

	if (object_open(&o, &bytes, d, ret->key, e) != 0 || frame_read(t, o, NULL, NULL, e) != 0)
		return -1;
	ret->raw_bytes = t->raw_bytes;
	ret->stored_bytes = t->stored_bytes;
	ret->raw_sha256 = t->raw_sha256;
	ret->stored_sha256 = t->stored_sha256;
	return 0;
}

#endif
