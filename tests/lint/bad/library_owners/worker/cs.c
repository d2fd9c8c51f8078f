/* cs.c: renders where nothing is rendered. */
#include <ClearSilver.h>
