/* spill.c: bytes kept for later, in a file without a name. */
#include "worker/archive/spill.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/fd.h"

enum { BUFFER = 256 << 10 };

struct spill {
	int fd;
	int64_t written;
	struct buf tail;              /* not yet in the file */
};

int
spill_new(struct spill **ret, const char *folder, struct err *e)
{
	int fd = open(folder, O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
	char path[4096];

	/* Not every file system has files without a name. */
	if (fd < 0 && errno == EOPNOTSUPP &&
	    snprintf(path, sizeof path, "%s/spill.XXXXXX", folder) < (int)sizeof path) {
		fd = mkostemp(path, O_CLOEXEC);
		if (fd >= 0)
			unlink(path);
	}
	if (fd < 0)
		return err_sys(e, "make a temporary file in '%s'", folder);
	*ret = xmalloc(sizeof **ret);
	**ret = (struct spill){ .fd = fd, .tail = BUF_INIT };
	return 0;
}

void
spill_freep(struct spill **ps)
{
	struct spill *s = *ps;

	*ps = NULL;
	if (s == NULL)
		return;
	fd_close(&s->fd);
	buf_release(&s->tail);
	free(s);
}

static int
flush(struct spill *s, struct err *e)
{
	if (fd_write_all(s->fd, s->tail.p, s->tail.n, e) != 0)
		return -1;
	s->written += (int64_t)s->tail.n;
	buf_clear(&s->tail);
	return 0;
}

int
spill_add(struct spill *s, const void *p, size_t n, struct err *e)
{
	buf_add(&s->tail, p, n);
	return s->tail.n < BUFFER ? 0 : flush(s, e);
}

int64_t
spill_bytes(const struct spill *s)
{
	return s->written + (int64_t)s->tail.n;
}

int
spill_get(struct spill *s, int64_t at, void *p, size_t n, struct err *e)
{
	ssize_t got;

	if (s->tail.n > 0 && flush(s, e) != 0)
		return -1;
	got = pread(s->fd, p, n, (off_t)at);
	if (got < 0)
		return err_sys(e, "read a temporary file");
	return (size_t)got == n ? 0 : err_set(e, ERR_INTERNAL, "a temporary file became shorter");
}

int
spill_all(struct spill *s, const struct sink *to, struct err *e)
{
	CLEANUP_BUF struct buf piece = BUF_INIT;

	for (int64_t at = 0; at < s->written;) {
		size_t n = s->written - at < BUFFER ? (size_t)(s->written - at) : BUFFER;

		buf_clear(&piece);
		if (spill_get(s, at, buf_room(&piece, n), n, e) != 0
		    || sink_write(to, piece.p, n, e) != 0)
			return -1;
		at += (int64_t)n;
	}
	return s->tail.n > 0 ? sink_write(to, s->tail.p, s->tail.n, e) : 0;
}
