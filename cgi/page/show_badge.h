/* show_badge.h: how safe an environment is, as a small picture and as JSON. */
#ifndef CGI_PAGE_SHOW_BADGE_H
#define CGI_PAGE_SHOW_BADGE_H

#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/store/stats.h"

/* Both are appended. They tell the state and how old the newest good backup is, and name nothing.
 */
void show_badge_svg(struct buf *out, const struct stats_row *r, int64_t now);
/* As shields.io reads it (schemaVersion 1). */
void show_badge_json(struct buf *out, const struct stats_row *r, int64_t now);

#endif
