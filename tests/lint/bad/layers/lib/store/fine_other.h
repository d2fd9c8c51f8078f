/* fine_other.h: the way back. */
#include "lib/store/circle.h"
