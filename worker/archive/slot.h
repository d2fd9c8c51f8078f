/* slot.h: one piece of a pack: members that are read, hashed and pressed by one thread.
 *
 * The planner says what goes into a slot (at most its size in bytes of tar); slot_fill() reads it.
 * Within a slot members are grouped, each group becomes a frame of its own: first what compresses,
 * then what does not, last the names that need the others to be there (hard links, folders). The
 * bytes of a file that is larger than a slot are put into slots by the planner itself, as a stream.
 */
#ifndef WORKER_ARCHIVE_SLOT_H
#define WORKER_ARCHIVE_SLOT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/util/hash.h"
#include "worker/archive/manifest.h"
#include "worker/archive/reuse.h"
#include "worker/archive/squeeze.h"
#include "worker/archive/twins.h"
#include "worker/archive/walk.h"
#include "worker/archive/watch.h"

enum slot_group { GROUP_PRESSED, GROUP_FLAT, GROUP_LAST, GROUPS };

struct item {
	struct entry entry;           /* as planned; slot_fill() makes it true */
	const struct walk_root *root;
	const char *below;            /* below the root; entry.path is the path in the archive */
	size_t room;                  /* content must not take more */
	struct twin *twin;            /* it has other names; of a hard link: its first one */
	int fd;                       /* opened by the planner, or -1 */
	bool stored;
	/* It lies in an older pack already, or has no content: only the manifest tells of it. */
	bool outside;
	const struct ledger_record *record;   /* of its content there, or NULL */
	enum slot_group group;
	size_t at;                    /* of its content in the group */
};

enum slot_stream { STREAM_NONE, STREAM_FIRST = 1, STREAM_LAST = 2, STREAM_MIDDLE = 4 };
struct slot {
	struct arena *arena;          /* of the items' texts, anew for each use */
	struct item *items;
	size_t count, capacity;
	size_t planned;               /* bytes that the items may take */
	int held;                     /* items with a descriptor */
	bool cold;                    /* a file was not in memory: the next ones are not either */
	size_t ahead;                 /* items before it were asked of the disk, where it is cold */
	unsigned char *raw;           /* squeeze_room(size); once it is filled, the frames */
	size_t size;
	size_t front, back;           /* pressed group: [0, front); flat group: [back, size) */
	struct buf last;
	int stream; /* bits of enum slot_stream; then raw[0, front) is filled already */
	struct squeezed squeezed;     /* its `out` is not its own */
	int first_frame[GROUPS];
};
void slot_init(struct slot *s, size_t size);
void slot_clear(struct slot *s);
void slot_release(struct slot *s);
struct item *slot_add(struct slot *s);

/* What the planner and the filling threads share. */
struct slot_again {
	struct slot_again *next;
	const struct walk_root *root;
	char *path, *below;
};
struct slot_shared {
	const struct watch *watch;    /* NULL is fine */
	const struct reuse *reuse;    /* NULL: everything is stored */
	atomic_llong warnings;
	pthread_mutex_t lock;
	struct slot_again *again; /* files that outgrew their place: to be streamed at the end */
};

/* For one thread. */
enum { SLOT_ENDINGS = 256 };
struct slot_tools {
	struct squeezer *squeezer;
	unsigned char *spare;         /* as large as a slot's `raw` */
	struct hash *hash;
	bool flat[SLOT_ENDINGS]; /* by a hash of a name's ending: what the last such file was */
};

MUST_USE int slot_fill(struct slot *s, struct slot_tools *tools, struct slot_shared *shared,
    struct err *e);

/* "<path>: <words>" as a warning, and as one more of them. */
void slot_warn(struct slot_shared *shared, const char *path, const char *fmt, ...) PRINTF(3, 4);
/* Open a regular file below a root, through no link and without waiting; -1 with errno. */
int slot_open(const struct walk_root *root, const char *below, struct stat *st);
/* With the means to know it again, unless it changed so lately that the next change might not show
 * in its times. */
void slot_take_stat(struct entry *entry, const struct stat *st);
bool slot_changed(const struct stat *a, const struct stat *b);

#endif
