/* dest.c: where backups lie: the drivers, and which keys they ever get to see. */
#include "worker/dest/dest.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/num.h"
#include "worker/dest/aged.h"
#include "worker/dest/driver.h"

static const struct dest_driver *const drivers[] = { &dst_local, &dst_s3, &dst_sftp };

enum { KEY_MAX = 1000, COMPONENT_MAX = 200 };

/* "shop", "b101-….json"; a temporary ".b101.json.7.tmp" only where it may be removed. */
static bool
component_ok(const char *p, size_t n, bool temporary)
{
	static const char allowed[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

	if (n == 0 || n > COMPONENT_MAX || strspn(p, allowed) < n)
		return false;
	if (n > 4 && memcmp(p + n - 4, ".tmp", 4) == 0)
		return temporary;
	return p[0] != '.';
}

static int
key_check(const char *key, bool temporary, struct err *e)
{
	const char *p = key;

	if (strlen(key) > KEY_MAX)
		return err_set(e, ERR_INPUT, "a key of %zu bytes is too long", strlen(key));
	for (;;) {
		size_t n = strcspn(p, "/");

		if (!component_ok(p, n, temporary && p[n] == '\0'))
			return err_set(e, ERR_INPUT, "'%s' is not a valid key", key);
		if (p[n] == '\0')
			return 0;
		p += n + 1;
	}
}

static int
open_by_kind(struct dest **ret, const struct storage *s, struct err *e)
{
	for (size_t i = 0; i < sizeof drivers / sizeof drivers[0]; i++)
		if (strcmp(drivers[i]->kind, s->kind) == 0)
			return drivers[i]->open(ret, s, e);
	return err_set(e, ERR_INPUT, "storage %s: there is no kind of storage called '%s'", s->slug,
	    s->kind);
}

int
dest_open(struct dest **ret, const struct storage *s, struct err *e)
{
	const int64_t rate[PACE_WAYS] = { [PACE_WRITE] = s->write_rate,
		[PACE_READ] = s->read_rate };
	CLEANUP_DEST struct dest *d = NULL;

	if (open_by_kind(&d, s, e) != 0)
		return -1;
	if (s->pace_file != NULL && (s->write_rate > 0 || s->read_rate > 0) &&
	    pace_open(&d->pace, s->pace_file, rate, e) != 0)
		return err_in(e, "storage %s", s->slug);
	*ret = d;
	d = NULL;
	return 0;
}

void
dest_close(struct dest *d)
{
	if (d == NULL)
		return;
	aged_forget(d);
	pace_close(d->pace);
	d->driver->close(d);
}

void
dest_closep(struct dest **d)
{
	dest_close(*d);
	*d = NULL;
}

bool
dest_encrypts(const char *key)
{
	size_t n = strlen(key);

	return n > 4 && strcmp(key + n - 4, ".age") == 0;
}

void
dest_use_keys(struct dest *d, const struct dest_keys *keys)
{
	d->keys = keys;
}

int
dest_space(int64_t *free_bytes, struct dest *d, struct err *e)
{
	return d->driver->space(free_bytes, d, e);
}

size_t
dest_holds(const struct dest *d)
{
	return d->driver->holds;
}

const char *
dest_advice(struct dest *d)
{
	return d->driver->advice != NULL ? d->driver->advice(d) : "";
}

int
dest_begin(struct upload **ret, struct dest *d, const char *key, int64_t fence, struct err *e)
{
	if (key_check(key, false, e) != 0)
		return -1;
	if ((dest_encrypts(key) ? aged_begin(ret, d, key, fence, e)
	                        : d->driver->begin(ret, d, key, fence, e)) != 0)
		return -1;
	(*ret)->pace = d->pace;
	return 0;
}

int
dest_begin_as_is(struct upload **ret, struct dest *d, const char *key, int64_t fence,
    struct err *e)
{
	return key_check(key, false, e) != 0 ? -1 : d->driver->begin(ret, d, key, fence, e);
}

int
upload_write(struct upload *up, const void *p, size_t n, struct err *e)
{
	const char *from = p;

	while (n > 0) {
		size_t slice = pace_slice(up->pace, PACE_WRITE, n);

		pace_wait(up->pace, PACE_WRITE, slice);
		if (up->driver->write(up, from, slice, e) != 0)
			return -1;
		from += slice;
		n -= slice;
	}
	return 0;
}

int
upload_commit(struct upload **up, struct err *e)
{
	struct upload *mine = *up;

	*up = NULL;
	return mine->driver->commit(mine, e);
}

int
upload_commit_as(struct upload_stored *ret, struct upload **up, struct err *e)
{
	if (aged_end(ret, *up, e) != 0) {
		upload_abortp(up);
		return -1;
	}
	return upload_commit(up, e);
}

void
upload_abortp(struct upload **up)
{
	if (*up != NULL)
		(*up)->driver->abort(*up);
	*up = NULL;
}

int
object_open(struct object **ret, int64_t *bytes, struct dest *d, const char *key, struct err *e)
{
	const struct stored_object unknown = { .key = key };

	return object_open_stored(ret, bytes, d, &unknown, e);
}

int
object_open_stored(struct object **ret, int64_t *bytes, struct dest *d,
    const struct stored_object *promised, struct err *e)
{
	const char *key = promised->key;

	if (key_check(key, false, e) != 0)
		return -1;
	if ((dest_encrypts(key) ? aged_open(ret, bytes, d, promised, e)
	                        : d->driver->read_open(ret, bytes, d, key, e)) != 0)
		return -1;
	(*ret)->pace = d->pace;
	return 0;
}

int
object_open_as_is(struct object **ret, int64_t *bytes, struct dest *d, const char *key,
    struct err *e)
{
	if (key_check(key, false, e) != 0)
		return -1;
	if (d->driver->read_open(ret, bytes, d, key, e) != 0)
		return -1;
	(*ret)->pace = d->pace;
	return 0;
}

int64_t
object_lies(const struct object *o)
{
	return aged_is_object(o) ? aged_lies(o) : o->bytes;
}

bool
object_is_encrypted(const struct object *o)
{
	return aged_is_object(o);
}

int
object_stored(struct upload_stored *ret, struct object *o, struct err *e)
{
	return aged_stored(ret, o)
	    ? 0 : err_set(e, ERR_INTERNAL, "an object was not read in order to its end");
}

int
object_compare(struct object *o, struct hash *hash, int64_t read,
    const struct stored_object *promised, struct err *e)
{
	struct upload_stored got = { .bytes = read };

	if (aged_is_object(o)) {
		if (object_stored(&got, o, e) != 0)
			return -1;
	} else
		hash_hex(hash, got.sha256);
	if (got.bytes != promised->stored_bytes)
		return err_set(e, ERR_DAMAGED, "the stored copy has %lld bytes, it should have"
		    " %lld", (long long)got.bytes, (long long)promised->stored_bytes);
	return strcmp(got.sha256, promised->stored_sha256) == 0 ? 0 : err_set(e, ERR_DAMAGED,
	    "the stored copy differs: its SHA-256 is %s, it should be %s", got.sha256,
	    promised->stored_sha256);
}

ssize_t
object_read(struct object *o, int64_t offset, void *p, size_t n, struct err *e)
{
	size_t got = 0;

	do {
		size_t slice = pace_slice(o->pace, PACE_READ, n - got);
		ssize_t r;

		pace_wait(o->pace, PACE_READ, slice);
		r = o->driver->read(o, offset + (int64_t)got, (char *)p + got, slice, e);
		if (r < 0)
			return -1;
		got += (size_t)r;
		if ((size_t)r < slice)
			break;
	} while (got < n);
	return (ssize_t)got;
}

int64_t
object_bytes(const struct object *o)
{
	return o->bytes;
}

void
object_closep(struct object **o)
{
	if (*o != NULL)
		(*o)->driver->read_close(*o);
	*o = NULL;
}

int
dest_remove(struct dest *d, const char *key, struct err *e)
{
	if (key_check(key, true, e) != 0)
		return -1;
	return d->driver->remove(d, key, e);
}

int
dest_sweep(struct dest *d, const char *key, int64_t fence, struct err *e)
{
	if (key_check(key, false, e) != 0)
		return -1;
	return d->driver->sweep(d, key, fence, e);
}

int
dest_each_object(struct dest *d, const char *prefix, dest_each *fn, void *arg, struct err *e)
{
	if (prefix[0] != '\0' && key_check(prefix, false, e) != 0)
		return -1;
	return d->driver->each(d, prefix, fn, arg, e);
}

void
dest_temporary(char *out, size_t n, const char *name, int64_t fence)
{
	snprintf(out, n, ".%.200s.%lld.tmp", name, (long long)fence);
}

int64_t
dest_fence_of(const char *entry, const char *name)
{
	size_t n = strlen(name), digits;
	char number[24];
	int64_t fence;

	if (entry[0] != '.' || strncmp(entry + 1, name, n) != 0 || entry[n + 1] != '.')
		return -1;
	digits = strspn(entry + n + 2, "0123456789");
	if (digits >= sizeof number || strcmp(entry + n + 2 + digits, ".tmp") != 0)
		return -1;
	snprintf(number, sizeof number, "%.*s", (int)digits, entry + n + 2);
	return num_parse(&fence, number, 0, INT64_MAX) ? fence : -1;
}
