/* inspect.h: a folder compared with what the catalogue says lies in it. */
#ifndef CLI_INSPECT_H
#define CLI_INSPECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/store/invariants.h"

/* Wrong; a file that nothing names; wrong, but known and shown on the pages already. */
enum inspect_level { INSPECT_ERROR, INSPECT_STRANGER, INSPECT_NOTE, INSPECT_LEVELS };

struct inspect_finding {
	enum inspect_level level;
	const char *text;
};

/* Zero it but for arena and deep. */
struct inspect {
	struct arena *arena;
	bool deep;                    /* read and hash every file, not only sidecars */
	struct inspect_finding *items;
	size_t count, capacity;
	int64_t files, bytes;         /* that were looked at */
};

void inspect_add(struct inspect *in, enum inspect_level level, const char *fmt, ...) PRINTF(3, 4);

/* `rows` are in the order of their paths. `ours` are further names that may lie at the top; ends in
 * NULL. */
struct inspect_folder {
	const char *what, *path;      /* "storage main" */
	const struct invariants_file *rows;
	size_t count;
	const char *const *ours;
};
MUST_USE int inspect_folder(struct inspect *in, const struct inspect_folder *folder, struct err *e);

#endif
