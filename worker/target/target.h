/* target.h: where a part of a backup lands. A driver is one file and one constant of this type.
 *
 * Everything is built beside the target and checked there; swap() then changes the target by one
 * act that a crash leaves done or not done. What is made beside it carries the tag in its name, so
 * that whoever comes after a crash finds it again. Every call may be repeated.
 *
 *   look   -> build -> (script) -> swap -> [unswap] -> drop
 *
 * Which act the swap is: postgresql: two ALTER DATABASE … RENAME in one transaction, and for chosen
 * tables or on top of what is there one transaction of rows in the target; files:
 * renameat2(RENAME_EXCHANGE) for each root; sqlite: one transaction of SQLite's backup interface
 * into the target, so that who has it open sees the old or the new, never a file that is gone.
 * Mode add has no swap back: its undo is the safety backup. Mode new is swapped and swapped back as
 * often as people want; what is not in use can be reached by the settings of beside().
 */
#ifndef WORKER_TARGET_TARGET_H
#define WORKER_TARGET_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/model/backup.h"
#include "lib/model/restore.h"
#include "worker/archive/export.h"
#include "worker/source/source.h"

struct target {
	const struct source *src;     /* the service it lands in, its secret opened */
	const char *tag;              /* [a-z0-9], at most 32: "20261125140233r7p12" */
	enum restore_mode mode;
	bool owners;                  /* postgresql: keep owners and grants of the dump */
	const char *const *choice;    /* paths or tables */
	size_t choice_count;          /* 0: the whole part */
	const struct table_count *counted;   /* tables as the backup has counted them */
	size_t counted_count;         /* 0: not known; one that could not be counted is not in it */
	const struct part *part;      /* what lands; its objects are read by struct export_part */
};

/* What a look found, before anything is decided. Lists live in the source's arena. */
struct target_look {
	bool there;                   /* the target itself */
	int64_t bytes;                /* of the target now; 0 when it is not there yet */
	int64_t needs, has;           /* room beside the target; has -1: cannot be known */
	const char *refusal;          /* why it cannot be done, with what to do; NULL: it can */
	struct table_count *tables;   /* rows now; databases */
	size_t table_count;
	int64_t added, changed, removed;   /* files, against the manifest */
};

/* What was built beside the target. */
struct target_built {
	const char *mark;             /* by which swap() knows it, "" when the tag is enough */
	struct table_count *tables;   /* rows as they are there now; databases */
	size_t table_count;
	int64_t files, bytes;
	int64_t warnings;             /* also said one by one to the watch as "warn" */
};

struct target_driver {
	enum engine engine;
	/* What build() makes beside the target is all of the part, whatever was chosen. */
	bool side_is_part;
	/* swap() may be repeated in mode add, too: it goes on with what is still to be added, or
	 * tells that all was. */
	bool adds_once;
	/* Reads the target and the manifest, changes nothing. */
	int (*look)(struct target_look *ret, const struct target *t, const struct export_part *from,
	    struct err *e);
	/*
	 * Reads the stored copy to its end, compares every hash, and makes the side whole, checked
	 * and durable. Removes first what a former holder left under this tag. ERR_DAMAGED: the
	 * copy, with where; ERR_INPUT: the fence refused a statement, with its line; ERR_FULL. The
	 * target is not touched.
	 */
	int (*build)(struct target_built *ret, const struct target *t,
	    const struct export_part *from, struct err *e);
	/* Landing rules on the side: SQL as the service's own role. NULL for files. */
	int (*script)(const struct target *t, const char *sql, struct err *e);
	/* What a hook needs to reach the side: "NAME=value" strings, ends in NULL. */
	int (*side_env)(const char *const **ret, const struct target *t, struct err *e);
	/* The target's settings, but leading to what lies beside it: the side, or once it was
	 * swapped the old. In the source's arena. */
	int (*beside)(struct service_settings *ret, const struct target *t, bool swapped,
	    struct err *e);
	/* Make the side the target, keep the old beside it; 0 also when that is done already.
	 * kept_bytes: of the old; 0 where that cannot be asked. */
	int (*swap)(int64_t *kept_bytes, const struct target *t, const char *mark, struct err *e);
	/* And back: the old is the target again, the restored lies beside it. 0 also when it
	 * surely was never swapped. ERR_NOT_FOUND: nothing of this tag is there, in its place or
	 * beside. */
	int (*unswap)(const struct target *t, const char *mark, struct err *e);
	/* Remove everything that carries the tag beside the target, never the target itself. */
	int (*drop)(const struct target *t, struct err *e);
};

const struct target_driver *target_driver(enum engine engine);

#endif
