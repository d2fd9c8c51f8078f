/* projects.h: projects, environments and services; storages. */
#ifndef LIB_STORE_PROJECTS_H
#define LIB_STORE_PROJECTS_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/model/project.h"
#include "lib/store/db.h"

/* A slug that is taken is ERR_CONFLICT ("shop is taken"); what does not exist is ERR_NOT_FOUND.
 * add sets id and created_at of what it is given (read it again for the uuid); list results live in
 * the arena. A hook, watchers or landing rule that is NULL is stored as "", a hook's limit of 0 as
 * five minutes. */

MUST_USE int projects_add(struct project *p, struct db *db, struct err *e);
MUST_USE int projects_update(const struct project *p, struct db *db,
    struct err *e); /* slug, name, owners by id */
MUST_USE int projects_by_slug(struct project *ret, struct arena *a, struct db *db, const char *slug,
    struct err *e);
MUST_USE int projects_list(struct project **ret, size_t *count, struct arena *a, struct db *db,
    struct err *e);

MUST_USE int environments_add(struct environment *v, struct db *db, struct err *e);
MUST_USE int environments_update(const struct environment *v, struct db *db,
    struct err *e); /* slug, name, kind, paused, hooks, watchers */
MUST_USE int environments_by_slug(struct environment *ret, struct arena *a, struct db *db,
    const char *project, const char *slug, struct err *e);
MUST_USE int environments_by_id(struct environment *ret, struct arena *a, struct db *db, int64_t id,
    struct err *e);
/* Of one project, or of all when project is 0; live ones first. */
MUST_USE int environments_list(struct environment **ret, size_t *count, struct arena *a,
    struct db *db, int64_t project, struct err *e);

/* Here, and wherever something sealed is written: when the catalogue has another key by now than
 * s->sealed_for, nothing is written and ERR_BUSY. */
MUST_USE int services_add(struct service *s, struct db *db, struct err *e);
/* Name, slug, settings, landing rules and (unless sealed is NULL) the secret. The row must still
 * have s->revision, else ERR_CONFLICT; raises the revision and sets check_state to untested. */
MUST_USE int services_update(const struct service *s, struct db *db, struct err *e);
/* by slug and list: without those that were removed. */
MUST_USE int services_by_slug(struct service *ret, struct arena *a, struct db *db,
    const struct environment *v, const char *slug, struct err *e);
/* Also one that was removed. */
MUST_USE int services_by_id(struct service *ret, struct arena *a, struct db *db, int64_t id,
    struct err *e);
MUST_USE int services_list(struct service **ret, size_t *count, struct arena *a, struct db *db,
    int64_t environment, struct err *e);
/* What a connection test found; dropped when the revision has moved on. state: ok or failed. */
MUST_USE int services_set_check(struct db *db, int64_t service, int64_t revision, const char *state,
    const char *text, struct err *e);

/* Adds the storage, or finds the one of that slug and lets it lie at s->path from now on. Sets
 * s->id. */
MUST_USE int storages_ensure(struct storage *s, struct db *db, struct err *e);
/* Sets id and created_at. It is encrypted once the instance has keys. A slug that is taken is
 * ERR_CONFLICT. */
MUST_USE int storages_add(struct storage *s, struct db *db, struct err *e);
/* All but slug and kind; sealed NULL keeps the secret. The row must still have s->revision, else
 * ERR_CONFLICT; raises the revision and forgets what a test found. */
MUST_USE int storages_update(const struct storage *s, struct db *db, struct err *e);
/* test_text and test_warning; dropped when the revision has moved on. */
MUST_USE int storages_set_test(struct db *db, const struct storage *s, struct err *e);
/* The key that its server has shown, as "SHA256:…", to be confirmed; "": the confirmed one. */
MUST_USE int storages_meet(struct db *db, const struct storage *s, const char *host_key,
    struct err *e);
/* Somebody has compared it. ERR_CONFLICT: it is not the one that was met last. */
MUST_USE int storages_trust(struct db *db, const struct storage *s, const char *host_key,
    struct err *e);
/* Takes it off the lists and forgets its secret; what lies in it stays. ERR_CONFLICT with the
 * number: backups lie in it, or a policy chooses it; or it is the only one. */
MUST_USE int storages_remove(struct db *db, const struct storage *s, struct err *e);
MUST_USE int storages_by_slug(struct storage *ret, struct arena *a, struct db *db,
    const char *slug, struct err *e);
/* Also one that was removed. Without used_bytes, which only the list sums up. */
MUST_USE int storages_by_id(struct storage *ret, struct arena *a, struct db *db, int64_t id,
    struct err *e);
/* Whether backups from now on are encrypted there; those that are made stay as they are. */
MUST_USE int storages_set_encrypted(struct db *db, int64_t id, bool encrypted, struct err *e);
MUST_USE int storages_list(struct storage **ret, size_t *count, struct arena *a, struct db *db,
    struct err *e);

#endif
