/* aged.h: objects whose key ends in .age: encrypted above the drivers, so that no driver and no
 * reader knows of it. Only worker/dest includes it; dest.h says what it looks like from outside. */
#ifndef WORKER_DEST_AGED_H
#define WORKER_DEST_AGED_H

#include "worker/dest/driver.h"

MUST_USE int aged_begin(struct upload **ret, struct dest *d, const char *key, int64_t fence,
    struct err *e);
/* Writes what is still held back; nothing may be written after it. *ret is left alone unless this
 * upload is encrypted. */
MUST_USE int aged_end(struct upload_stored *ret, struct upload *up, struct err *e);
MUST_USE int aged_open(struct object **ret, int64_t *bytes, struct dest *d,
    const struct stored_object *promised, struct err *e);
/* False: it is not encrypted, or was not read in order to its end. */
MUST_USE bool aged_stored(struct upload_stored *ret, struct object *o);
bool aged_is_object(const struct object *o);
int64_t aged_lies(const struct object *o);   /* of one that is */
/* Wipes the file keys that are remembered. */
void aged_forget(struct dest *d);

#endif
