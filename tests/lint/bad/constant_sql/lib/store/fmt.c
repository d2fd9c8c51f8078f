/* fmt.c: a value goes into the text of a statement. */
static const char fmt_sql[] = "SELECT id FROM job WHERE slug = '%s'";
