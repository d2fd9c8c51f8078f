/* up.c: includes an upper floor. */
#include "lib/util/fine.h"
