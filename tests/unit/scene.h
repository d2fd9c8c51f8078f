/* scene.h: one job's view of a source, and all that it saw. */
#ifndef TESTS_UNIT_SCENE_H
#define TESTS_UNIT_SCENE_H

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/base/fd.h"
#include "worker/source/drivers.h"

struct scene {
	const struct source_driver *driver;
	struct arena *a;
	struct service service;
	struct source src;
	struct watch watch;
	struct buf bytes, said;
	int64_t counted;
	int (*meanwhile)(struct scene *s);    /* with every piece of a dump; -1 breaks the sink */
	int times;
	int64_t threshold;
};

static inline void
scene_bytes(void *arg, int64_t more)
{
	((struct scene *)arg)->counted += more;
}

static inline void
scene_say(void *arg, const char *stream, const char *text)
{
	buf_printf(&((struct scene *)arg)->said, "%s %s\n", stream, text);
}

static inline int
scene_write(void *arg, const void *p, size_t n, struct err *e)
{
	struct scene *s = arg;

	buf_add(&s->bytes, p, n);
	if (s->meanwhile != NULL && s->meanwhile(s) != 0)
		return err_set(e, ERR_INTERNAL, "the sink is broken");
	return 0;
}

static inline void
scene_open(struct scene *s, const struct source_driver *driver, const char *secret,
    const char *scratch)
{
	*s = (struct scene){ .driver = driver,
		.a = arena_new(),
		.bytes = BUF_INIT,
		.said = BUF_INIT };
	s->watch = (struct watch){ scene_bytes, scene_say, s };
	s->service.engine = driver->engine;
	s->src = (struct source){ &s->service, secret, scratch, s->a, &s->watch, NULL };
}

static inline void
scene_end(struct scene *s)
{
	arena_free(s->a);
	buf_release(&s->bytes);
	buf_release(&s->said);
}

/* The dump into s->bytes. */
static inline int
scene_dump(struct scene *s, struct err *e)
{
	struct sink to = { scene_write, s };

	buf_clear(&s->bytes);
	s->counted = 0;
	return s->driver->dump(&to, &s->src, e);
}

/* What prove() says of these bytes. */
static inline int
scene_prove(const struct scene *s, const char *p, size_t n, struct err *e)
{
	CLEANUP_FD int fd = memfd_create("dump", MFD_CLOEXEC);

	if (fd < 0 || fd_write_all(fd, p, n, e) != 0 || lseek(fd, 0, SEEK_SET) != 0)
		abort();
	return s->driver->prove(fd, &s->src, e);
}

#endif
