/* circle.h: includes itself through another. */
#include "lib/store/fine_other.h"
