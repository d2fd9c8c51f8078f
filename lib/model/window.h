/* window.h: the hours of a day in which an application may be held. Pure. */
#ifndef LIB_MODEL_WINDOW_H
#define LIB_MODEL_WINDOW_H

#include <stdint.h>

#include "lib/model/zone.h"

/* Begin (included) and end (not included) as minutes of the local day, from != until; one that ends
 * before it begins goes past midnight. */
struct window {
	int from, until;
};

/* `at` itself when it lies within; else the instant at which the window opens next. An opening that
 * the clocks skip is right after the change, one that comes twice is the first. */
int64_t window_opens(const struct window *w, const struct zone *z, int64_t at);

#endif
