/* address.h: where a service leads, kept in front of the mark of a part that was built for it.
 *
 * A part's row holds "at {settings}\n" and then the driver's own mark. Only what says where is in
 * it: names, passwords and rules may change while a restore is under way, the place may not.
 */
#ifndef WORKER_JOB_ADDRESS_H
#define WORKER_JOB_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/arena.h"
#include "lib/model/project.h"

/* The line for a service as it is now. */
const char *address_line(struct arena *a, const struct service *s);
/* How long the line in front of a mark is; 0 when there is none, as before a part is built. */
size_t address_size(const char *mark);
/* Whether the service leads where that line says. */
bool address_same(struct arena *a, const struct service *s, const char *mark);
/* For people: "database shop on db.example.org"; where the mark has no line, "where it led". */
const char *address_words(struct arena *a, enum engine engine, const char *mark);

#endif
