/* ballast.h: a little room kept back on the catalogue's disk.
 *
 * When the disk is full the catalogue cannot even say so. Giving the ballast up makes room for the
 * few pages that the end of a job needs; it is laid down again when there is room enough.
 */
#ifndef WORKER_JOB_BALLAST_H
#define WORKER_JOB_BALLAST_H

#include "lib/util/conf.h"

/* Lay it down unless it is there; does nothing while less than four times its size is free. */
void ballast_keep(const struct conf *conf);
/* Give the room back. */
void ballast_drop(const struct conf *conf);

#endif
