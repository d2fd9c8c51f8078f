/* fast.c: a second FastCGI. */
#include <fcgiapp.h>
