/* regain.h: the rows of backups made again from what their sidecars say.
 *
 * Only what is missing is added: projects, environments, services, backups with their parts. Rows
 * that are there stay as they are, and what differs is told. Everything is one transaction.
 */
#ifndef LIB_STORE_REGAIN_H
#define LIB_STORE_REGAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/model/backup.h"
#include "lib/model/project.h"
#include "lib/store/db.h"
#include "lib/store/findings.h"

/* No rule deletes what was taken up before so many days: the rules of the old catalogue, and what
 * was marked, are not in a storage. */
enum { REGAIN_STAYS_DAYS = 7 };

enum regain_fate { REGAIN_TAKEN, REGAIN_THERE, REGAIN_DIFFERS, REGAIN_REFUSED,
	REGAIN_FATES };

/* The service of a part, as it was when the backup was taken. */
struct regain_service {
	const char *uuid;
	enum engine engine;
	struct service_settings settings;
	const struct table_count *tables;   /* of the part */
	size_t table_count;
};

struct regain_backup {
	/* All that a sidecar says, with project_slug and environment_slug; its health; the sizes
	 * and the contents are found from the parts. */
	struct backup row;
	const char *project_uuid;     /* "": nobody knows, the project of the slug is meant */
	const char *project_name, *environment_uuid, *environment_name;
	enum environment_kind kind;
	const struct part *parts;
	const struct regain_service *services;   /* of each part */
	size_t part_count;
	const struct finding *findings;           /* what of it is missing or damaged */
	size_t finding_count;
	/* what became of it */
	enum regain_fate fate;
	const char *why;              /* of DIFFERS and REFUSED */
};

struct regain_texts {
	const char **items;
	size_t count, capacity;
};
void regain_tell(struct regain_texts *to, struct arena *a, const char *fmt, ...) PRINTF(3, 4);

struct regain {
	struct arena *arena;
	struct storage storage;       /* id 0: it is added */
	const char *adopt;            /* the instance that this catalogue becomes; NULL: it stays */
	bool dry;                     /* everything is found out, nothing is kept */
	struct regain_backup *backups;   /* in the order of their numbers */
	size_t count;
	/* what came of it, as sentences or names for people */
	struct regain_texts differs;     /* of projects, environments and services */
	struct regain_texts secrets;     /* services that were made and have no password */
	struct regain_texts unplanned;   /* environments that were made and have no schedule */
};

/* ERR_CONFLICT: the catalogue has backups of its own, so it cannot become another instance. */
MUST_USE int regain_may_adopt(struct db *db, struct err *e);

/* On failure nothing has changed. */
MUST_USE int regain_write(struct regain *r, struct db *db, struct err *e);

#endif
