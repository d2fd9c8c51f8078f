/* s3_rules.h: what a bucket does by itself with what nobody ends. */
#ifndef WORKER_DEST_S3_RULES_H
#define WORKER_DEST_S3_RULES_H

#include "lib/util/s3.h"

/* Whoever has no rule that aborts uploads below our prefix pays for what a broken one has left: a
 * sentence without its stop that says so. "": there is one, or the service knows no rules, does not
 * let us see them, or says something else. Asks only; the rules are their owner's. */
const char *s3_rules_advice(struct s3 *s);

#endif
