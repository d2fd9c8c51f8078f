/* accounts.h: who may sign in, sessions, and the brake on guessing. */
#ifndef LIB_STORE_ACCOUNTS_H
#define LIB_STORE_ACCOUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/model/right.h"
#include "lib/store/db.h"

MUST_USE int accounts_count(int64_t *ret, struct db *db, struct err *e);
/* ERR_CONFLICT when the e-mail is taken. Sets ret->id. */
MUST_USE int accounts_add(struct account *account, struct db *db, struct err *e);
/* ERR_NOT_FOUND when nobody has it. E-mails compare without regard to ASCII case. */
MUST_USE int accounts_by_email(struct account *ret, struct arena *a, struct db *db,
    const char *email, struct err *e);
MUST_USE int accounts_by_id(struct account *ret, struct arena *a, struct db *db, int64_t id,
    struct err *e);

/* The first account, once and only once: ERR_CONFLICT when one exists already,
 * ERR_DENIED when code_hash is not the one in the settings. Removes the code. */
MUST_USE int accounts_set_up(struct account *account, struct db *db, const char *code_hash,
    struct err *e);

struct session {
	struct account account;
	const char *csrf;          /* what every form of this session carries */
	int64_t created_at, seen_at, auth_at;
};
/* `id_hash` is the hex SHA-256 of the cookie's value; the value itself never gets here. */
MUST_USE int sessions_add(struct db *db, const char *id_hash, int64_t account, const char *csrf,
    const char *address, struct err *e);
/* Finds a living session and marks it as seen (at most once a minute). ERR_NOT_FOUND when it is
 * unknown, idle for longer than idle_ms, older than life_ms, or its account is disabled. */
struct session_limits {
	int64_t idle_ms, life_ms;
};
MUST_USE int sessions_find(struct session *ret, struct arena *a, struct db *db, const char *id_hash,
    const struct session_limits *limits, struct err *e);
/* The password was given again just now: auth_at. */
MUST_USE int sessions_renew(struct db *db, const char *id_hash, struct err *e);
MUST_USE int sessions_remove(struct db *db, const char *id_hash, struct err *e);
MUST_USE int sessions_sweep(struct db *db, const struct session_limits *limits, struct err *e);

/*
 * The brake: five free tries per name ("account:a@x", "address:127.0.0.1"), then each
 * further failure doubles the wait from 1 s up to 15 min; an hour of peace forgets all.
 * throttle_wait gives the milliseconds still to wait (0: go on); throttle_failed counts one.
 */
MUST_USE int throttle_wait(int64_t *ret, struct db *db, const char *name, struct err *e);
MUST_USE int throttle_failed(struct db *db, const char *name, struct err *e);
MUST_USE int throttle_clear(struct db *db, const char *name, struct err *e);

#endif
