/* relative.c: not written from the root. */
#include "fine.h"
