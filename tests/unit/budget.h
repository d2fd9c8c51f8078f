/* budget.h: how often a test strikes: `most` times, or as often as there is time for on this
 * machine, but never fewer than `least`. With ALL=1 in the environment always `most`. */
#ifndef TESTS_UNIT_BUDGET_H
#define TESTS_UNIT_BUDGET_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "lib/base/clock.h"

struct budget {
	int most, least;
	int64_t until;
};

static inline struct budget
budget_of(int most, int least, int64_t seconds)
{
	return (struct budget){ most, getenv("ALL") != NULL ? most : least,
		clock_mono() + 1000 * seconds };
}

static inline bool
budget_wants(const struct budget *b, int done)
{
	return done < b->least || (done < b->most && clock_mono() < b->until);
}

#endif
