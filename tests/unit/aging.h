/* aging.h: a folder, a local storage in it with a key of its own, and Debian's tools. */
#ifndef TESTS_UNIT_AGING_H
#define TESTS_UNIT_AGING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/fd.h"
#include "lib/base/rand.h"
#include "lib/util/agekey.h"
#include "lib/util/hash.h"
#include "lib/util/proc.h"
#include "worker/dest/dest.h"
#include "worker/job/folder.h"

struct aging {
	char path[64];
	struct arena *a;
	struct err e;
	struct dest *dest;
	struct agekey key, recovery;
	const char *recipients[2];
	struct dest_keys keys;
	char public[AGEKEY_TEXT], recovery_public[AGEKEY_TEXT];
};

#define AGED(call) do { struct aging *in_ = g; in_->e.text[0] = '\0'; \
	if ((call) != 0) fail_msg("%s", in_->e.text); } while (0)

UNUSED static const char *
aging_path(struct aging *g, const char *below)
{
	return arena_printf(g->a, "%s/%s", g->path, below);
}

UNUSED static int
aging_set_up(void **state)
{
	struct aging *g = calloc(1, sizeof *g);

	snprintf(g->path, sizeof g->path, "/tmp/aging_test.XXXXXX");
	if (mkdtemp(g->path) == NULL)
		return -1;
	g->a = arena_new();
	agekey_make(&g->key);
	agekey_make(&g->recovery);
	agekey_public_text(g->public, g->key.public);
	agekey_public_text(g->recovery_public, g->recovery.public);
	g->recipients[0] = g->public;
	g->recipients[1] = g->recovery_public;
	AGED(fd_make_path(aging_path(g, "store"), &g->e));
	AGED(fd_make_path(aging_path(g, "keys"), &g->e));
	AGED(agekey_put(aging_path(g, "keys"), &g->key, &g->e));
	g->keys = (struct dest_keys){ .recipients = g->recipients, .recipient_count = 2,
		.folder = aging_path(g, "keys"), .needed = g->public, .signing = "" };
	*state = g;
	return 0;
}

UNUSED static int
aging_tear_down(void **state)
{
	struct aging *g = *state;
	int rc;

	dest_closep(&g->dest);
	rc = folder_remove(g->path, &g->e);
	arena_free(g->a);
	free(g);
	return rc;
}

/* The storage opened anew: what this process has written it does not remember. */
UNUSED static struct dest *
aging_dest(struct aging *g)
{
	const struct storage s = { .slug = "main", .kind = "local",
		.path = aging_path(g, "store") };

	dest_closep(&g->dest);
	AGED(dest_open(&g->dest, &s, &g->e));
	dest_use_keys(g->dest, &g->keys);
	return g->dest;
}

UNUSED static void
aging_put(struct upload_stored *lies, struct aging *g, const char *key, const struct buf *plain,
    size_t step)
{
	CLEANUP_UPLOAD struct upload *up = NULL;

	AGED(dest_begin(&up, g->dest, key, 1, &g->e));
	for (size_t at = 0; at < plain->n; at += step)
		AGED(upload_write(up, plain->p + at, plain->n - at < step ? plain->n - at : step,
		    &g->e));
	AGED(upload_commit_as(lies, &up, &g->e));
}

/* What the catalogue would know of it, as long as `lies` stays. */
UNUSED static struct stored_object
aging_promise(const char *key, const struct upload_stored *lies)
{
	return (struct stored_object){ .key = key, .stored_bytes = lies->bytes,
		.stored_sha256 = lies->sha256, .front_sha256 = lies->front_sha256 };
}

/* The plaintext as a reader sees it, in pieces of `step`; compared with what was promised, if
 * anything was. */
UNUSED static int
aging_get_stored(struct buf *out, struct aging *g, const struct stored_object *promised,
    size_t step)
{
	CLEANUP_OBJECT struct object *o = NULL;
	int64_t bytes;
	ssize_t n;

	if (object_open_stored(&o, &bytes, g->dest, promised, &g->e) != 0)
		return -1;
	while ((n = object_read(o, (int64_t)out->n, buf_room(out, step), step, &g->e)) > 0)
		buf_took(out, (size_t)n);
	if (n < 0)
		return -1;
	assert_int_equal(out->n, bytes);
	return promised->stored_sha256 == NULL ? 0
	                                       : object_compare(o, NULL, bytes, promised, &g->e);
}

UNUSED static int
aging_get(struct buf *out, struct aging *g, const char *key, size_t step)
{
	return aging_get_stored(out, g, &(struct stored_object){ .key = key }, step);
}

UNUSED static void
aging_random(struct buf *out, size_t n)
{
	buf_clear(out);
	rand_bytes(buf_room(out, n), n);
	buf_took(out, n);
}

UNUSED static void
aging_read(struct buf *out, struct aging *g, const char *below)
{
	buf_clear(out);
	AGED(fd_read_file(out, aging_path(g, below), 64 << 20, &g->e));
}

UNUSED static void
aging_write(struct aging *g, const char *below, const void *p, size_t n)
{
	AGED(fd_put_file(aging_path(g, below), p, n, 0600, &g->e));
}

/* Run a tool of Debian's; its output. */
UNUSED static int
aging_tool(struct buf *out, struct aging *g, const char *const *argv)
{
	const char *words[16] = { NULL };
	char *path;

	AGED(proc_find(&path, g->a, argv[0], 0, &g->e));
	words[0] = path;
	for (size_t i = 1; argv[i] != NULL; i++)
		words[i] = argv[i];
	return proc_output(out, 64 << 20, &(struct proc_spec){ .argv = words, .stdin_fd = -1 },
	    &g->e);
}
#define TOOL(...) ((const char *const[]){ __VA_ARGS__, NULL })

#endif
