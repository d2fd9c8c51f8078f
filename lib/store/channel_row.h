/* channel_row.h: which channels a level has itself; only for lib/store. */
#ifndef LIB_STORE_CHANNEL_ROW_H
#define LIB_STORE_CHANNEL_ROW_H

/* Is `c` a channel of this level and owner (parameters of the statement)? */
#define CHANNEL_AT(level, owner) \
	"CASE " level " WHEN 'environment' THEN c.environment=" owner " WHEN 'project' THEN" \
	" c.project=" owner " AND c.environment IS NULL ELSE c.project IS NULL END"

#endif
