/* backup.h: one act of backing up an environment, and its parts, one per service. */
#ifndef LIB_MODEL_BACKUP_H
#define LIB_MODEL_BACKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/attr.h"

/* building -> ready -> trashed -> deleted, ready <- trashed; building -> failed -> trashed. */
enum backup_state {
	BACKUP_BUILDING,
	BACKUP_READY,
	BACKUP_FAILED,
	BACKUP_TRASHED,
	BACKUP_DELETED,
	BACKUP_STATES
};
enum backup_kind {
	BACKUP_SCHEDULED,
	BACKUP_ON_DEMAND,
	BACKUP_SAFETY,                /* of a target, before a restore into it */
	BACKUP_UPLOADED,
	BACKUP_KINDS
};
/* What a later look at the stored bytes found. */
enum backup_health { HEALTH_UNKNOWN, HEALTH_GOOD, HEALTH_DAMAGED, HEALTH_MISSING, HEALTHS };

const char *backup_state_name(enum backup_state state);
const char *backup_kind_name(enum backup_kind kind);        /* "scheduled", "on-demand" */
const char *backup_health_name(enum backup_health health);
MUST_USE bool backup_state_parse(enum backup_state *ret, const char *name);
MUST_USE bool backup_kind_parse(enum backup_kind *ret, const char *name);
MUST_USE bool backup_health_parse(enum backup_health *ret, const char *name);
bool backup_may_go(enum backup_state from, enum backup_state to);

/* live: as it goes on. consistent: the application is held while all parts are read. */
enum backup_mode { MODE_LIVE, MODE_CONSISTENT, BACKUP_MODES };
const char *backup_mode_name(enum backup_mode mode);
MUST_USE bool backup_mode_parse(enum backup_mode *ret, const char *name);

enum { SHA256_HEX_SIZE = 65 };

/* One object in a storage and what it must hash to. Empty key: there is none. */
struct stored_object {
	const char *key;          /* path below the storage's root */
	int64_t raw_bytes, stored_bytes;
	/* Hex; "" until known. A pack may have none over its raw bytes: its files have theirs. */
	const char *raw_sha256, *stored_sha256;
	/* Of an encrypted pack: over its first bytes as they lie, the header of age and the nonce
	 * behind it. NULL or "": none was noted. */
	const char *front_sha256;
};

/* A pack that the part needs beside `data`: a further one of its own, or one that an older backup
 * stored. */
struct part_pack {
	struct stored_object object;
	int64_t live_bytes;           /* how many of its raw bytes the part needs */
	int64_t read_at;              /* when it was last read to its end, 0: not for this part */
};

/* What one service of an environment gave to one backup. */
struct part {
	int64_t id, backup, service;
	const char *uuid;
	const char *service_slug, *service_name, *engine;   /* as they were then */
	const char *state;            /* building, ready, failed */
	const char *format;           /* pg-custom, sqlite, tar */
	const char *engine_version;   /* of the server, "" when it has none */
	const char *tool;             /* "pg_dump (PostgreSQL) 15.20" */
	struct stored_object data, manifest;   /* manifest only for files */
	int64_t whole_bytes;          /* of all its content: more than data has if it needs packs */
	struct part_pack *packs;      /* further ones of its own, and of older backups */
	size_t pack_count;
	int64_t items;                /* files in the archive; 0 for databases */
	int64_t warnings;
	int64_t taken_at, finished_at;   /* when reading began and the part was proven */
	int64_t verified_at;          /* when its stored bytes were last read to their end */
};

/* "" where there is none. */
const char *backup_front(const struct stored_object *o);

/* What a person is told of its size: all its content, whoever stored it. */
int64_t backup_part_bytes(const struct part *p);

/* Whether an object of a backup can lie under this key, "shop/live/media/<uuid>-2.tar.zst.age",
 * which neither a sidecar, nor what stands beside an object, nor what is of the storage can. */
bool backup_is_object(const char *key);

/* What it has stored itself lies in one pack or in several, which have numbers: 1 is `data`, and
 * the key of any other is that of `data` with "-2", "-3" … before its ending. 0: the key is of none
 * of them. */
int64_t backup_own_pack(const struct part *p, const char *key);
/* By its number; NULL: there are not so many. */
const struct stored_object *backup_own(const struct part *p, int64_t number);
/* All of its own: as one tar, and as they lie. */
int64_t backup_own_raw(const struct part *p);
int64_t backup_own_stored(const struct part *p);
/* Whether there is nothing else: then its own packs, one behind the other, are one tar of all. */
bool backup_is_plain(const struct part *p);

/* Rows of one table, as counted in the moment that a dump shows. */
struct table_count {
	const char *name;             /* postgresql: schema.table; sqlite: table */
	int64_t rows;                 /* -1: the table is not there */
};

struct backup {
	int64_t id;
	const char *uuid;
	int64_t environment, storage, job;
	enum backup_kind kind;
	enum backup_state state;
	enum backup_health health;
	const char *note;             /* "" when none */
	bool keep;                    /* never deleted by a policy */
	int64_t keep_until;           /* nor before this instant; 0: none */
	enum backup_mode mode;
	int64_t frozen_ms;            /* how long the application was held for it */
	const char *code;             /* what the environment ran, "": nobody said */
	int64_t schedule;             /* which asked for it; 0: none */
	const char *suspicion;        /* why nobody should trust it, "": nothing is known */
	const char *trashed_why;      /* the policy's reason; "": a person put it there */
	int64_t requested_by;
	const char *requested_name;   /* an e-mail, or "system" */
	int64_t rebuilt_at;           /* its row was made from its sidecar; 0: a job made it */
	int64_t created_at, started_at, finished_at, verified_at, trashed_at;
	int64_t raw_bytes, stored_bytes, warnings;
	const char *error;            /* NULL when none */
	int64_t tested_at;            /* of the last test restore, 0: never */
	const char *test_state;       /* "", equal, differs, failed */
	const char *test_text;        /* what it found, for people */
	const char *sidecar_key, *sidecar_sha256;
	const char *recipients;       /* age1…, divided by spaces: who can open it; "" : it is not
	                                 encrypted */
	const char *signed_by;        /* the number of the key that signed it; "" : it is not */
	const char *contents;         /* "database, media": service slugs, for lists */
	const char *project_slug, *environment_slug, *storage_slug;
	int64_t copies_good;          /* in other storages, from which it can be read */
	int64_t copies_bad;           /* that failed, or are damaged or missing */
};

/* Whether none of its places can be read, as far as is known. */
bool backup_is_lost(const struct backup *b);

#endif
