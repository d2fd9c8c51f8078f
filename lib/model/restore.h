/* restore.h: a backup, or a part of it, put back into an environment: words and legal moves. */
#ifndef LIB_MODEL_RESTORE_H
#define LIB_MODEL_RESTORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"

#include "lib/base/attr.h"

/*
 * replace: the target equals the backup afterwards. add: what is there stays, what the backup has
 * comes on top. new: into a new service beside the target's; the two are switched later, any number
 * of times, and the one that is not in use is kept until somebody removes it.
 */
enum restore_mode { RESTORE_REPLACE, RESTORE_ADD, RESTORE_NEW, RESTORE_MODES };
/* draft -> pending -> done -> undone, pending -> failed. A draft is a form that was not confirmed.
 * failed: the target is as it was, unless its error says otherwise. */
enum restore_state {
	RESTORE_DRAFT,
	RESTORE_PENDING,
	RESTORE_DONE,
	RESTORE_FAILED,
	RESTORE_UNDONE,
	RESTORE_STATES
};
enum restore_preview { PREVIEW_LOOKING, PREVIEW_OK, PREVIEW_REFUSED, PREVIEWS };
/*
 * waiting -> built -> swapping -> swapped -> gone. built: whole and checked beside the target,
 * which is untouched. swapping: written before the one act that changes the target (in mode add it
 * may have been done or not). swapped: the target is new. gone: nothing is left beside the target;
 * from any state. Undoing a swap leads back from swapped to built.
 * In mode new built is where it stays until it is switched in.
 */
enum landing { LANDING_WAITING, LANDING_BUILT, LANDING_SWAPPING, LANDING_SWAPPED, LANDING_GONE,
	LANDINGS };
/* Of a new service: in use, or beside what is. NONE: not new, or halfway between. */
enum restore_turn { TURN_NONE, TURN_IN, TURN_OUT, TURNS };
/* Until when a new service is kept: 31 December 9999, for it has no end of its own. */
#define RESTORE_ALWAYS INT64_C(253402300799000)

const char *restore_mode_name(enum restore_mode mode);
const char *restore_state_name(enum restore_state state);
const char *restore_preview_name(enum restore_preview preview);
const char *restore_landing_name(enum landing landing);
const char *restore_turn_name(enum restore_turn turn);   /* "" for none */
MUST_USE bool restore_mode_parse(enum restore_mode *ret, const char *name);
MUST_USE bool restore_state_parse(enum restore_state *ret, const char *name);
MUST_USE bool restore_preview_parse(enum restore_preview *ret, const char *name);
MUST_USE bool restore_landing_parse(enum landing *ret, const char *name);
MUST_USE bool restore_turn_parse(enum restore_turn *ret, const char *name);
bool restore_may_go(enum restore_state from, enum restore_state to);

struct restore {
	int64_t id;
	const char *uuid;
	int64_t backup, environment;  /* from, and into which environment */
	enum restore_mode mode;
	enum restore_state state;
	int64_t requested_by;
	const char *requested_name;   /* e-mail, or "system" */
	int64_t created_at;
	enum restore_preview preview;
	const char *preview_text;     /* why it was refused, with what to do; else "" */
	int64_t previewed_at;
	int64_t confirmed_at;
	bool safety, hooks, owners, real_data;
	int64_t safety_backup;        /* 0: none */
	int64_t job, undo_job;        /* the latest restore (or preview) and undo job; 0: none */
	int64_t started_at, finished_at, undo_until, undone_at, tidied_at;
	/* Since when it is the target's content; 0: it is not. Of an addition that failed: since
	 * when some of it may be there. */
	int64_t landed_at;
	enum restore_turn wanted;     /* which way the last switch was to go */
	bool hook_due;
	int64_t warnings;
	const char *error;            /* NULL when none */
	/* For pages. */
	const char *project_slug, *environment_slug;                 /* the target's */
	const char *source_project_slug, *source_environment_slug;   /* the backup's */
	int64_t backup_at;            /* when the backup was made */
	const char *contents;         /* slugs of the target services: "database, media" */
	/* Which code ran beside the data, and which ran in the target when it was looked at; "":
	 * nobody said. */
	const char *backup_code, *code;
};

/* One part of the backup on its way into one service. */
struct restore_part {
	int64_t id, restore, part, service, revision;
	int64_t made;                 /* mode new: the service that was made for it; 0: none yet */
	const char *choice;           /* paths or tables, one per line; "" is the whole part */
	enum landing state;
	const char *tag, *mark;       /* mark: where it was built, and what the driver calls it */
	int64_t kept_bytes;
	int64_t target_bytes;         /* -1: there was no target when it was looked at */
	int64_t needs_bytes, has_bytes, added, changed, removed;
	const char *refusal;          /* why this part cannot land there; "" when it can */
	int64_t duration_ms;
	/* For pages. */
	const char *source_slug, *source_name, *engine;   /* of the backup's part */
	const char *target_slug, *target_name;
	int64_t raw_bytes, items, taken_at;               /* of the backup's part */
	int64_t target_backed_up;     /* when the target's newest good backup was taken; 0: none */
};

/*
 * An undo from the safety backup keeps its journal in the same row, by a tag of its own: the
 * restore's with this letter behind it, which no other tag ends in. Then the states are those of
 * what comes from the safety backup, and whether the restore is done or undone decides of it.
 */
#define RESTORE_UNDO_TAG "u"
bool restore_part_undoing(const struct restore_part *part);
char *restore_part_undo_tag(struct arena *a, const struct restore_part *part);
/* The restore's own, also while it is undone. */
char *restore_part_own_tag(struct arena *a, const struct restore_part *part);

/* The look found that the target is not there: it will be made, and nothing of it can be saved. */
bool restore_part_is_absent(const struct restore_part *part);
/* All swapped: in; all built: out; else none. */
enum restore_turn restore_turn_of(const struct restore_part *parts, size_t count);

#endif
