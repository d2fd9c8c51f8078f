/* sidecar_read.h: a sidecar read again, without a catalogue. docs/format.md has its words. */
#ifndef WORKER_JOB_SIDECAR_READ_H
#define WORKER_JOB_SIDECAR_READ_H

#include <stddef.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/model/backup.h"

/* What only a catalogue needs of a part. What a sidecar does not say is "" here, and in
 * struct sidecar_row. */
struct sidecar_part {
	const char *service_uuid;
	const char *settings;         /* of the service, as JSON, without its secret */
	struct table_count *tables;
	size_t table_count;
};

/* What only a catalogue needs of a backup. */
struct sidecar_row {
	const char *kind, *mode, *code;
	const char *requested_by;     /* an e-mail, or "system" */
	int64_t started_at, held_ms;
	const char *recipients, *signed_by;   /* as struct backup has them */
	const char *project_uuid, *project_name;
	const char *environment_uuid, *environment_name, *environment_kind;
	struct sidecar_part *parts;   /* as many as the backup has, in the same order */
};

/* What a person needs to know of a backup, and where its bytes lie. */
struct sidecar_read {
	int64_t number, created_at;
	const char *uuid, *project, *environment, *note;
	const char *instance;         /* that made it; "" when it does not say */
	const char *recipient;        /* the first public key it is encrypted to; "": it is not */
	struct part *parts;           /* id, backup and service are 0 */
	size_t part_count;
	struct sidecar_row row;
};

/* ERR_DAMAGED: this is no sidecar, or something in it is missing or of the wrong kind. ERR_INPUT:
 * it was written by a newer version. The result lives in the arena. */
MUST_USE int sidecar_read(struct sidecar_read *ret, struct arena *a, const char *text, size_t n,
    struct err *e);

#endif
