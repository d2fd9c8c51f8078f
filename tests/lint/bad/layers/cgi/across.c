/* across.c: the web includes the worker. */
#include "worker/job/fine.h"
