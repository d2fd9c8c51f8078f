/* dest.h: where backups lie. A driver is one file and one constant of this type.
 *
 * A key is a path below the storage's root ("shop/live/b101-….json"). Nothing is visible under its
 * key before commit; an upload that is not committed leaves nothing. A full storage is ERR_FULL.
 */
#ifndef WORKER_DEST_DEST_H
#define WORKER_DEST_DEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/model/project.h"

struct dest;      /* an opened storage */
struct upload;    /* one object being written */
struct object;    /* one object opened for reading */

struct dest_entry {
	const char *key;              /* valid during the call only */
	int64_t bytes, changed_at;
};
typedef int dest_each(void *arg, const struct dest_entry *entry, struct err *e);

/* The free room of a storage that knows no limit. */
enum { DEST_NO_LIMIT = -1 };

struct dest_driver {
	const char *kind;
	int  (*open)(struct dest **ret, const struct storage *s, struct err *e);
	void (*close)(struct dest *d);
	int  (*space)(int64_t *free_bytes, struct dest *d, struct err *e);
	/* `fence` is part of the temporary name, so that two workers never write the same file. */
	int (*begin)(struct upload **ret, struct dest *d, const char *key, int64_t fence,
	    struct err *e);
	int  (*write)(struct upload *up, const void *p, size_t n, struct err *e);
	int (
	    *commit)(struct upload *up, struct err *e); /* fsync, rename, fsync the folder; frees */
	void (*abort)(struct upload *up);                      /* removes what was written; frees */
	int (*read_open)(struct object **ret, int64_t *bytes, struct dest *d, const char *key,
	    struct err *e);
	ssize_t (*read)(struct object *o, int64_t offset, void *p, size_t n,
	    struct err *e); /* 0 at the end; safe from several threads */
	void (*read_close)(struct object *o);
	int (*remove)(struct dest *d, const char *key,
	    struct err *e); /* missing is fine; first its temporaries of any fence */
	int (*sweep)(struct dest *d, const char *key, int64_t fence,
	    struct err *e); /* its temporaries of lower fences only */
	int  (*each)(struct dest *d, const char *prefix, dest_each *fn, void *arg, struct err *e);
};

MUST_USE int dest_open(struct dest **ret, const struct storage *s, struct err *e);
void dest_close(struct dest *d);
void dest_closep(struct dest **d);
#define CLEANUP_DEST CLEANUP(dest_closep)

/* DEST_NO_LIMIT where nobody knows one. */
MUST_USE int dest_space(int64_t *free_bytes, struct dest *d, struct err *e);
/* README.txt (the runbook), unless it is there; and lazarette.json (the owner), but only with
 * `may_begin`: where backups should be, a folder without it is a disk that is not mounted:
 * ERR_BUSY. A storage owned by another instance is ERR_CONFLICT. */
MUST_USE int dest_claim(struct dest *d, const char *instance_id, bool may_begin, struct err *e);

MUST_USE int dest_begin(struct upload **ret, struct dest *d, const char *key, int64_t fence,
    struct err *e);
MUST_USE int upload_write(struct upload *up, const void *p, size_t n, struct err *e);
MUST_USE int upload_commit(struct upload **up,
    struct err *e); /* sets *up to NULL, also on failure */
void upload_abortp(struct upload **up);
#define CLEANUP_UPLOAD CLEANUP(upload_abortp)

MUST_USE int object_open(struct object **ret, int64_t *bytes, struct dest *d, const char *key,
    struct err *e); /* ERR_NOT_FOUND */
MUST_USE ssize_t object_read(struct object *o, int64_t offset, void *p, size_t n, struct err *e);
int64_t object_bytes(const struct object *o);   /* its size when it was opened */
void object_closep(struct object **o);
#define CLEANUP_OBJECT CLEANUP(object_closep)

MUST_USE int dest_remove(struct dest *d, const char *key, struct err *e);
/* Remove what uploads of this key with a lower fence left unfinished, and nothing else. After it,
 * such an upload cannot be committed any more: the holder of `fence` calls it before its own first
 * byte. */
MUST_USE int dest_sweep(struct dest *d, const char *key, int64_t fence, struct err *e);
/* Every object below `prefix`, temporaries included (their keys end in .tmp). */
MUST_USE int dest_each_object(struct dest *d, const char *prefix, dest_each *fn, void *arg,
    struct err *e);

#endif
