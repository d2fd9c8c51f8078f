/* channels.h: where notices go: of an environment, a project, or the instance. */
#ifndef LIB_STORE_CHANNELS_H
#define LIB_STORE_CHANNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/model/notice.h"
#include "lib/store/db.h"
#include "lib/store/outbox.h"
#include "lib/store/policies.h"

struct channel {
	int64_t id;
	const char *uuid;
	int64_t project;              /* 0: of the instance, told of every project */
	int64_t environment;          /* of one environment of that project; 0: of all in it */
	enum channel_kind kind;
	const char *name;
	const char *target;           /* what may be shown; of mail the address itself */
	const void *sealed;           /* to the worker's key: the URL, and behind a line end what
	                                 signs or opens; NULL of mail */
	size_t sealed_size;
	const char *sealed_for;       /* the public key, of what was sealed just now; else NULL */
	bool enabled;
	int64_t confirmed_at, asked_at;   /* of mail: nothing is sent before it is confirmed */
	int64_t revision, created_at;
	notice_set events;
};

/* Sets c->id. A mail address that an account has is confirmed by that. ERR_BUSY, of both: the
 * catalogue has another key by now than c->sealed_for, nothing was written. */
MUST_USE int channels_add(struct channel *c, struct db *db, struct err *e);
/* Name, target, secret (unless sealed is NULL) and events of c->id; ERR_CONFLICT when the row has
 * another revision than c->revision. */
MUST_USE int channels_update(const struct channel *c, struct db *db, struct err *e);
MUST_USE int channels_enable(struct db *db, int64_t id, bool enabled, struct err *e);
/* What waits for it is given up. */
MUST_USE int channels_remove(struct db *db, int64_t id, struct err *e);

/* ERR_NOT_FOUND also for one that was removed. */
MUST_USE int channels_by_id(struct channel *ret, struct arena *a, struct db *db, int64_t id,
    struct err *e);
/* Those that a level has itself; oldest first. */
MUST_USE int channels_list(struct channel **ret, size_t *count, struct arena *a, struct db *db,
    const struct policy_place *at, struct err *e);
/* Who may be told about something in this environment (0: the instance alone), of its own, its
 * project's and the instance's: enabled, if mail confirmed, and not switched off for it. */
MUST_USE int channels_listening(struct channel **ret, size_t *count, struct arena *a,
    struct db *db, int64_t environment, struct err *e);
/* Who was told of something (`source` of a notice) and can still be: enabled, if mail confirmed,
 * also when it was switched off there since. */
MUST_USE int channels_told(struct channel **ret, size_t *count, struct arena *a, struct db *db,
    const char *source, struct err *e);
/* Checks whose last news of backups of this environment is that one failed, told here now or
 * not. */
MUST_USE int channels_alarmed(struct channel **ret, size_t *count, struct arena *a, struct db *db,
    int64_t environment, struct err *e);

/* -- what a level says of channels from above -- */

enum channel_say { CHANNEL_UNSAID, CHANNEL_TOLD, CHANNEL_NOT_HERE };

struct channel_above {
	struct channel channel;
	enum policy_level from;       /* whose it is */
	enum channel_say own;         /* what this level says itself */
	enum channel_say inherited;   /* what would hold without it: told or not */
	enum policy_level said;       /* who says that: the project, or `from` */
};
/* Those above a level, the instance's first; of the instance none. Off ones are among them. */
MUST_USE int channels_above(struct channel_above **ret, size_t *count, struct arena *a,
    struct db *db, const struct policy_place *at, struct err *e);
/* CHANNEL_UNSAID: as inherited. *changed is false, and who said it when stays, if the level says
 * just that already; `changed` may be NULL. ERR_NOT_FOUND when the channel is not above that level.
 * by 0: the system. */
struct channel_saying {
	int64_t channel, by;
	enum channel_say say;
};
MUST_USE int channels_say(bool *changed, struct db *db, const struct policy_place *at,
    const struct channel_saying *what, struct err *e);

/* Where below a level one of its channels is switched off, or on again below that. */
struct channel_off {
	int64_t channel;
	const char *place;            /* "shop", "shop/live" */
	const char *path;             /* its address: "/p/shop", "/p/shop/live" */
	bool told;                    /* in an environment, though not in its project */
	int64_t since;
	const char *by;               /* who said it; "" the system */
};
/* Of all channels that a level has itself (channel 0), or of one of them; by place. */
MUST_USE int channels_off_below(struct channel_off **ret, size_t *count, struct arena *a,
    struct db *db, const struct policy_place *at, int64_t channel, struct err *e);

/* -- confirming an address -- */

enum { CHANNELS_ASK_DAYS = 7 };
/* Mail channels that have to be asked and were not. */
MUST_USE int channels_unasked(struct channel **ret, size_t *count, struct arena *a, struct db *db,
    struct err *e);
/* The question goes into the outbox, and the hash of the token in it to the channel, both or none:
 * none when it was asked meanwhile, or has another address by now. */
MUST_USE int channels_ask(struct db *db, int64_t id, const char *hash,
    const struct outbox_mail *question, struct err *e);
/* Ask once more: an older link dies. *asked is false, and all stays as it is, when the last
 * question is not CHANNELS_ASK_AGAIN_MS old or waits to be sent: nobody's mailbox is filled. */
enum { CHANNELS_ASK_AGAIN_MS = 5 * 60 * 1000 };
MUST_USE int channels_ask_again(bool *asked, struct db *db, int64_t id, struct err *e);
/* Whose question carries this token. ERR_NOT_FOUND: nobody's, or older than seven days. */
MUST_USE int channels_by_token(struct channel *ret, struct arena *a, struct db *db,
    const char *hash, struct err *e);
MUST_USE int channels_confirm(struct db *db, const char *hash, struct err *e);

#endif
