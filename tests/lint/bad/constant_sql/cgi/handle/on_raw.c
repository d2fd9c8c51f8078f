/* on_raw.c: SQL where none belongs. */
static const char raw[] = "DELETE FROM job";
