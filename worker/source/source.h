/* source.h: what can be backed up. A driver is one file and one constant of this type.
 *
 * dump() writes the vendor tool's own stream (postgresql: pg_dump custom format; sqlite: the
 * database file) to a sink. The files engine has no dump(): its archive is made by
 * worker/archive/pack.h.
 */
#ifndef WORKER_SOURCE_SOURCE_H
#define WORKER_SOURCE_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/model/backup.h"
#include "lib/model/project.h"
#include "worker/archive/sink.h"
#include "worker/archive/watch.h"

/* Rows per table, as one dump shows them; empty when they could not be counted. */
struct source_rows {
	struct table_count *tables;
	size_t count;
};

/* A service with its secret opened: only inside a job's process. */
struct source {
	const struct service *service;
	const char *secret;           /* "" when there is none */
	const char *scratch;          /* a private folder on disk of this job, removed after it */
	struct arena *arena;
	const struct watch *watch;
	struct source_rows *rows;     /* where a dump puts them; NULL: nobody asks */
};

struct source_facts {
	const char *format;           /* pg-custom, sqlite */
	const char *ending;           /* dump, sqlite */
	const char *engine_version, *tool;
	int64_t taken_at;
};

struct source_driver {
	enum engine engine;
	/* The connection test: *text tells a person what was found (version, size, rights, or how
	 * many files and bytes). */
	int (*check)(char **text, const struct source *src, struct err *e);
	/* Before the dump: is the tool there and new enough? Fills the facts. ERR_INPUT with the
	 * fix in the sentence. */
	int (*prepare)(struct source_facts *ret, const struct source *src, struct err *e);
	/* The dump. Fails unless the tool ended with 0, the stream is not empty and starts as its
	 * format must. */
	int (*dump)(const struct sink *to, const struct source *src, struct err *e);
	/* The engine's own end proof over the stored copy: given a readable stream of the decoded
	 * bytes as a descriptor, read it to the end. ERR_DAMAGED when the vendor's reader refuses
	 * it. */
	int (*prove)(int fd, const struct source *src, struct err *e);
};

const struct source_driver *source_driver(enum engine engine);

/* A setting of several lines (roots, excludes) as a list; blank lines are nothing. NULL when there
 * are none. */
size_t source_lines(const char *const **ret, struct arena *a, const char *text);

#endif
