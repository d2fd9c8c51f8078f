/* fetching.h: a backup's files into the folder where somebody works, or links to them. */
#ifndef CLI_FETCHING_H
#define CLI_FETCHING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/cmd.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/model/backup.h"
#include "lib/model/download.h"

enum { FETCHING_PARTS_MAX = 64 };

struct fetching_order {
	const char *backup;           /* b101, or its UUID */
	const char *parts[FETCHING_PARTS_MAX];
	size_t part_count;            /* 0: all of them */
	enum download_format format;  /* of files */
	bool force;                   /* what has the name already is replaced */
	bool print_url, plain;        /* links instead of files; nothing but them on stdout */
};
/* b101.dump, where it is one file; b101-media.tar.zst, where there are several. */
struct fetching_file {
	const char *name;
	const char *url;              /* NULL: it was written here */
	int64_t bytes;
	const char *sha256;
};
struct fetching_result {
	struct backup backup;
	struct fetching_file *files;
	size_t count;
};

/* ERR_NOT_FOUND: there is no such backup. */
MUST_USE int fetching_find(struct backup *ret, struct cmd_desk *d, const char *word,
    struct err *e);

/* Has the files prepared by the worker, waits for it with words on stderr, then writes each here:
 * first as <name>.part, under its name only whole and compared. Or makes one link for all of them,
 * good for one download of each. ERR_CONFLICT: a file of the name is there already; then nothing
 * is prepared. ERR_BUSY: no worker is running. Nothing of a failed one has its name. */
MUST_USE int fetching_get(struct fetching_result *ret, struct cmd_desk *d,
    const struct fetching_order *o, struct err *e);

#endif
