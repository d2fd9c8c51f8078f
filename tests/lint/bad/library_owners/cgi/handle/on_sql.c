/* on_sql.c: reaches around the store. */
#include <sqlite3.h>
