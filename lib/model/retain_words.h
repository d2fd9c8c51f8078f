/* retain_words.h: what retain.h decides, in sentences for people.
 *
 * A date "goes after 19 Dec 2026" is the last whole local day on which the backup is there.
 */
#ifndef LIB_MODEL_RETAIN_WORDS_H
#define LIB_MODEL_RETAIN_WORDS_H

#include "lib/base/arena.h"
#include "lib/model/retain.h"

/* One of the reasons: what to tell first. WHYS when it goes. */
enum retain_why retain_words_main(const struct retain_verdict *v);

/* "Kept as the weekly backup of week 47; goes after 19 Dec 2026", "Kept", "Newest good backup of
 * database", "Goes tonight: older than 30 days". `i` is its place in the question. */
char *retain_words_row(struct arena *a, const struct retain_ask *ask, size_t i,
    const struct retain_verdict *v);

/* The same in a few words, for a list: "Kept as daily until 4 Dec", "Goes tonight". */
char *retain_words_short(struct arena *a, const struct retain_ask *ask, size_t i,
    const struct retain_verdict *v);

/* The word of a reason in the API and the logs: "weekly", "newest-good". */
const char *retain_words_why(enum retain_why why);

#endif
