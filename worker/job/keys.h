/* keys.h: the keys of this instance as a job needs them: who can open what it stores, what opens
 * what it reads, and what signs. The public halves stand in the catalogue, the secret ones in
 * <home>/keys; to make a backup only the public ones and the signing key are needed. */
#ifndef WORKER_JOB_KEYS_H
#define WORKER_JOB_KEYS_H

#include "worker/job/plan.h"

/* For dest_use_keys(); lives in the arena. `needed`: the recipients of what is read, "" for what is
 * written. An instance without keys still reads what the files in its folder open. */
MUST_USE int keys_load(struct dest_keys **ret, struct plan *p, const char *needed, struct err *e);
/* The recipients as the catalogue keeps them: divided by spaces. */
char *keys_recipients(struct arena *a, const struct dest_keys *keys);
/* Where the secret signing key lies. */
char *keys_sign_file(struct arena *a, const struct conf *conf);

#endif
